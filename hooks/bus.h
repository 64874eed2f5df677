/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What we ask systemd, logind and power-profiles-daemon for. Every call ends at the deadline of its connection,
 * whatever the other side does. All functions return 0 or a negative errno.
 */
#ifndef VFIOKIT_HOOKS_BUS_H
#define VFIOKIT_HOOKS_BUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/cpulist.h"

struct bus;

/* Connects to the system bus. deadline: of claims_clock(), for this and all calls until bus_set_deadline(). */
int bus_open(struct bus **ret, uint64_t deadline);
void bus_set_deadline(struct bus *bus, uint64_t deadline);
void bus_close(struct bus *bus); /* NULL is fine */

/* What stood in the last error reply, for messages; "" if there was none. */
const char *bus_error(const struct bus *bus);

/* AllowedCPUs of a slice, scope or service. -ENOENT: systemd does not know it. Set at run time, gone after a boot. */
int bus_get_allowed_cpus(void *bus, const char *unit, struct cpulist *ret);
int bus_set_allowed_cpus(void *bus, const char *unit, const struct cpulist *cpus);

/* Starts a unit, or does nothing if it runs. Does not wait for it. */
int bus_start_unit(struct bus *bus, const char *unit);

/* Starts a unit anew and waits until that is done: -ECANCELED if systemd says that it failed. */
int bus_restart_unit(struct bus *bus, const char *unit);

/* Stops a unit and waits until that is done. One that does not run is fine. */
int bus_stop_unit(struct bus *bus, const char *unit);

/*
 * Moves this process into a new scope below a slice, and waits until it is there. The scope goes with its last process;
 * systemd makes the slice if there is none.
 */
int bus_enter_scope(struct bus *bus, const char *scope, const char *slice, const char *description);

/* ActiveState of a unit, owned by the caller. */
int bus_unit_state(struct bus *bus, const char *unit, char **ret);

/* When a unit last went from one state to another, reloads included (microseconds since 1970). */
int bus_unit_changed(struct bus *bus, const char *unit, uint64_t *ret);

struct bus_inhibitor {
	char *what, *who, *why; /* owned; printable */
};

/* All inhibitors of mode block that logind knows of. Free each of their words and the array. */
int bus_list_inhibitors(struct bus *bus, struct bus_inhibitor **ret, size_t *ret_n);

/*
 * An inhibitor of logind, of mode block. ret_fd: it holds while this descriptor or a copy of it is open. -EAGAIN: what
 * is to be blocked is under way right now; ask again later.
 */
int bus_inhibit(struct bus *bus, const char *what, const char *who, const char *why, int *ret_fd);

#define BUS_PROFILE "performance"

/*
 * ret: the name that power-profiles-daemon has on the bus, if it runs and knows that profile; else NULL. It
 * is not started for that. An error: nobody knows whether it does.
 */
int bus_find_profiles(struct bus *bus, const char **ret);

/* Has it hold that profile as long as this connection lives, or until the user chooses another one. */
int bus_hold_performance(struct bus *bus, const char *daemon, const char *who, const char *why);

/* Whether it holds that profile for this caller of bus_hold_performance(). */
int bus_has_hold(struct bus *bus, const char *daemon, const char *who, const char *why, bool *ret);

/* The profile that is active; free it. A hold of "power-saver" wins over ours (power-profiles-daemon's documentation).
 */
int bus_active_profile(struct bus *bus, const char *daemon, char **ret);

/* From now on bus_fd() has input when power-profiles-daemon comes or goes, and bus_profiles_changed() says so. */
int bus_watch_profiles(struct bus *bus);
int bus_fd(const struct bus *bus);

/* Takes what has come. Returns 1 if it came or went, 0 if not, or a negative errno: the connection is of no use. */
int bus_profiles_changed(struct bus *bus);

#endif
