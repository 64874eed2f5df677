/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/guard.h"

#include <errno.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "hooks/conf.h"
#include "hooks/disks.h"
#include "hooks/held.h"
#include "lib/file.h"
#include "lib/log.h"
#include "lib/paths.h"

/* For logind, and for systemd to let go (ms). */
#define BUS_TIME 3000

/* What a descriptor is called in systemd's store. */
#define STORED_DISK "disk"

/* --- systemd's store --------------------------------------------------------------------------------------------- */

/* Only one with these words can be used again. */
static char *inhibitor_name(const struct claim *claim)
{
	return util_format("inhibitor-%u", claim->inhibit);
}

static void store(int fd, const char *name)
{
	cleanup_free char *state = util_format("FDSTORE=1\nFDNAME=%s", name);

	(void)sd_pid_notify_with_fds(0, 0, state, &fd, 1);
}

/* What systemd keeps for us holds as well as our own. */
static void forget_stored(const char *name)
{
	(void)sd_notifyf(0, "FDSTOREREMOVE=1\nFDNAME=%s", name);
}

/* It forgets by name, so all disks; what is still held is kept anew. Waits until systemd has done that. */
static void forget_stored_disks(const struct guard *guard)
{
	forget_stored(STORED_DISK);
	for (size_t i = 0; i < guard->claim.n_disks; i++)
		if (guard->disks[i].fd >= 0)
			store(guard->disks[i].fd, STORED_DISK);
	(void)sd_notify_barrier(0, (uint64_t)BUS_TIME * 1000);
}

/* --- disks ------------------------------------------------------------------------------------------------------- */

static void clear_disks(struct guard *guard)
{
	guard->disks = util_alloc((guard->claim.n_disks + 1) * sizeof(*guard->disks));
	for (size_t i = 0; i < guard->claim.n_disks; i++)
		guard->disks[i].fd = -1;
}

/* By its number. Its name may be another one than in the claim, or lead nowhere for the moment: then by former, if any.
 */
static bool keep_disk(struct guard *guard, int fd, const char *former)
{
	for (size_t i = 0; i < guard->claim.n_disks; i++) {
		const struct domain_disk *disk = &guard->claim.disks[i];
		bool is_it = disk->is_held && guard->disks[i].fd < 0 &&
			     (disks_is_same(guard->host.root, disk->path, fd) ||
			      (former != NULL && streq(former, disk->path) && disks_is_present(guard->host.root, fd)));

		if (is_it) {
			guard->disks[i].fd = fd;
			return true;
		}
	}
	return false;
}

/* A disk may stand in the claim by several names; two controllers may lead to one. */
static bool is_held_by_another_name(const struct guard *guard, const char *path)
{
	for (size_t i = 0; i < guard->claim.n_disks; i++)
		if (guard->disks[i].fd >= 0 && disks_is_same(guard->host.root, path, guard->disks[i].fd))
			return true;
	return false;
}

/* Returns the reason why the guest must not start, or NULL. Owned by the caller. */
static char *take_disk(struct guard *guard, size_t i)
{
	const struct domain_disk *disk = &guard->claim.disks[i];
	struct guard_disk *held = &guard->disks[i];
	char *why, *sentence;
	int fd;

	if (held->fd >= 0 || held->is_gone || (guard->claim.is_running && !disk->is_held) ||
	    is_held_by_another_name(guard, disk->path))
		return NULL;
	fd = disks_take(guard->host.root, disk->path, guard->uuid, &why);
	held->is_absent = fd == -ENOENT;
	if (fd >= 0 && disk->is_held) {
		held->fd = fd;
		store(fd, STORED_DISK);
	} else if (fd >= 0) {
		close(fd);
	}
	if (why == NULL)
		return NULL;
	sentence = util_format("%s: %s", disk->path, why);
	free(why);
	return sentence;
}

static void refuse(const struct guard *guard, const char *why)
{
	cleanup_free char *path = util_format(PATH_REFUSED "/%s", guard->uuid);

	log_error("guest %s: %s", guard->claim.name, why);
	(void)file_write(guard->host.root, path, why, strlen(why));
}

/* Before the guest runs a busy disk refuses the start; afterwards it can only be said, loudly, and tried again. */
static bool take_disks(struct guard *guard)
{
	for (size_t i = 0; i < guard->claim.n_disks; i++) {
		cleanup_free char *why = take_disk(guard, i);
		bool was_said = guard->disks[i].is_said;

		guard->disks[i].is_said = why != NULL;
		if (why != NULL && !guard->claim.is_running) {
			refuse(guard, why);
			return false;
		}
		if (why != NULL && !was_said)
			log_error("guest %s: %s; THE GUEST IS USING IT TOO, its content is at risk; tried again every "
				  "%d s",
				  guard->claim.name, why, GUARD_RETRY_TIME / 1000);
		if (why == NULL && was_said)
			log_info("guest %s: %s: nobody else has it any more", guard->claim.name,
				 guard->claim.disks[i].path);
		guard->is_missing = guard->is_missing || why != NULL;
	}
	return true;
}

/* --- the inhibitor ----------------------------------------------------------------------------------------------- */

