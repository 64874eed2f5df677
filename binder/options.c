/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "binder/options.h"

#include <getopt.h>
#include <stdio.h>

#include "lib/file.h"
#include "lib/log.h"
#include "lib/parse.h"
#include "lib/root.h"

enum option_index {
	OPTION_ROOT,
	OPTION_POLICY,
	OPTION_DEADLINE,
	OPTION_DEVICE,
	OPTION_UDEV,
	OPTION_QUIET,
	OPTION_OPEN,
	OPTION_ALLOW,
	OPTION_ALL,
	OPTION_LIST,
	OPTION_EXPLAIN,
	OPTION_OUTPUT,
	OPTION_BOOSTER,
	OPTION_KERNEL,
	OPTION_ASK,
	OPTION_NEEDS,
	OPTION_GRAPH,
	OPTION_HOSTDEV,
	OPTION_JSON,
	OPTION_VERBOSE,
	OPTION_HELP,
	OPTION_VERSION,
	N_OPTIONS,
};

/* What getopt_long() returns for an option: above all letters. */
#define OPTION_BASE 256

static const struct {
	const char *name, *value, *help;
	char letter;        /* 0 if it has none */
	unsigned int takes; /* only for commands that take this; 0: for all */
} specs[N_OPTIONS] = {
	[OPTION_ROOT] = { "root", "DIR", "look at this directory instead of /", 0, 0 },
	[OPTION_POLICY] = { "policy", "FILE", "read this policy, without drop-ins", 0, 0 },
	[OPTION_DEADLINE] = { "deadline", "SECONDS", "give up after this time (default 10)", 0, TAKES_DEADLINE },
	[OPTION_DEVICE] = { "device", "ADDRESS", "only this device, as one that has just arrived (plan, apply)", 0,
			    TAKES_DEVICE },
	[OPTION_UDEV] = { "udev", NULL, "print properties for a udev rule (plan --device)", 0, TAKES_UDEV },
	[OPTION_QUIET] = { "quiet", NULL, "leave out what an earlier run of this boot has said (apply)", 0,
			   TAKES_QUIET },
	[OPTION_ALLOW] = { "allow", "GUARD,...", "waive storage, network, last-input (bind)", 0, TAKES_ALLOW },
	[OPTION_ALL] = { "all", NULL, "all that a VFIO driver has (release)", 0, TAKES_ALL },
	[OPTION_OPEN] = { "even-if-open", NULL, "take a device also if something has it open", 0, TAKES_OPEN },
	[OPTION_LIST] = { "list", NULL, "what belongs in an image, for build hooks (image)", 0, TAKES_IMAGE },
	[OPTION_EXPLAIN] = { "explain", NULL, "what the next boot will do (image)", 0, TAKES_IMAGE },
	[OPTION_OUTPUT] = { "output", "FILE", "write an add-on for any image (image)", 0, TAKES_IMAGE },
	[OPTION_BOOSTER] = { "booster", NULL, "the lines that booster needs (image)", 0, TAKES_IMAGE },
	[OPTION_KERNEL] = { "kernel", "RELEASE", "for this kernel, not the running one (image)", 0, TAKES_IMAGE },
	[OPTION_ASK] = { "ask", NULL, "go through the devices on the terminal (suggest)", 0, TAKES_ASK },
	[OPTION_NEEDS] = { "needs", NULL, "only what the host needs, no identities (record)", 0, TAKES_NEEDS },
	[OPTION_GRAPH] = { "graph", "FORM", "draw the groups: svg or dot (list)", 0, TAKES_LIST },
	[OPTION_HOSTDEV] = { "hostdev", "ADDRESS", "libvirt's XML for this device (list)", 0, TAKES_LIST },
	[OPTION_JSON] = { "json", NULL, "print a JSON document", 0, 0 },
	[OPTION_VERBOSE] = { "verbose", NULL, "say more", 'v', 0 },
	[OPTION_HELP] = { "help", NULL, "print this help", 'h', 0 },
	[OPTION_VERSION] = { "version", NULL, "print the version", 0, 0 },
};

