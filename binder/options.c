/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "binder/options.h"

#include <getopt.h>
#include <stdio.h>

#include "lib/file.h"
#include "lib/log.h"
#include "lib/parse.h"
#include "lib/root.h"

/* What getopt_long() returns for an option: above all letters. */
#define OPTION_BASE 256

static int take_deadline(const char *value, struct options *options, const char *program)
{
	uint64_t seconds;

	if (!parse_number(value, 10, DEADLINE_MAX, &seconds) || seconds == 0)
		return options_complain(program, "--deadline takes whole seconds from 1 to 300, not", value);
	options->deadline = (unsigned int)seconds;
	return -1;
}

static int take_device(const char *value, struct options *options, const char *program)
{
	if (!bdf_parse(value, &options->device))
		return options_complain(program, "--device takes an address such as 0000:03:00.0, not", value);
	options->has_device = true;
	return -1;
}

/* Of vfio-bind, and of both. Those of vfiokit alone are not in the initramfs (host/options.c). */
static const struct option_row rows[] = {
	{ "root", "DIR", "look at this directory instead of /", 0, 0, NULL, offsetof(struct options, root) },
	{ "policy", "FILE", "read this policy, without drop-ins", 0, 0, NULL, offsetof(struct options, policy) },
	{ "deadline", "SECONDS", "give up after this time (default 10)", 0, TAKES_DEADLINE, take_deadline, 0 },
	{ "device", "ADDRESS", "only this device, as one that has just arrived (plan, apply)", 0, TAKES_DEVICE,
	  take_device, 0 },
	{ "udev", NULL, "print properties for a udev rule (plan --device)", 0, TAKES_UDEV, NULL,
	  offsetof(struct options, udev) },
	{ "quiet", NULL, "leave out what an earlier run of this boot has said (apply)", 0, TAKES_QUIET, NULL,
	  offsetof(struct options, quiet) },
	{ "even-if-open", NULL, "take a device also if something has it open", 0, TAKES_OPEN, NULL,
	  offsetof(struct options, even_if_open) },
	{ "json", NULL, "print a JSON document", 0, 0, NULL, offsetof(struct options, json) },
	{ "verbose", NULL, "say more", 'v', 0, NULL, offsetof(struct options, verbose) },
	{ "help", NULL, "print this help", 'h', 0, NULL, offsetof(struct options, help) },
	{ "version", NULL, "print the version", 0, 0, NULL, offsetof(struct options, version) },
};

/* NULL behind the last one. */
static const struct option_row *row_at(const struct program *program, size_t i)
{
	const struct option_row *own = program->options;

	if (i < ARRAY_SIZE(rows))
		return &rows[i];
	return own != NULL && own[i - ARRAY_SIZE(rows)].name != NULL ? &own[i - ARRAY_SIZE(rows)] : NULL;
}

static bool program_takes(const struct program *program, unsigned int takes)
{
	for (const struct command *command = program->commands; command->name != NULL; command++)
		if ((command->takes & takes) == takes)
			return true;
	return false;
}

static void print_help(const struct program *program)
{
	const struct option_row *row;

	printf("Usage: %s [OPTION...] COMMAND\n\n%s\n\nCommands:\n", program->name, program->purpose);
	for (const struct command *command = program->commands; command->name != NULL; command++)
		printf("  %-8s %s\n", command->name, command->help);
	printf("\nOptions:\n");
	for (size_t i = 0; (row = row_at(program, i)) != NULL; i++) {
		char words[32];

		if (!program_takes(program, row->takes))
			continue;
		snprintf(words, sizeof(words), "%s%.1s%s--%s %s", row->letter != 0 ? "-" : "", &row->letter,
			 row->letter != 0 ? ", " : "", row->name, row->value != NULL ? row->value : "");
		printf("  %-19s %s\n", words, row->help);
	}
	printf("\nExit codes: 0 done or nothing to do, 1 something was refused, failed or absent, 2 wrong usage or\n"
	       "policy, 3 no IOMMU or no vfio-pci. See %s(8) and vfiokit-bind.conf(5).\n",
	       program->name);
}

int options_complain(const char *program, const char *what, const char *word)
{
	fprintf(stderr, "%s: %s%s%s%s; nothing was changed, try '%s --help'\n", program, what, word != NULL ? " '" : "",
		word != NULL ? word : "", word != NULL ? "'" : "", program);
	return EXIT_USAGE;
}

/* A letter may stand in a cluster; a long option is the word before the next one. */
static int complain_unknown(const char *program, char **argv)
{
	const char letter[] = { '-', (char)optopt, '\0' };

	return options_complain(program, "unknown option",
				optopt > 0 && optopt < OPTION_BASE ? letter : argv[optind - 1]);
}

/* Returns -1 to go on, or the exit code. */
static int take_option(const struct option_row *row, struct options *options, const struct program *program)
{
	void *member = (char *)options + row->member;

	if (row->take != NULL)
		return row->take(optarg, options, program->name);
	if (row->value != NULL)
		*(const char **)member = optarg;
	else
		*(bool *)member = true;
	if (options->help) {
		print_help(program);
		return 0;
	}
	if (options->version) {
		printf("%s " VFIOKIT_VERSION "\n", program->name);
		return 0;
	}
	return -1;
}

static const struct option_row *row_of(const struct program *program, int code)
{
	if (code >= OPTION_BASE)
		return row_at(program, (size_t)(code - OPTION_BASE));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].letter == code)
			return &rows[i];
	return NULL;
}

/* For getopt_long(). The caller frees it. */
static struct option *make_long_options(const struct program *program)
{
	const struct option_row *row;
	struct option *list = NULL;
	size_t n = 0;

	while ((row = row_at(program, n)) != NULL) {
		int code = OPTION_BASE + (int)n;

		*(struct option *)util_append(&list, &n, sizeof(*list)) =
			(struct option){ row->name, row->value != NULL ? required_argument : no_argument, NULL, code };
	}
	*(struct option *)util_append(&list, &n, sizeof(*list)) = (struct option){ 0 };
	return list;
}

/* Takes all options; ret_takes: of TAKES_..., what they need from the command. Returns -1 to go on, or the exit code.
 */
static int take_options(int argc, char **argv, const struct program *program, struct options *options,
			unsigned int *ret_takes)
{
	cleanup_free struct option *long_options = make_long_options(program);
	int code;

	opterr = 0;
	while ((code = getopt_long(argc, argv, ":vh", long_options, NULL)) != -1) {
		const struct option_row *row = row_of(program, code);

		if (code == ':')
			return options_complain(program->name, "a value is missing for", argv[optind - 1]);
		if (row == NULL)
			return complain_unknown(program->name, argv);
		if (!program_takes(program, row->takes)) {
			cleanup_free char *word = util_format("--%s", row->name);

			return options_complain(program->name, "unknown option", word);
		}
		*ret_takes |= row->takes;
		code = take_option(row, options, program);
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
		return options_complain(program->name, "no command given", NULL);
	command = find_command(program->commands, argv[optind]);
	if (command == NULL)
		return options_complain(program->name, "unknown command", argv[optind]);
	options.words = argv + optind + 1;
	options.n_words = argc - optind - 1;
	if (options.n_words > command->max_words)
		return options_complain(program->name, "too many words, beginning with",
					options.words[command->max_words]);
	if ((takes & ~command->takes) != 0)
		return options_complain(program->name,
					"this command does not take one of the options given:", command->name);
	if (options.udev && !options.has_device)
		return options_complain(program->name, "--udev needs --device", NULL);
	return run_command(command, &options, program->name);
}
