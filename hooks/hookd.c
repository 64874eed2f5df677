/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vfio-hookd: what the hook does, for hosts on which libvirt may not run it. It hears of guests from libvirt's events,
 * so it comes when QEMU runs, and cannot refuse a start. Claims and guards are those of the hook (call.c): where both
 * are there, the second finds what the first has done.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/signalfd.h>
#include <systemd/sd-daemon.h>

#include "hooks/call.h"
#include "hooks/claims.h"
#include "hooks/reconcile.h"
#include "hooks/virt.h"
#include "lib/file.h"
#include "lib/log.h"
#include "lib/paths.h"
#include "lib/root.h"

#define PROGRAM "vfio-hookd"
#define EXIT_USAGE 2

/* Between two tries to reach libvirt (ms): doubled each time. */
#define FIRST_DELAY 200
#define LONGEST_DELAY 30000

static const char help[] =
	"Usage: " PROGRAM " [OPTION...]\n"
	"\n"
	"Gives guests of libvirt what /etc/vfiokit/hooks.conf promises, without a hook, when they run: all\n"
	"but huge pages and shared memory, which must be there before.\n"
	"\n"
	"Options:\n"
	"  --connect URI       libvirt to connect to (default: qemu:///system)\n"
	"  -v, --verbose       say more\n"
	"  -h, --help          print this help\n"
	"  --version           print the version\n"
	"\n"
	"See " PROGRAM "(8), vfio-hook(8) and vfiokit-hooks.conf(5).\n";

struct hookd {
	struct host host;
	const char *uri;
	struct virt *virt; /* NULL: not connected */
	int signals, timer, state;
	struct virt_dom **started; /* owned; guests of which an event told */
	size_t n_started;
	unsigned int tries;
	/* What is to be done outside of libvirt's own calls. */
	bool is_ending, was_closed, must_connect, must_look, has_ended;
};

/* --- guests ------------------------------------------------------------------------------------------------------ */

static void be_ready(struct hookd *daemon)
{
	daemon->host.deadline = claims_clock() + CALL_TIME;
	daemon->host.has_no_bus = false;
}

/* What libvirt describes may be what the guest will be at its next start: only a QEMU that is there counts. */
static bool has_process(const struct hookd *daemon, const struct domain *domain)
{
	struct claim claim = { .name = domain->name };
	uint64_t started;
	pid_t pid;

	memcpy(claim.uuid, domain->uuid, sizeof(claim.uuid));
	return claims_find_process(daemon->host.root, &claim, &pid, &started);
}

/* Takes the guest over. */
static void adopt(struct hookd *daemon, struct virt_dom *dom, bool is_reconnect)
{
	cleanup_free char *why = NULL;
	struct domain domain;
	enum virt_result result = virt_describe(dom, &domain, &why);

	if (result == VIRT_OK && has_process(daemon, &domain)) {
		cleanup_free char *name = util_copy_printable(domain.name);

		log_debug("guest %s runs", name);
		be_ready(daemon);
		call_adopt(&daemon->host, &domain, is_reconnect);
		host_close(&daemon->host);
	} else if (result != VIRT_OK && result != VIRT_GONE) {
		log_warning("a guest that has started cannot be looked at: %s; it gets nothing", why);
	}
	if (result == VIRT_OK)
		domain_free(&domain);
	virt_dom_unref(dom);
}

/* Guests that ended, whoever saw it; and, if asked for, guards that are missing. */
static void put_right(struct hookd *daemon, bool starts_guards)
{
	const struct reconcile_change change = { .starts_guards = starts_guards };

	be_ready(daemon);
	(void)reconcile(&daemon->host, &change, NULL);
	host_close(&daemon->host);
}

static void adopt_all(struct hookd *daemon)
{
	cleanup_free char *why = NULL;
	struct virt_dom **doms;
	size_t n;

	if (!virt_list(daemon->virt, &doms, &n, &why))
		log_warning("libvirt does not say which guests run: %s", why);
	for (size_t i = 0; i < n; i++)
		adopt(daemon, doms[i], true);
	free(doms);
}

/* --- libvirt ----------------------------------------------------------------------------------------------------- */

/* For `vfio-hook check`: the file is locked as long as we live, and says whether libvirt is there. */
static void say_state(const struct hookd *daemon)
{
	const char *text = daemon->virt != NULL ? HOOKD_CONNECTED : HOOKD_WAITING;

	if (ftruncate(daemon->state, 0) < 0 || pwrite(daemon->state, text, strlen(text), 0) < 0)
		log_warning(PATH_HOOKD ": cannot be written: %s", strerror(errno));
	(void)sd_notifyf(0, "STATUS=%s", daemon->virt != NULL ? "Listens to libvirt" : "Waits for libvirt");
}

static void on_event(void *context, const struct virt_event *event)
{
	struct hookd *daemon = context;

	if (event->kind == VIRT_CLOSED)
		daemon->was_closed = true;
	else if (event->kind == VIRT_STARTED)
		*(struct virt_dom **)util_append(&daemon->started, &daemon->n_started,
						 sizeof(struct virt_dom *)) = event->dom;
	else if (event->kind == VIRT_STOPPED)
		daemon->has_ended = true;
}

