/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "binder/options.h"

#include <getopt.h>
#include <stdio.h>

#include "lib/file.h"
#include "lib/log.h"
#include "lib/parse.h"
#include "lib/root.h"

enum { OPTION_ROOT = 256, OPTION_POLICY, OPTION_JSON, OPTION_DEADLINE, OPTION_VERSION };

static const struct option long_options[] = {
	{ "root", required_argument, NULL, OPTION_ROOT },
	{ "policy", required_argument, NULL, OPTION_POLICY },
	{ "json", no_argument, NULL, OPTION_JSON },
	{ "deadline", required_argument, NULL, OPTION_DEADLINE },
	{ "verbose", no_argument, NULL, 'v' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, OPTION_VERSION },
	{ 0 },
};

static void print_help(const struct program *program)
{
	printf("Usage: %s [OPTION...] COMMAND\n\n%s\n\nCommands:\n", program->name, program->purpose);
	for (const struct command *command = program->commands; command->name != NULL; command++)
		printf("  %-8s %s\n", command->name, command->help);
	printf("\nOptions:\n"
	       "  --root DIR          look at this directory instead of /\n"
	       "  --policy FILE       read this policy, without drop-ins\n");
	if (program->has_deadline)
		printf("  --deadline SECONDS  give up after this time (boot, apply; default %d)\n", DEADLINE_DEFAULT);
	printf("  --json              print a JSON document\n"
	       "  -v, --verbose       say more\n"
	       "  -h, --help          print this help\n"
	       "  --version           print the version\n\n"
	       "Exit codes: 0 done or nothing to do, 1 something was refused, failed or absent, 2 wrong usage or\n"
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

	return complain(program, "unknown option", optopt > 0 && optopt < OPTION_ROOT ? letter : argv[optind - 1]);
}

static int take_deadline(struct options *options, const char *program)
{
	uint64_t seconds;

	if (!parse_number(optarg, 10, DEADLINE_MAX, &seconds) || seconds == 0)
		return complain(program, "--deadline takes whole seconds from 1 to 300, not", optarg);
	options->deadline = (unsigned int)seconds;
	return -1;
}

/* Returns -1 to go on, or the exit code. */
static int take_option(int option, struct options *options, const struct program *program, char **argv)
{
	if (option == OPTION_DEADLINE && !program->has_deadline)
		return complain(program->name, "unknown option", "--deadline");
	switch (option) {
	case OPTION_ROOT:
		options->root = optarg;
		return -1;
	case OPTION_POLICY:
		options->policy = optarg;
		return -1;
	case OPTION_JSON:
		options->json = true;
		return -1;
	case OPTION_DEADLINE:
		return take_deadline(options, program->name);
	case 'v':
		options->verbose = true;
		return -1;
	case 'h':
		print_help(program);
		return 0;
	case OPTION_VERSION:
		printf("%s " VFIOKIT_VERSION "\n", program->name);
		return 0;
	case ':':
		return complain(program->name, "a value is missing for", argv[optind - 1]);
	default:
		return complain_unknown(program->name, argv);
	}
}

static const struct command *find_command(const struct command *commands, const char *name)
{
	for (const struct command *command = commands; command->name != NULL; command++)
		if (streq(command->name, name))
			return command;
	return NULL;
}

int options_main(int argc, char **argv, const struct program *program)
{
	struct options options = { .root = "/", .deadline = DEADLINE_DEFAULT };
	const struct command *command;
	cleanup_close int root = -1;
	int option, code;

	opterr = 0;
	while ((option = getopt_long(argc, argv, ":vh", long_options, NULL)) != -1) {
		code = take_option(option, &options, program, argv);
		if (code >= 0)
			return code;
	}
	if (optind == argc)
		return complain(program->name, "no command given", NULL);
	command = find_command(program->commands, argv[optind]);
	if (command == NULL)
		return complain(program->name, "unknown command", argv[optind]);
	if (optind + 1 < argc)
		return complain(program->name, "too many words, beginning with", argv[optind + 1]);
	root = root_set(options.root);
	if (root < 0) {
		fprintf(stderr, "%s: cannot open the root directory '%s': %s; nothing was changed\n", program->name,
			options.root, strerror(-root));
		return EXIT_USAGE;
	}
	log_setup(program->name, options.verbose, -1);
	code = command->run(&options, root);
	if (fflush(stdout) == 0 && !ferror(stdout))
		return code;
	fprintf(stderr, "%s: cannot write the whole answer to standard output; what it is about is done all the same\n",
		program->name);
	return code != 0 ? code : EXIT_FAILURE;
}
