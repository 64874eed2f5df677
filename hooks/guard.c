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

#include "hooks/guard.h"
#include "hooks/held.h"
#include "hooks/reconcile.h"
#include "lib/log.h"
#include "lib/paths.h"
#include "lib/root.h"

#define PROGRAM "vfio-guard"

/* A disk of the guest is in use by the host: systemd does not start us again then. */
#define EXIT_REFUSED 3

/* How often claims are looked at that cannot be watched; a last try to give everything back may take that (ms). */
#define LOOK_TIME 1000
#define END_TIME 30000

/* --- the life of the guest ---------------------------------------------------------------------------------------- */

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

static bool is_same_life(const struct claim *a, const struct claim *b)
{
	if (a->is_running)
		return b->is_running && a->pid == b->pid && a->started == b->started;
	return b->is_running || a->deadline == b->deadline;
}

/* It runs: what it claims is what this claim says, whatever we held before. */
static void guard_running(struct guard *guard, struct claim *claim, bool is_same)
{
	guard_take_over(guard, claim, is_same);
	if (guard->retune.tune != guard->claim.tune) {
		retune_close(&guard->retune);
		retune_open(&guard->retune, guard->host.root, &guard->claim);
	}
	watch_process(guard);
}

/*
 * Returns false if the claim is gone; one that cannot be read is as it was. It may be that of the guest's next life,
 * which was faster than we: then we are its guard. One that is pending has the hook start us anew, so what we hold
 * stays until then.
 */
static bool read_claim(struct guard *guard)
{
	cleanup_free char *before = claim_format(&guard->claim), *after = NULL;
	struct claim claim;
	bool is_same;

	if (!claims_find(guard->host.root, guard->uuid, &claim))
		return claims_exists(guard->host.root, guard->uuid);
	after = claim_format(&claim);
	is_same = is_same_life(&guard->claim, &claim);
	if (!is_same) {
		util_close_fd(&guard->process);
		guard->process = -1;
	}
	if (claim.is_running && !streq(before, after)) {
		guard_running(guard, &claim, is_same);
	} else if (!is_same) {
		guard->claim.is_running = false;
		guard->claim.pid = 0;
		guard->claim.started = 0;
		guard->claim.deadline = claim.deadline;
	}
	claim_free(&claim);
	return true;
}

static bool is_alive(const struct guard *guard)
{
	struct pollfd process = { guard->process, POLLIN, 0 };

	return claims_is_alive(guard->host.root, &guard->claim) && poll(&process, 1, 0) <= 0;
}

static void reconcile_now(struct guard *guard, const struct reconcile_change *change)
{
	guard->host.deadline = claims_clock() + END_TIME;
	(void)reconcile(&guard->host, change, NULL);
	host_close(&guard->host);
	guard->host.has_no_bus = false;
	guard->host.deadline = UINT64_MAX;
}

/* Returns false if the claim is gone (the hook wants everything back), or its guest. */
static bool has_guest(struct guard *guard)
{
	const struct reconcile_change nothing = { .remove = NULL };

	if (!read_claim(guard))
		return false;
	/* It may have a process that nobody told us of: then the claim runs after this. */
	if (!guard->claim.is_running && !is_alive(guard)) {
		reconcile_now(guard, &nothing);
		if (!read_claim(guard))
			return false;
	}
	return is_alive(guard);
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

	guard_let_go(guard);
	reconcile_now(guard, &change);
	return has_new_claim(guard) ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* --- the loop ----------------------------------------------------------------------------------------------------- */

/* Without it we look now and then: a host may have no instance of inotify left. */
static int watch_claims(struct guard *guard)
{
	/* inotify has no openat(): through the descriptor. */
	cleanup_close int directory = root_open(guard->host.root, PATH_CLAIMS, O_PATH | O_DIRECTORY, 0);
	cleanup_free char *path = util_format("/proc/self/fd/%d", directory);
	cleanup_close int changes = -1;

	if (guard->changes >= 0)
		return 0;
	if (directory < 0)
		return directory;
	changes = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (changes < 0 || inotify_add_watch(changes, path, IN_MOVED_TO | IN_DELETE) < 0)
		return -errno;
	guard->changes = changes;
	changes = -1;
	return 0;
}

static int time_to_wait(const struct guard *guard)
{
	uint64_t now = claims_now(), left = INT32_MAX;

	/* Where the kernel gives no pidfd, the process is looked at now and then. */
	if (guard->is_missing || (guard->claim.is_running && guard->process < 0))
		left = GUARD_RETRY_TIME;
	else if (!guard->claim.is_running)
		left = guard->claim.deadline > now ? guard->claim.deadline - now : 0;
	if (guard->changes < 0 && left > LOOK_TIME)
		left = LOOK_TIME;
	return left >= INT32_MAX ? -1 : (int)left;
}

static void drain(int fd)
{
	char events[4096];

	while (fd >= 0 && read(fd, events, sizeof(events)) > 0)
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
		if (ready[3].revents != 0)
			retune_note(&guard->retune);
		if (ready[4].revents != 0)
			(void)retune_note_bus(&guard->retune);
		drain(guard->changes);
		(void)watch_claims(guard);
		if (!has_guest(guard))
			return end(guard);
		retune_run(&guard->retune, &guard->host);
		if (guard->is_missing)
			(void)guard_take(guard);
	}
}

static int open_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

static int run(struct guard *guard)
{
	int result = watch_claims(guard), code = EXIT_REFUSED;

	guard->signals = open_signals();
	if (!claims_find(guard->host.root, guard->uuid, &guard->claim)) {
		(void)sd_notify(0, "READY=1\nSTATUS=There is no such claim");
		return EXIT_SUCCESS;
	}
	if (result < 0)
		log_warning("cannot watch " PATH_CLAIMS ": %s; they are looked at every %d ms", strerror(-result),
			    LOOK_TIME);
	guard_take_stored(guard);
	guard->lock = claims_be_guard(guard->host.root, guard->uuid);
	if (guard_take(guard)) {
		watch_process(guard);
		retune_open(&guard->retune, guard->host.root, &guard->claim);
		(void)sd_notifyf(0, "READY=1\nSTATUS=Guards guest %s", guard->claim.name);
		code = watch(guard);
		retune_close(&guard->retune);
	}
	held_remove(guard->host.root, guard->uuid);
	claims_end_guard(guard->host.root, guard->uuid);
	return code;
}

int main(int argc, char **argv)
{
	struct guard guard = { .inhibitor = -1, .process = -1, .changes = -1, .lock = -1, .signals = -1 };
	char uuid[UUID_SIZE];
	int code;

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
	code = run(&guard);
	free(guard.disks);
	claim_free(&guard.claim);
	return code;
}
