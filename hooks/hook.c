/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vfio-hook: what libvirt calls for each guest, and a command to look at the result.
 *
 * The way of a start: call.c reads the description (domain.c) and the configuration (conf.c), looks at the devices
 * (preflight.c), works out what the guest claims (wants.c), and makes the host fit all claims (reconcile.c, cpus.c,
 * isolation.c). What must live as long as a descriptor is held by a process of its own, vfio-guard (guard.c).
 */
#include <getopt.h>
#include <stdio.h>

#include "hooks/call.h"
#include "hooks/claims.h"
#include "hooks/daemon.h"
#include "hooks/mode.h"
#include "hooks/reconcile.h"
#include "hooks/run.h"
#include "hooks/status.h"
#include "lib/log.h"
#include "lib/root.h"
#include "lib/util.h"

#define PROGRAM "vfio-hook"
#define EXIT_USAGE 2

/* What "reconcile" and "status" may take (ms). */
#define COMMAND_TIME 30000

static const char help[] =
	"Usage: " PROGRAM " [OPTION...] COMMAND\n"
	"\n"
	"Gives guests of libvirt the CPUs, the sleepless host and the disks that /etc/vfiokit/hooks.conf promises.\n"
	"libvirt calls it by a link in /etc/libvirt/hooks/qemu.d.\n"
	"\n"
	"Commands:\n"
	"  status    what guests claim, and what the host made of it\n"
	"  check     whether libvirt calls the hook, or vfio-hookd does its work, and what to type if nobody does\n"
	"  reconcile drop the claims of guests that have ended, and make the host fit the others\n"
	"  run       GUEST -- QEMU...: start this QEMU with what a guest of that name gets, without libvirt\n"
	"  call      NAME OPERATION SUBOPERATION EXTRA: do as if libvirt called\n"
	"\n"
	"Options:\n"
	"  --root DIR          look at this directory instead of /, and at no service\n"
	"  --json              print a JSON document (status, check)\n"
	"  -v, --verbose       say more\n"
	"  -h, --help          print this help\n"
	"  --version           print the version\n"
	"\n"
	"Exit codes: 0 all is well, 1 something is not (call, run: the start is refused), 2 wrong usage;\n"
	"of run otherwise QEMU's, or 126 and 127: it cannot be run, or there is no such program.\n"
	"See vfio-hook(8), vfio-guard(8) and vfiokit-hooks.conf(5).\n";

struct command_line {
	const char *root;
	bool json, verbose;
};

static int complain(const char *what, const char *word)
{
	fprintf(stderr, PROGRAM ": %s%s%s%s; nothing was changed, try '" PROGRAM " --help'\n", what,
		word != NULL ? " '" : "", word != NULL ? word : "", word != NULL ? "'" : "");
	return EXIT_USAGE;
}

static int run_command(const struct command_line *line, char **words, int n_words)
{
	cleanup_close int root = root_set(line->root);
	struct host host = { .root = root, .is_live = streq(line->root, "/") };
	int code = EXIT_SUCCESS;

	if (root < 0)
		return complain("cannot open the root directory", line->root);
	log_setup(PROGRAM, line->verbose, -1);
	host.deadline = claims_clock() + COMMAND_TIME;
	if (streq(words[0], "status") && n_words == 1) {
		code = status_print(&host, line->json);
	} else if (streq(words[0], "check") && n_words == 1) {
		code = mode_print(&host, line->json);
	} else if (streq(words[0], "reconcile") && n_words == 1) {
		const struct reconcile_change change = { .starts_guards = true };

		code = reconcile(&host, &change, NULL) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
	} else if (streq(words[0], "call") && n_words == 5) {
		code = call_run(&host, words + 1);
	} else if (streq(words[0], "run") && n_words >= 4 && streq(words[2], "--")) {
		code = run_guest(&host, words[1], words + 3);
	} else if (streq(words[0], "run")) {
		code = complain("expected 'GUEST -- QEMU...' behind", words[0]);
	} else {
		code = complain(n_words == 1 ? "unknown command" : "wrong number of words behind", words[0]);
	}
	host_close(&host);
	return code;
}

/* Options stand in front of "call" and "run", because what is behind them may begin with '-'. Or behind the others. */
static int command_main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "root", required_argument, NULL, 'r' }, { "json", no_argument, NULL, 'j' },
		{ "verbose", no_argument, NULL, 'v' },    { "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },    { 0 },
	};
	struct command_line line = { .root = "/" };
	bool calls = false;
	int code;

	for (int i = 1; i < argc; i++)
		calls = calls || streq(argv[i], "call") || streq(argv[i], "run");
	opterr = 0;
	while ((code = getopt_long(argc, argv, calls ? "+:vh" : ":vh", options, NULL)) != -1) {
		switch (code) {
		case 'r':
			line.root = optarg;
			break;
		case 'j':
			line.json = true;
			break;
		case 'v':
			line.verbose = true;
			break;
		case 'h':
			fputs(help, stdout);
			return EXIT_SUCCESS;
		case 'V':
			puts(PROGRAM " " VFIOKIT_VERSION);
			return EXIT_SUCCESS;
		case ':':
			return complain("a value is missing for", argv[optind - 1]);
		default:
			return complain("unknown option", argv[optind - 1]);
		}
	}
	if (optind == argc)
		return complain("no command given", NULL);
	code = run_command(&line, argv + optind, argc - optind);
	if (fflush(stdout) == 0 && !ferror(stdout))
		return code;
	return complain("cannot write the whole answer to standard output", NULL);
}

/* libvirt gives four words, of which the third is "begin" or "end"; and it calls us by the name of the link. */
static bool is_call(int argc, char **argv)
{
	const char *slash = argc > 0 ? strrchr(argv[0], '/') : NULL;
	const char *name = slash != NULL ? slash + 1 : argc > 0 ? argv[0] : PROGRAM;

	return !streq(name, PROGRAM) || (argc == 5 && (streq(argv[3], "begin") || streq(argv[3], "end")));
}

/* Daemons of users run the system's hooks too, as that user: not our guests. */
static int hook_main(int argc, char **argv)
{
	struct host host = { .is_live = true, .has_journal = true };
	int code;

	if (geteuid() != 0 || argc != 5)
		return EXIT_SUCCESS;
	log_setup(PROGRAM, false, -1);
	host_log_to_journal(PROGRAM);
	host.root = root_set("/");
	if (host.root < 0)
		return EXIT_SUCCESS;
	daemon_note_call(host.root);
	code = call_run(&host, argv + 1);
	host_close(&host);
	close(host.root);
	return code;
}

int main(int argc, char **argv)
{
	return is_call(argc, argv) ? hook_main(argc, argv) : command_main(argc, argv);
}
