/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vfio-guard: a process beside each guest that holds what lives as long as a descriptor: logind's inhibitor, and the
 * disks. It ends with the guest's QEMU, whether libvirt is there to notice or not, and then gives back the rest.
 *
 * What it holds it hands to systemd as well, which hands it back if the guard is killed and started again: no moment in
 * between. What to hold stands in the guest's claim, which the hook writes and the guard reads anew whenever it
 * changes.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <systemd/sd-daemon.h>

#include "hooks/conf.h"
#include "hooks/disks.h"
#include "hooks/reconcile.h"
#include "hooks/retune.h"
#include "lib/file.h"
#include "lib/log.h"
#include "lib/paths.h"
#include "lib/root.h"

#define PROGRAM "vfio-guard"

/* A disk of the guest is in use by the host: systemd does not start us again then. */
#define EXIT_REFUSED 3

/* What is missing is tried again after this time; a last try to give everything back may take that (ms). */
#define RETRY_TIME 5000
#define BUS_TIME 3000
#define END_TIME 30000

struct guard {
	struct host host;
	const char *uuid;
	struct claim claim;
	int *disks;    /* owned, one for each disk of the claim; -1: not held */
	int inhibitor; /* -1: not held */
	int process;   /* pidfd of QEMU, -1 while it is pending */
	int changes;   /* inotify of the claims */
	int lock;      /* says that we live */
	int signals;
	bool is_missing; /* something could not be had: try again */
	struct retune retune;
};

/* --- what is held ------------------------------------------------------------------------------------------------ */

static void store(int fd, const char *name)
{
	cleanup_free char *state = util_format("FDSTORE=1\nFDNAME=%s", name);

	(void)sd_pid_notify_with_fds(0, 0, state, &fd, 1);
}

static bool keep_stored_disk(struct guard *guard, int fd)
{
	for (size_t i = 0; i < guard->claim.n_disks; i++)
		if (guard->claim.disks[i].is_held && guard->disks[i] < 0 &&
		    disks_is_same(guard->host.root, guard->claim.disks[i].path, fd)) {
			guard->disks[i] = fd;
			return true;
		}
	return false;
}

/* What the guard before us held, if it was killed. What the claim does not want any more is let go. */
static void take_stored(struct guard *guard)
{
	char **names = NULL;
	int n = sd_listen_fds_with_names(1, &names);

	for (int i = 0; i < n; i++) {
		int fd = SD_LISTEN_FDS_START + i;
		bool is_kept = false;

		if (streq(names[i], "inhibitor") && guard->inhibitor < 0 && guard->claim.inhibit != 0) {
			guard->inhibitor = fd;
			is_kept = true;
		} else if (streq(names[i], "disk")) {
			is_kept = keep_stored_disk(guard, fd);
		}
		if (!is_kept)
			close(fd);
		free(names[i]);
	}
	free(names);
}

static void take_inhibitor(struct guard *guard)
{
	cleanup_free char *what = conf_inhibit_words(guard->claim.inhibit);
	cleanup_free char *name = util_copy_printable(guard->claim.name), *why = util_format(CLAIM_INHIBITOR_WHY, name);
	struct bus *bus;
	int result;

	if (guard->claim.inhibit == 0 || guard->inhibitor >= 0)
		return;
	bus = host_bus(&guard->host, BUS_TIME);
	result = bus != NULL ? bus_inhibit(bus, what, CLAIM_INHIBITOR_WHO, why, &guard->inhibitor) : -EHOSTDOWN;
	if (result < 0) {
		log_warning("guest %s: cannot block %s: %s; tried again in %d s", name, what, strerror(-result),
			    RETRY_TIME / 1000);
		guard->is_missing = true;
	} else {
		store(guard->inhibitor, "inhibitor");
	}
	host_close(&guard->host);
	guard->host.has_no_bus = false;
}

/* Returns the reason why the guest must not start, or NULL. Owned by the caller. */
static char *take_disk(struct guard *guard, size_t i)
{
	const struct domain_disk *disk = &guard->claim.disks[i];
	char *why, *sentence;
	int fd;

	if (guard->disks[i] >= 0 || (guard->claim.is_running && !disk->is_held))
		return NULL;
	fd = disks_take(guard->host.root, disk->path, guard->uuid, &why);
	if (fd >= 0 && disk->is_held) {
		guard->disks[i] = fd;
		store(fd, "disk");
	} else if (fd >= 0) {
		close(fd);
	}
	if (why == NULL)
		return NULL;
	sentence = util_format("%s: %s", disk->path, why);
	free(why);
	return sentence;
}