static void on_timer(void *context)
{
	((struct hookd *)context)->must_connect = true;
}

static void forget_started(struct hookd *daemon)
{
	for (size_t i = 0; i < daemon->n_started; i++)
		virt_dom_unref(daemon->started[i]);
	free(daemon->started);
	daemon->started = NULL;
	daemon->n_started = 0;
}

static void disconnect(struct hookd *daemon)
{
	forget_started(daemon);
	virt_close(daemon->virt);
	daemon->virt = NULL;
	daemon->was_closed = false;
}

static void try_later(struct hookd *daemon)
{
	unsigned int delay = FIRST_DELAY << (daemon->tries < 8 ? daemon->tries : 8);

	daemon->tries++;
	virt_timer_set(daemon->timer, (int)(delay < LONGEST_DELAY ? delay : LONGEST_DELAY));
}

static void connect_to(struct hookd *daemon)
{
	cleanup_free char *why = NULL;

	daemon->must_connect = false;
	daemon->virt = virt_open(daemon->uri, on_event, daemon, &why);
	if (daemon->virt == NULL) {
		if (daemon->tries == 0)
			log_warning("cannot reach libvirt: %s; tried again and again", why);
		try_later(daemon);
	} else {
		log_info("listens to libvirt at %s", daemon->uri);
		daemon->tries = 0;
		daemon->must_look = true;
	}
	say_state(daemon);
}

/* --- the loop ---------------------------------------------------------------------------------------------------- */

static void on_signal(void *context)
{
	struct hookd *daemon = context;
	struct signalfd_siginfo info;

	if (read(daemon->signals, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo == SIGHUP)
		daemon->must_look = true;
	else
		daemon->is_ending = true;
}

static void work(struct hookd *daemon)
{
	if (daemon->was_closed) {
		log_warning("libvirt has closed the connection; what guests have stays");
		disconnect(daemon);
		say_state(daemon);
		daemon->must_connect = true;
	}
	if (daemon->must_connect)
		connect_to(daemon);
	if (daemon->must_look) {
		/* Started ones are among them. */
		forget_started(daemon);
		daemon->must_look = daemon->has_ended = false;
		if (daemon->virt != NULL)
			adopt_all(daemon);
		put_right(daemon, true);
	}
	for (size_t i = 0; i < daemon->n_started; i++) {
		adopt(daemon, daemon->started[i], false);
		daemon->started[i] = NULL;
	}
	forget_started(daemon);
	if (daemon->has_ended) {
		daemon->has_ended = false;
		put_right(daemon, false);
	}
}

static int open_signals(struct hookd *daemon)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	daemon->signals = signalfd(-1, &set, SFD_CLOEXEC);
	daemon->timer = virt_timer(on_timer, daemon);
	if (daemon->signals < 0 || daemon->timer < 0 || virt_watch(daemon->signals, on_signal, daemon) < 0)
		return -EIO;
	return 0;
}

/* One for each host. */
static int take_state(struct hookd *daemon)
{
	int result = file_make_directories(daemon->host.root, PATH_RUN);

	if (result < 0)
		return result;
	daemon->state = root_open(daemon->host.root, PATH_HOOKD, O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
	if (daemon->state < 0)
		return daemon->state;
	return flock(daemon->state, LOCK_EX | LOCK_NB) < 0 ? -errno : 0;
}

static int run(struct hookd *daemon)
{
	int result = take_state(daemon);

	if (result == -EWOULDBLOCK) {
		log_error("another " PROGRAM " runs already; this one ends");
		return EXIT_FAILURE;
	}
	virt_loop_setup();
	if (result == 0)
		result = open_signals(daemon);
	if (result < 0) {
		log_error("cannot start: %s; no guest gets anything from it", strerror(-result));
		return EXIT_FAILURE;
	}
	(void)sd_notify(0, "READY=1");
	put_right(daemon, true);
	daemon->must_connect = true;
	work(daemon);
	while (!daemon->is_ending) {
		virt_loop_step();
		work(daemon);
	}
	(void)sd_notify(0, "STOPPING=1");
	disconnect(daemon);
	return EXIT_SUCCESS;
}

static int complain(const char *what, const char *word)
{
	fprintf(stderr, PROGRAM ": %s '%s'; nothing was changed, try '" PROGRAM " --help'\n", what, word);
	return EXIT_USAGE;
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
	struct hookd daemon = { .uri = "qemu:///system", .signals = -1, .state = -1 };
	bool verbose = false;
	int code;

	opterr = 0;
	while ((code = getopt_long(argc, argv, ":vh", options, NULL)) != -1) {
		if (code == 'c') {
			daemon.uri = optarg;
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
	daemon.host = (struct host){ .root = root_set("/"), .is_live = true };
	log_setup(PROGRAM, verbose, -1);
	/* Under systemd the journal gets our lines with their level; in a terminal people do. */
	if (getenv("INVOCATION_ID") != NULL)
		host_log_to_journal(PROGRAM);
	if (daemon.host.root < 0 || geteuid() != 0) {
		log_error("only root can give guests anything; it ends");
		return EXIT_FAILURE;
	}
	return run(&daemon);
}
