/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The claims of all guests, as files, under one lock; and what /proc says about their processes. */
#ifndef VFIOKIT_HOOKS_CLAIMS_H
#define VFIOKIT_HOOKS_CLAIMS_H

#include "hooks/claim.h"

struct claims {
	struct claim *items; /* owned; by UUID */
	size_t count;
};

/* CLOCK_BOOTTIME in ms: the deadlines of claims are points on it, because a guest does not start while the host sleeps.
 */
uint64_t claims_now(void);

/* CLOCK_MONOTONIC in ms: the deadlines of our own work. */
uint64_t claims_clock(void);

/*
 * Takes the lock of the hooks, and waits for it until the deadline (claims_clock()). Close it to give it back; it goes
 * with the process. Returns a descriptor or a negative errno: -ETIMEDOUT if another call holds it too long.
 */
int claims_lock(int root, uint64_t deadline);

/* The same with another file of PATH_RUN. */
int claims_lock_file(int root, const char *path, uint64_t deadline);

/* In a child process: lets go of its copy of that lock, which would outlive the parent's. */
void claims_leave_lock(void);

/* Reads them all. A file that is no claim is passed over. Free them with claims_free(). */
void claims_read(int root, struct claims *claims);
void claims_free(struct claims *claims);

/* One claim. Returns false if there is none, or it cannot be read. */
bool claims_find(int root, const char *uuid, struct claim *ret);

/* Is there the file of one, whether it can be read or not? */
bool claims_exists(int root, const char *uuid);

int claims_write(int root, const struct claim *claim);
int claims_remove(int root, const char *uuid);

/* When the process started: field 22 of its stat. 0 if there is none, or it is a zombie. */
uint64_t claims_process_start(int root, pid_t pid);

/*
 * A guard holds the lock of a file of its own as long as it lives, and removes it when it has given everything back.
 * claims_be_guard() takes it: a descriptor, or a negative errno. claims_guard_has_ended() waits for that end until the
 * deadline (claims_clock()); false: it still lives, or was killed. claims_end_guard() removes the file.
 */
int claims_be_guard(int root, const char *uuid);
bool claims_guard_has_ended(int root, const char *uuid, uint64_t deadline);
void claims_end_guard(int root, const char *uuid);

bool claims_is_alive(int root, const struct claim *claim);

/*
 * The process of a guest, by libvirt's pid file, and only if its command line has the guest's UUID: pids are used
 * again. Returns false if there is none.
 */
bool claims_find_process(int root, const struct claim *claim, pid_t *ret_pid, uint64_t *ret_started);

#endif