/* Before the guest runs a busy disk refuses the start; afterwards it can only be said, loudly, and tried again. */
static bool take_disks(struct guard *guard)
{
	for (size_t i = 0; i < guard->claim.n_disks; i++) {
		cleanup_free char *why = take_disk(guard, i), *path = NULL;

		if (why == NULL)
			continue;
		log_error("guest %s: %s%s", guard->claim.name, why,
			  guard->claim.is_running ? "; THE GUEST IS USING IT TOO, its content is at risk" : "");
		if (guard->claim.is_running) {
			guard->is_missing = true;
			continue;
		}
		path = util_format(PATH_REFUSED "/%s", guard->uuid);
		(void)file_write(guard->host.root, path, why, strlen(why));
		return false;
	}
	return true;
}

/* Disks of a controller that went to the guest are gone; so that they can come back under their old names. */
static void let_go_of_absent_disks(struct guard *guard)
{
	for (size_t i = 0; i < guard->claim.n_disks; i++) {
		if (guard->disks[i] < 0 || disks_is_present(guard->host.root, guard->disks[i]))
			continue;
		close(guard->disks[i]);
		guard->disks[i] = -1;
	}
}

/* --- the guest's process ----------------------------------------------------------------------------------------- */

static void watch_process(struct guard *guard)
{
	if (!guard->claim.is_running || guard->process >= 0)
		return;
	guard->process = (int)syscall(SYS_pidfd_open, guard->claim.pid, 0);
	/* Only now it cannot be another one any more. */
	if (claims_process_start(guard->host.root, guard->claim.pid) != guard->claim.started) {
		util_close_fd(&guard->process);
		guard->process = -1;
	}
}

/* What systemd keeps for us holds as well: wait until it has let go. */
static void let_go_of_stored(const struct guard *guard)
{
	bool has_any = guard->inhibitor >= 0;

	for (size_t i = 0; i < guard->claim.n_disks; i++)
		has_any = has_any || guard->disks[i] >= 0;
	if (!has_any)
		return;
	(void)sd_notify(0, "FDSTOREREMOVE=1\nFDNAME=inhibitor");
	(void)sd_notify(0, "FDSTOREREMOVE=1\nFDNAME=disk");
	(void)sd_notify_barrier(0, (uint64_t)BUS_TIME * 1000);
}

/* Has the guest started again before we were done? Its claim needs a guard: systemd starts us anew then. */
static bool has_new_claim(const struct guard *guard)
{
	struct claim claim;
	bool is_new = claims_find(guard->host.root, guard->uuid, &claim) && claims_is_alive(guard->host.root, &claim);

	claim_free(&claim);
	return is_new;
}

/*
 * Everything back, and an end. If the claim was replaced meanwhile, a guard of its own is on the way. The hook waits
 * for this, by our lock.
 */
