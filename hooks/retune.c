/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/retune.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/inotify.h>

#include "hooks/claims.h"
#include "hooks/conf_guest.h"
#include "hooks/reconcile.h"
#include "lib/log.h"
#include "lib/paths.h"
#include "lib/root.h"
#include "lib/util.h"

/* A daemon that has just made its socket does not listen yet (ms). */
#define SETTLE_TIME 500
#define RETRY_TIME 3000
#define TRIES 4

/* For one look at everything (ms). */
#define RECONCILE_TIME 10000

/* For power-profiles-daemon: the hook waits for the guard, which waits for logind as well. */
#define BUS_TIME 1000

/* inotify has no openat(): through the descriptor. */
static void watch_directory(const struct retune *retune, int root, const char *path, uint32_t events)
{
	cleanup_close int directory = root_open(root, path, O_PATH | O_DIRECTORY, 0);
	cleanup_free char *name = util_format("/proc/self/fd/%d", directory);

	if (directory >= 0)
		(void)inotify_add_watch(retune->watch, name, events);
}

static void look_soon(struct retune *retune)
{
	retune->tries = TRIES;
	retune->due = claims_clock() + SETTLE_TIME;
}

static void close_bus(struct retune *retune)
{
	bus_close(retune->bus);
	retune->bus = NULL;
	retune->is_held = false;
}

/* systemd makes the directory of irqbalance when that starts, and removes it when it ends. */
static void watch_irqbalance(const struct retune *retune, int root)
{
	watch_directory(retune, root, "run", IN_CREATE | IN_MOVED_TO | IN_ONLYDIR);
	watch_directory(retune, root, PATH_IRQBALANCE, IN_CREATE | IN_MOVED_TO | IN_ONLYDIR);
}

static void open_bus(struct retune *retune, uint64_t deadline)
{
	if (bus_open(&retune->bus, deadline) < 0)
		retune->bus = NULL;
	else if (bus_watch_profiles(retune->bus) < 0)
		close_bus(retune);
}

/* power-profiles-daemon takes the slowest profile that anybody has it hold. */
static void say_held(const struct retune *retune, const char *daemon)
{
	cleanup_free char *active = NULL;

	if (bus_active_profile(retune->bus, daemon, &active) == 0 && !streq(active, BUS_PROFILE))
		log_warning("guest %s: power-profiles-daemon holds the profile performance, but '%s' is active, "
			    "because somebody "
			    "else wants that; see 'powerprofilesctl list-holds'; the guest's CPUs may run slower until "
			    "that ends",
			    retune->name, active);
	else
		log_info("guest %s: power-profiles-daemon holds the profile performance", retune->name);
}

static bool ask_to_hold(struct retune *retune)
{
	cleanup_free char *why = util_format(CLAIM_INHIBITOR_WHY, retune->name);
	uint64_t deadline = claims_clock() + BUS_TIME;
	const char *daemon;
	int result;

	if (retune->bus == NULL)
		open_bus(retune, deadline);
	if (retune->bus == NULL)
		return false;
	bus_set_deadline(retune->bus, deadline);
	result = bus_find_profiles(retune->bus, &daemon);
	if (result == 0 && daemon == NULL)
		return true;
	if (result == 0)
		result = bus_hold_performance(retune->bus, daemon, CLAIM_INHIBITOR_WHO, why);
	if (result < 0) {
		log_warning("guest %s: power-profiles-daemon does not hold the profile performance: %s %s; tried again "
			    "%s",
			    retune->name, strerror(-result), bus_error(retune->bus),
			    retune->tries > 0 ? "soon" : "when it is restarted");
		return false;
	}
	retune->is_held = true;
	say_held(retune, daemon);
	return true;
}

/*
 * Returns false if that is to be tried again. What the bus sent while an answer was waited for stands in the queue of
 * the connection, for which its descriptor never becomes readable: that the daemon went, perhaps with our hold.
 */
static bool hold_profile(struct retune *retune)
{
	bool is_well = ask_to_hold(retune);

	return (retune->bus == NULL || retune_note_bus(retune)) && is_well;
}

void retune_open(struct retune *retune, int root, const struct claim *claim)
{
	*retune = (struct retune){ .tune = claim->tune, .root = root, .watch = -1 };
	retune->name = util_copy_printable(claim->name);
	if ((retune->tune & (TUNE_IRQS | TUNE_GOVERNOR)) != 0)
		look_soon(retune);
	if ((retune->tune & TUNE_GOVERNOR) != 0)
		(void)hold_profile(retune);
	if ((retune->tune & TUNE_IRQS) != 0) {
		retune->watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
		watch_irqbalance(retune, root);
	}
}

void retune_close(struct retune *retune)
{
	util_close_fd(&retune->watch);
	retune->watch = -1;
	close_bus(retune);
	free(retune->name);
	retune->name = NULL;
}

int retune_bus_fd(const struct retune *retune)
{
	return retune->bus != NULL ? bus_fd(retune->bus) : -1;
}

/* A hold ends with the daemon that has it, and with our connection; not when the user chooses another profile. */
bool retune_note_bus(struct retune *retune)
{
	int result = bus_profiles_changed(retune->bus);

	if (result < 0)
		close_bus(retune);
	if (result != 0) {
		retune->is_held = false;
		look_soon(retune);
	}
	return result == 0;
}

/* In /run other things come and go as well. */
void retune_note(struct retune *retune)
{
	char events[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
	ssize_t n = read(retune->watch, events, sizeof(events));

	for (ssize_t at = 0; at < n;) {
		const struct inotify_event *event = (const void *)(events + at);

		if (event->len > 0 && starts_with(event->name, "irqbalance")) {
			watch_irqbalance(retune, retune->root);
			look_soon(retune);
		}
		at += (ssize_t)(sizeof(*event) + event->len);
	}
}

int retune_time(const struct retune *retune, int time)
{
	uint64_t clock = claims_clock();
	int own = retune->due > clock ? (int)(retune->due - clock) : 0;

	if (retune->tries == 0)
		return time;
	return time < 0 || own < time ? own : time;
}

void retune_run(struct retune *retune, struct host *host)
{
	const struct reconcile_change nothing = { .remove = NULL };
	struct reconcile_outcome outcome;
	bool is_well;

	if (retune->tries == 0 || claims_clock() < retune->due)
		return;
	host->deadline = claims_clock() + RECONCILE_TIME;
	(void)reconcile(host, &nothing, &outcome);
	host_close(host);
	host->has_no_bus = false;
	host->deadline = UINT64_MAX;
	is_well = outcome.tuning == 0;
	retune->tries--;
	retune->due = claims_clock() + RETRY_TIME;
	if ((retune->tune & TUNE_GOVERNOR) != 0 && !retune->is_held)
		is_well = hold_profile(retune) && is_well;
	if (is_well)
		retune->tries = 0;
}
