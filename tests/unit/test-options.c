/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "binder/options.h"

#include <getopt.h>
#include <stdio.h>

#include "lib/parse.h"
#include "tests/unit/test.h"

/* Shows what it was given. */
static int run_show(const struct options *options, int root)
{
	printf("show %s %s %d %d %u %d", options->root, options->policy != NULL ? options->policy : "-", options->json,
	       options->verbose, options->deadline, root >= 0);
	return 7;
}

static int run_make(const struct options *options, int root)
{
	(void)root;
	printf("make %s%s %s %d %d %d %d %s", options->graph != NULL ? options->graph : "",
	       options->kernel != NULL ? options->kernel : "-", options->output != NULL ? options->output : "-",
	       options->list, options->explain, options->booster, options->n_words,
	       options->n_words > 0 ? options->words[0] : "-");
	return 5;
}

static int run_late(const struct options *options, int root)
{
	char address[BDF_TEXT_SIZE] = "-";

	(void)root;
	if (options->has_device)
		bdf_format(&options->device, address);
	printf("late %s %d %d", address, options->udev, options->quiet);
	return 3;
}

static const struct command commands[] = {
	{ "late", "for a late device", run_late, TAKES_DEVICE | TAKES_UDEV | TAKES_QUIET, 0 },
	{ "show", "shows it", run_show, TAKES_DEADLINE, 0 },
	{ "make", "makes it", run_make, TAKES_IMAGE, 1 },
	{ 0 },
};
/* A program's own, as vfiokit has them. */
static int take_graph(const char *value, struct options *options, const char *program)
{
	if (!streq(value, "svg"))
		return options_complain(program, "--graph takes svg, not", value);
	options->graph = value;
	return -1;
}

static const struct option_row own[] = {
	{ "list", NULL, "lists", 0, TAKES_IMAGE, NULL, offsetof(struct options, list) },
	{ "explain", NULL, "explains", 0, TAKES_IMAGE, NULL, offsetof(struct options, explain) },
	{ "output", "FILE", "writes", 0, TAKES_IMAGE, NULL, offsetof(struct options, output) },
	{ "booster", NULL, "boosts", 0, TAKES_IMAGE, NULL, offsetof(struct options, booster) },
	{ "kernel", "RELEASE", "chooses", 0, TAKES_IMAGE, NULL, offsetof(struct options, kernel) },
	{ "graph", "FORM", "draws", 0, TAKES_IMAGE, take_graph, 0 },
	{ "all", NULL, "for none of these commands", 0, TAKES_ALL, NULL, offsetof(struct options, all) },
	{ 0 },
};

static const struct command no_deadline[] = { { "show", "shows it", run_show, 0, 0 }, { 0 } };