static int end(struct guard *guard)
{
	const struct reconcile_change change = { .ended = &guard->claim };

	let_go_of_stored(guard);
	util_close_fd(&guard->inhibitor);
	for (size_t i = 0; i < guard->claim.n_disks; i++)
		util_close_fd(&guard->disks[i]);
	guard->host.deadline = claims_clock() + END_TIME;
	(void)reconcile(&guard->host, &change, NULL);
	host_close(&guard->host);
	return has_new_claim(guard) ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* The claim has changed. Returns false if it is gone: the hook wants everything back. */
static bool read_again(struct guard *guard)
{
	struct claim claim;

	if (!claims_find(guard->host.root, guard->uuid, &claim))
		return false;
	guard->claim.is_running = claim.is_running;
	guard->claim.pid = claim.pid;
	guard->claim.started = claim.started;
	guard->claim.deadline = claim.deadline;
	claim_free(&claim);
	watch_process(guard);
	if (guard->claim.is_running)
		let_go_of_absent_disks(guard);
	return true;
}

/* --- the loop ----------------------------------------------------------------------------------------------------- */

static int time_to_wait(const struct guard *guard)
{
	uint64_t now = claims_now(), left = RETRY_TIME;

	/* Where the kernel gives no pidfd, the process is looked at now and then. */
	if (guard->claim.is_running && !guard->is_missing && guard->process >= 0)
		return -1;
	if (!guard->claim.is_running && !guard->is_missing)
		left = guard->claim.deadline > now ? guard->claim.deadline - now : 0;
	return left > INT32_MAX ? INT32_MAX : (int)left;
}

static void drain(int fd)
{
	char events[4096];

	while (read(fd, events, sizeof(events)) > 0)
		;
}

/* Returns the exit code. */
static int watch(struct guard *guard)
{
	for (;;) {
		struct pollfd ready[] = { { guard->process, POLLIN, 0 },
					  { guard->changes, POLLIN, 0 },
					  { guard->signals, POLLIN, 0 },
					  { guard->retune.watch, POLLIN, 0 },
					  { retune_bus_fd(&guard->retune), POLLIN, 0 } };
		int n = poll(ready, ARRAY_SIZE(ready), retune_time(&guard->retune, time_to_wait(guard)));

		if (n < 0 && errno != EINTR)
			return EXIT_FAILURE;
		if (ready[2].revents != 0)
			return EXIT_SUCCESS;
		if (ready[1].revents != 0) {
			drain(guard->changes);
			if (!read_again(guard))
				return end(guard);
		}
		if (ready[0].revents != 0 || !claims_is_alive(guard->host.root, &guard->claim)) {
			const struct reconcile_change nothing = { .remove = NULL };

			/* It may have a process that nobody told us of: then the claim runs after this. */
			if (!guard->claim.is_running) {
				guard->host.deadline = claims_clock() + END_TIME;
				(void)reconcile(&guard->host, &nothing, NULL);
				if (read_again(guard) && guard->claim.is_running)
					continue;
			}
			return end(guard);
		}
		if (ready[3].revents != 0)
			retune_note(&guard->retune);
		if (ready[4].revents != 0)
			(void)retune_note_bus(&guard->retune);
		retune_run(&guard->retune, &guard->host);
		if (guard->is_missing) {
			guard->is_missing = false;
			take_inhibitor(guard);
			(void)take_disks(guard);
		}
	}
}

static int open_watches(struct guard *guard)
{
	/* inotify has no openat(): through the descriptor. */
	cleanup_close int directory = root_open(guard->host.root, PATH_CLAIMS, O_PATH | O_DIRECTORY, 0);
	cleanup_free char *path = util_format("/proc/self/fd/%d", directory);
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	guard->signals = signalfd(-1, &set, SFD_CLOEXEC);
	guard->changes = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (directory < 0 || guard->signals < 0 || guard->changes < 0 ||
	    inotify_add_watch(guard->changes, path, IN_MOVED_TO | IN_DELETE) < 0)
		return -errno;
	return 0;
}

static int run(struct guard *guard)
{
	int result = open_watches(guard), code = EXIT_REFUSED;

	if (result < 0) {
		log_error("cannot watch " PATH_CLAIMS ": %s; the guest has no guard", strerror(-result));
		return EXIT_FAILURE;
	}
	if (!claims_find(guard->host.root, guard->uuid, &guard->claim)) {
		(void)sd_notify(0, "READY=1\nSTATUS=There is no such claim");
		return EXIT_SUCCESS;
	}
	guard->disks = util_alloc((guard->claim.n_disks + 1) * sizeof(*guard->disks));
	for (size_t i = 0; i < guard->claim.n_disks; i++)
		guard->disks[i] = -1;
	take_stored(guard);
	guard->lock = claims_be_guard(guard->host.root, guard->uuid);
	if (take_disks(guard)) {
		take_inhibitor(guard);
		watch_process(guard);
		retune_open(&guard->retune, guard->host.root, &guard->claim);
		(void)sd_notifyf(0, "READY=1\nSTATUS=Guards guest %s", guard->claim.name);
		code = watch(guard);
		retune_close(&guard->retune);
	}
	claims_end_guard(guard->host.root, guard->uuid);
	return code;
}

int main(int argc, char **argv)
{
	struct guard guard = { .inhibitor = -1, .process = -1, .changes = -1, .lock = -1, .signals = -1 };
	char uuid[UUID_SIZE];

	if (argc == 2 && (streq(argv[1], "-h") || streq(argv[1], "--help"))) {
		puts("Usage: " PROGRAM " UUID\n\nHolds what the guest with this UUID claims until it ends. Started by "
		     "systemd as\n" PROGRAM "@UUID.service, which vfio-hook asks for. See " PROGRAM "(8).");
		return EXIT_SUCCESS;
	}
	if (argc == 2 && streq(argv[1], "--version")) {
		puts(PROGRAM " " VFIOKIT_VERSION);
		return EXIT_SUCCESS;
	}
	if (argc != 2 || !uuid_copy(uuid, argv[1])) {
		fputs(PROGRAM ": expected the UUID of a guest; nothing was changed, try '" PROGRAM " --help'\n",
		      stderr);
		return 2;
	}
	guard.uuid = uuid;
	guard.host = (struct host){ .root = root_set("/"), .is_live = true, .has_journal = true };
	guard.host.deadline = UINT64_MAX;
	log_setup(PROGRAM, false, -1);
	host_log_to_journal(PROGRAM);
	return run(&guard);
}