static bool program_takes(const struct program *program, unsigned int takes)
{
	for (const struct command *command = program->commands; command->name != NULL; command++)
		if ((command->takes & takes) == takes)
			return true;
	return false;
}

static void print_help(const struct program *program)
{
	printf("Usage: %s [OPTION...] COMMAND\n\n%s\n\nCommands:\n", program->name, program->purpose);
	for (const struct command *command = program->commands; command->name != NULL; command++)
		printf("  %-8s %s\n", command->name, command->help);
	printf("\nOptions:\n");
	for (size_t i = 0; i < N_OPTIONS; i++) {
		char words[32];

		if (!program_takes(program, specs[i].takes))
			continue;
		snprintf(words, sizeof(words), "%s%.1s%s--%s %s", specs[i].letter != 0 ? "-" : "", &specs[i].letter,
			 specs[i].letter != 0 ? ", " : "", specs[i].name, specs[i].value != NULL ? specs[i].value : "");
		printf("  %-19s %s\n", words, specs[i].help);
	}
	printf("\nExit codes: 0 done or nothing to do, 1 something was refused, failed or absent, 2 wrong usage or\n"
	       "policy, 3 no IOMMU or no vfio-pci. See %s(8) and vfiokit-bind.conf(5).\n",
	       program->name);
}

static int complain(const char *program, const char *what, const char *word)
{
	fprintf(stderr, "%s: %s%s%s%s; nothing was changed, try '%s --help'\n", program, what, word != NULL ? " '" : "",
		word != NULL ? word : "", word != NULL ? "'" : "", program);
	return EXIT_USAGE;
}

/* A letter may stand in a cluster; a long option is the word before the next one. */
static int complain_unknown(const char *program, char **argv)
{
	const char letter[] = { '-', (char)optopt, '\0' };

	return complain(program, "unknown option", optopt > 0 && optopt < OPTION_BASE ? letter : argv[optind - 1]);
}

static int take_deadline(struct options *options, const char *program)
{
	uint64_t seconds;

	if (!parse_number(optarg, 10, DEADLINE_MAX, &seconds) || seconds == 0)
		return complain(program, "--deadline takes whole seconds from 1 to 300, not", optarg);
	options->deadline = (unsigned int)seconds;
	return -1;
}

static int take_device(struct options *options, const char *program)
{
	if (!bdf_parse(optarg, &options->device))
		return complain(program, "--device takes an address such as 0000:03:00.0, not", optarg);
	options->has_device = true;
	return -1;
}

/* What an option without a value switches on; NULL for all others. */
static bool *flag_of(enum option_index option, struct options *options)
{
	switch (option) {
	case OPTION_UDEV:
		return &options->udev;
	case OPTION_QUIET:
		return &options->quiet;
	case OPTION_ALL:
		return &options->all;
	case OPTION_OPEN:
		return &options->even_if_open;
	case OPTION_LIST:
		return &options->list;
	case OPTION_EXPLAIN:
		return &options->explain;
	case OPTION_BOOSTER:
		return &options->booster;
	case OPTION_ASK:
		return &options->ask;
	case OPTION_NEEDS:
		return &options->needs;
	case OPTION_JSON:
		return &options->json;
	case OPTION_VERBOSE:
		return &options->verbose;
	default:
		return NULL;
	}
}

/* What list shall print instead of lines. */
static int take_form(enum option_index option, struct options *options, const char *program)
{
	if (option == OPTION_GRAPH) {
		if (!streq(optarg, "svg") && !streq(optarg, "dot"))
			return complain(program, "--graph takes svg or dot, not", optarg);
		options->graph = optarg;
		return -1;
	}
	if (!bdf_parse(optarg, &options->hostdev))
		return complain(program, "--hostdev takes an address such as 0000:03:00.0, not", optarg);
	options->has_hostdev = true;
	return -1;
}