static const struct {
	const char *words; /* separated by blanks */
	int code;
	const char *out, *err; /* parts of them */
} cases[] = {
	{ "show", 7, "show / - 0 0 10 1", "" },
	{ "show --json", 7, "show / - 1 0 10 1", "" },
	{ "--json show", 7, "show / - 1 0 10 1", "" },
	{ "--root / show -v --policy x", 7, "show / x 0 1 10 1", "" },
	{ "show --root=/ --policy=y --deadline=3 --verbose", 7, "show / y 0 1 3 1", "" },
	{ "show --deadline 300", 7, "300", "" },
	{ "-v -v --json --json show", 7, "show / - 1 1", "" },
	{ "-- show", 7, "show /", "" },
	{ "-h", 0, "Usage: prog", "" },
	{ "--help", 0, "shows it", "" },
	{ "show --help", 0, "Usage: prog", "" },
	{ "--version", 0, "prog " VFIOKIT_VERSION "\n", "" },
	{ "", 2, "", "prog: no command given; nothing was changed, try 'prog --help'\n" },
	{ "foo", 2, "", "prog: unknown command 'foo'" },
	{ "show foo", 2, "", "too many words, beginning with 'foo'" },
	{ "show --foo", 2, "", "unknown option '--foo'" },
	{ "show -x", 2, "", "unknown option '-x'" },
	{ "show --root", 2, "", "a value is missing for '--root'" },
	{ "show --json=1", 2, "", "prog: " },
	{ "show --deadline 0", 2, "", "--deadline takes whole seconds from 1 to 300, not '0'" },
	{ "make", 5, "make - - 0 0 0 0 -", "" },
	{ "make word", 5, "make - - 0 0 0 1 word", "" },
	{ "make word other", 2, "", "too many words, beginning with 'other'" },
	{ "word make", 2, "", "unknown command 'word'" },
	{ "make --kernel 6.1 --list", 5, "make 6.1 - 1 0 0 0 -", "" },
	{ "--explain make --output=f --booster", 5, "make - f 0 1 1 0 -", "" },
	{ "make --graph svg", 5, "make svg- - 0 0 0 0 -", "" },
	{ "make --graph png", 2, "", "prog: --graph takes svg, not 'png'; nothing was changed, try 'prog --help'\n" },
	{ "make --all", 2, "", "unknown option '--all'" },
	{ "make --help", 0, "  --graph FORM        draws\n", "" },
	{ "make --output", 2, "", "a value is missing for '--output'" },
	{ "make --deadline 3", 2, "", "does not take one of the options given: 'make'" },
	{ "show --list", 2, "", "does not take one of the options given: 'show'" },
	{ "show --deadline 301", 2, "", "not '301'" },
	{ "show --deadline 1s", 2, "", "not '1s'" },
	{ "show --deadline -1", 2, "", "not '-1'" },
	{ "late", 3, "late - 0 0", "" },
	{ "late --device 0000:03:00.0", 3, "late 0000:03:00.0 0 0", "" },
	{ "late --device=03:00.1 --udev", 3, "late 0000:03:00.1 1 0", "" },
	{ "late --quiet --device 10000:03:00.0", 3, "late 10000:03:00.0 0 1", "" },
	{ "late --device", 2, "", "a value is missing for '--device'" },
	{ "late --device 03:00", 2, "", "--device takes an address such as 0000:03:00.0, not '03:00'" },
	{ "late --udev", 2, "", "--udev needs --device" },
	{ "show --device 03:00.0", 2, "", "this command does not take one of the options given: 'show'" },
	{ "show --udev", 2, "", "this command does not take one of the options given: 'show'" },
	{ "show --quiet", 2, "", "this command does not take one of the options given: 'show'" },
	{ "show --root /nonexistent", 2, "",
	  "cannot open the root directory '/nonexistent': No such file or directory" },
	{ "show --root /proc/self/status", 2, "", "Not a directory" },
};

struct call {
	const char *words;
	const struct command *commands;
	const struct option_row *options;
	int code;
};

static void call_main(void *context)
{
	struct call *call = context;
	const struct program program = { "prog", "Does it.", call->commands, call->options };
	cleanup_free char *copy = util_copy(call->words);
	char name[] = "prog", *rest = copy, *argv[16] = { name };
	int argc = 1;

	while (argc < 15 && (argv[argc] = parse_next_word(&rest)) != NULL)
		argc++;
	call->code = options_main(argc, argv, &program);
}

static char *outputs[2];

static void call_both(void *context)
{
	outputs[1] = test_capture(STDERR_FILENO, call_main, context);
}

/* getopt keeps its state in globals: each row needs a fresh start. */
TEST(options_rows)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct call call = { .words = cases[i].words, .commands = commands, .options = own };

		test_case("'%s'", cases[i].words);
		optind = 0;
		outputs[0] = test_capture(STDOUT_FILENO, call_both, &call);
		CHECK_INT(call.code, cases[i].code);
		CHECK_HAS(outputs[0], cases[i].out);
		CHECK_HAS(outputs[1], cases[i].err);
		if (cases[i].code != 2)
			CHECK_STR(outputs[1], "");
		else
			CHECK_STR(outputs[0], "");
		free(outputs[0]);
		free(outputs[1]);
	}
}

/* A program without a deadline neither offers nor takes it. */
TEST(options_without_deadline)
{
	struct call help = { .words = "--help", .commands = no_deadline };
	struct call use = { .words = "show --deadline 3", .commands = no_deadline };
	cleanup_free char *text = NULL, *error = NULL;

	text = test_capture(STDOUT_FILENO, call_main, &help);
	CHECK_TRUE(strstr(text, "--deadline") == NULL);
	optind = 0;
	error = test_capture(STDERR_FILENO, call_main, &use);
	CHECK_INT(use.code, 2);
	CHECK_HAS(error, "unknown option '--deadline'");
}