static void take_inhibitor(struct guard *guard)
{
	cleanup_free char *what = conf_inhibit_words(guard->claim.inhibit), *stored = inhibitor_name(&guard->claim);
	cleanup_free char *name = util_copy_printable(guard->claim.name), *why = util_format(CLAIM_INHIBITOR_WHY, name);
	bool was_said = guard->is_inhibitor_said;
	struct bus *bus = NULL;
	int result;

	if (guard->claim.inhibit == 0 || guard->inhibitor >= 0)
		return;
	result = bus_open(&bus, claims_clock() + BUS_TIME);
	if (result == 0)
		result = bus_inhibit(bus, what, CLAIM_INHIBITOR_WHO, why, &guard->inhibitor);
	bus_close(bus);
	guard->is_inhibitor_said = result < 0;
	guard->is_missing = guard->is_missing || result < 0;
	if (result < 0 && !was_said)
		log_warning("guest %s: cannot block %s: %s; tried again every %d s", name, what, strerror(-result),
			    GUARD_RETRY_TIME / 1000);
	if (result == 0 && was_said)
		log_info("guest %s: logind blocks %s now", name, what);
	if (result == 0)
		store(guard->inhibitor, stored);
}

static void let_go_of_inhibitor(struct guard *guard, const struct claim *claim)
{
	cleanup_free char *stored = inhibitor_name(claim);

	if (guard->inhibitor < 0)
		return;
	forget_stored(stored);
	util_close_fd(&guard->inhibitor);
	guard->inhibitor = -1;
}

/* --- all of it --------------------------------------------------------------------------------------------------- */

/* For status, and for the hook, which waits for a guard. */
static void say_held(const struct guard *guard)
{
	enum held_state *states = util_alloc((guard->claim.n_disks + 1) * sizeof(*states));
	int result;

	for (size_t i = 0; i < guard->claim.n_disks; i++) {
		const struct guard_disk *disk = &guard->disks[i];

		if (disk->fd >= 0 || is_held_by_another_name(guard, guard->claim.disks[i].path))
			states[i] = HELD_HELD;
		else if (disk->is_absent || disk->is_gone)
			states[i] = HELD_ABSENT;
	}
	result = held_write(guard->host.root, &guard->claim, states);
	if (result < 0)
		log_warning(PATH_HELD "/%s: cannot be written: %s; 'vfio-hook status' does not see what is held",
			    guard->uuid, strerror(-result));
	free(states);
}

bool guard_take(struct guard *guard)
{
	guard->is_missing = false;
	if (!take_disks(guard))
		return false;
	take_inhibitor(guard);
	say_held(guard);
	return true;
}

void guard_take_stored(struct guard *guard)
{
	cleanup_free char *inhibitor = inhibitor_name(&guard->claim);
	char **names = NULL;
	int n = sd_listen_fds_with_names(1, &names);
	bool is_old = false;

	clear_disks(guard);
	for (int i = 0; i < n; i++) {
		int fd = SD_LISTEN_FDS_START + i;
		bool is_kept = false;

		if (streq(names[i], STORED_DISK)) {
			is_kept = keep_disk(guard, fd, NULL);
		} else if (streq(names[i], inhibitor) && guard->inhibitor < 0 && guard->claim.inhibit != 0) {
			guard->inhibitor = fd;
			is_kept = true;
		}
		if (!is_kept) {
			is_old = true;
			close(fd);
			if (!streq(names[i], STORED_DISK))
				forget_stored(names[i]);
		}
		free(names[i]);
	}
	free(names);
	if (is_old)
		forget_stored_disks(guard);
}

/* Returns whether any is held no more. */
static bool take_over_disks(struct guard *guard, const struct claim *former, const struct guard_disk *disks,
			    bool is_same_life)
{
	bool is_any_old = false;

	for (size_t i = 0; i < former->n_disks; i++) {
		const char *path = is_same_life ? former->disks[i].path : NULL;
		bool is_old = disks[i].fd >= 0 && !keep_disk(guard, disks[i].fd, path);

		if (is_old)
			close(disks[i].fd);
		is_any_old = is_any_old || is_old;
		for (size_t j = 0; path != NULL && (is_old || disks[i].is_gone) && j < guard->claim.n_disks; j++)
			guard->disks[j].is_gone = guard->disks[j].is_gone || streq(guard->claim.disks[j].path, path);
	}
	return is_any_old;
}

void guard_take_over(struct guard *guard, struct claim *claim, bool is_same_life)
{
	struct guard_disk *disks = guard->disks;
	struct claim former = guard->claim;

	guard->claim = *claim;
	*claim = (struct claim){ 0 };
	clear_disks(guard);
	if (take_over_disks(guard, &former, disks, is_same_life))
		forget_stored_disks(guard);
	if (former.inhibit != guard->claim.inhibit || !streq(former.name, guard->claim.name))
		let_go_of_inhibitor(guard, &former);
	free(disks);
	claim_free(&former);
	(void)guard_take(guard);
}

void guard_let_go(struct guard *guard)
{
	bool has_any = guard->inhibitor >= 0;

	let_go_of_inhibitor(guard, &guard->claim);
	for (size_t i = 0; i < guard->claim.n_disks; i++) {
		has_any = has_any || guard->disks[i].fd >= 0;
		util_close_fd(&guard->disks[i].fd);
		guard->disks[i].fd = -1;
	}
	if (has_any)
		forget_stored_disks(guard);
}