/* Returns -1 to go on, or the exit code. */
static int take_option(enum option_index option, struct options *options, const struct program *program)
{
	bool *flag = flag_of(option, options);

	if (flag != NULL) {
		*flag = true;
		return -1;
	}
	switch (option) {
	case OPTION_ROOT:
		options->root = optarg;
		return -1;
	case OPTION_POLICY:
		options->policy = optarg;
		return -1;
	case OPTION_DEADLINE:
		return take_deadline(options, program->name);
	case OPTION_DEVICE:
		return take_device(options, program->name);
	case OPTION_ALLOW:
		options->allow = optarg;
		return -1;
	case OPTION_OUTPUT:
		options->output = optarg;
		return -1;
	case OPTION_KERNEL:
		options->kernel = optarg;
		return -1;
	case OPTION_GRAPH:
	case OPTION_HOSTDEV:
		return take_form(option, options, program->name);
	case OPTION_HELP:
		print_help(program);
		return 0;
	case OPTION_VERSION:
		printf("%s " VFIOKIT_VERSION "\n", program->name);
		return 0;
	default:
		break;
	}
	return -1;
}

static enum option_index option_of(int code)
{
	for (size_t i = 0; i < N_OPTIONS; i++)
		if (specs[i].letter != 0 && specs[i].letter == code)
			return (enum option_index)i;
	return (enum option_index)(code - OPTION_BASE);
}

/* Takes all options; ret_takes: of TAKES_..., what they need from the command. Returns -1 to go on, or the exit code.
 */
static int take_options(int argc, char **argv, const struct program *program, struct options *options,
			unsigned int *ret_takes)
{
	struct option long_options[N_OPTIONS + 1] = { 0 };
	int code;

	for (int i = 0; i < N_OPTIONS; i++)
		long_options[i] = (struct option){ specs[i].name,
						   specs[i].value != NULL ? required_argument : no_argument, NULL,
						   OPTION_BASE + i };
	opterr = 0;
	while ((code = getopt_long(argc, argv, ":vh", long_options, NULL)) != -1) {
		enum option_index option;

		if (code == ':')
			return complain(program->name, "a value is missing for", argv[optind - 1]);
		if (code == '?')
			return complain_unknown(program->name, argv);
		option = option_of(code);
		if (!program_takes(program, specs[option].takes)) {
			cleanup_free char *word = util_format("--%s", specs[option].name);

			return complain(program->name, "unknown option", word);
		}
		*ret_takes |= specs[option].takes;
		code = take_option(option, options, program);
		if (code >= 0)
			return code;
	}
	return -1;
}

static const struct command *find_command(const struct command *commands, const char *name)
{
	for (const struct command *command = commands; command->name != NULL; command++)
		if (streq(command->name, name))
			return command;
	return NULL;
}

static int run_command(const struct command *command, const struct options *options, const char *program)
{
	cleanup_close int root = root_set(options->root);
	int code;

	if (root < 0) {
		fprintf(stderr, "%s: cannot open the root directory '%s': %s; nothing was changed\n", program,
			options->root, strerror(-root));
		return EXIT_USAGE;
	}
	log_setup(program, options->verbose, -1);
	code = command->run(options, root);
	if (fflush(stdout) == 0 && !ferror(stdout))
		return code;
	fprintf(stderr, "%s: cannot write the whole answer to standard output; what it is about is done all the same\n",
		program);
	return code != 0 ? code : EXIT_FAILURE;
}

int options_main(int argc, char **argv, const struct program *program)
{
	struct options options = { .root = "/", .deadline = DEADLINE_DEFAULT };
	const struct command *command;
	unsigned int takes = 0;
	int code = take_options(argc, argv, program, &options, &takes);

	if (code >= 0)
		return code;
	if (optind == argc)
		return complain(program->name, "no command given", NULL);
	command = find_command(program->commands, argv[optind]);
	if (command == NULL)
		return complain(program->name, "unknown command", argv[optind]);
	options.words = argv + optind + 1;
	options.n_words = argc - optind - 1;
	if (options.n_words > command->max_words)
		return complain(program->name, "too many words, beginning with", options.words[command->max_words]);
	if ((takes & ~command->takes) != 0)
		return complain(program->name, "this command does not take one of the options given:", command->name);
	if (options.udev && !options.has_device)
		return complain(program->name, "--udev needs --device", NULL);
	return run_command(command, &options, program->name);
}
