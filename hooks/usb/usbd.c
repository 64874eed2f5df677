/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vfio-usbd: gives USB devices to guests of libvirt, and takes them back.
 *
 * Read in this order: device.c (what is there), match.c (which rule means it), plan.c (who shall have it), guards.c and
 * inputs.c (what the host must not lose), core.c (the loop), devices.c and guests.c (events), job.c and virt.c
 * (libvirt), server.c and describe.c (people).
 */
#include <errno.h>
#include <getopt.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <systemd/sd-daemon.h>

#include "hooks/host.h"
#include "hooks/usb/core.h"
#include "hooks/usb/server.h"
#include "lib/log.h"
#include "lib/root.h"

#define PROGRAM "vfio-usbd"
#define EXIT_USAGE 2

static const char help[] = "Usage: " PROGRAM " [OPTION...]\n"
			   "\n"
			   "Gives USB devices to guests of libvirt as /etc/vfiokit/hooks.conf and vfio-usb say.\n"
			   "\n"
			   "Options:\n"
			   "  --connect URI       libvirt to connect to (default: qemu:///system)\n"
			   "  -v, --verbose       say more\n"
			   "  -h, --help          print this help\n"
			   "  --version           print the version\n"
			   "\n"
			   "See " PROGRAM "(8), vfio-usb(8) and vfiokit-hooks.conf(5).\n";

struct program {
	struct usbd daemon;
	struct usb_server *server;
	int signals;
	bool is_ending;
};

static int complain(const char *what, const char *word)
{
	fprintf(stderr, PROGRAM ": %s '%s'; nothing was changed, try '" PROGRAM " --help'\n", what, word);
	return EXIT_USAGE;
}

static void read_conf(struct usbd *daemon)
{
	struct problems problems = { 0 };

	conf_free(&daemon->conf);
	conf_read(&daemon->conf, daemon->root, &problems);
	for (size_t i = 0; i < problems.count; i++)
		log_warning("%s: %s", problems.items[i].where, problems.items[i].message);
	problems_free(&problems);
}

static void on_signal(void *context)
{
	struct program *program = context;
	struct signalfd_siginfo info;

	if (read(program->signals, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo != SIGHUP) {
		program->is_ending = true;
		return;
	}
	(void)sd_notify(0, "RELOADING=1");
	read_conf(&program->daemon);
	log_info("hooks.conf was read anew: %zu [usb NAME]", program->daemon.conf.n_usb);
	usb_failure_retry(&program->daemon, false);
	usbd_reconcile(&program->daemon);
	(void)sd_notify(0, "READY=1");
}

static int open_signals(struct program *program)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	program->signals = signalfd(-1, &set, SFD_CLOEXEC);
	return program->signals < 0 || virt_watch(program->signals, on_signal, program) < 0 ? -errno : 0;
}

static int run(struct program *program)
{
	int result;

	virt_loop_setup();
	result = open_signals(program);
	if (result == 0)
		read_conf(&program->daemon);
	if (result == 0)
		result = usb_server_open(&program->server, &program->daemon);
	if (result == 0)
		result = usbd_setup(&program->daemon);
	if (result < 0) {
		log_error("cannot start: %s; no USB device is given to any guest", strerror(-result));
		return EXIT_FAILURE;
	}
	(void)sd_notify(0, "READY=1");
	while (!program->is_ending)
		virt_loop_step();
	(void)sd_notify(0, "STOPPING=1");
	usb_server_close(program->server);
	usbd_end(&program->daemon);
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "connect", required_argument, NULL, 'c' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ 0 },
	};
	struct program program = { .daemon = { .uri = "qemu:///system" }, .signals = -1 };
	bool verbose = false;
	int code;

	opterr = 0;
	while ((code = getopt_long(argc, argv, ":vh", options, NULL)) != -1) {
		if (code == 'c') {
			program.daemon.uri = optarg;
		} else if (code == 'v') {
			verbose = true;
		} else if (code == 'h' || code == 'V') {
			fputs(code == 'h' ? help : PROGRAM " " VFIOKIT_VERSION "\n", stdout);
			return EXIT_SUCCESS;
		} else {
			return complain(code == ':' ? "a value is missing for" : "unknown option", argv[optind - 1]);
		}
	}
	if (optind != argc)
		return complain("unexpected word", argv[optind]);
	/* Threads come and go: an arena for each would only grow. */
	(void)mallopt(M_ARENA_MAX, 1);
	program.daemon.root = root_set("/");
	log_setup(PROGRAM, verbose, -1);
	/* Under systemd the journal gets our lines with their level; in a terminal people do. */
	if (getenv("INVOCATION_ID") != NULL)
		host_log_to_journal(PROGRAM);
	return program.daemon.root < 0 ? EXIT_FAILURE : run(&program);
}
