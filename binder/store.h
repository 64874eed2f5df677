/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where reports are kept: run/vfiokit/bind.json, and for the run as PID 1, whose /run is covered by the next mount,
 * dev/.vfiokit/bind.json. The first report of a boot is never replaced; later ones are appended to its "runs".
 */
#ifndef VFIOKIT_STORE_H
#define VFIOKIT_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/bdf.h"
#include "lib/sysfs.h"

struct cJSON;

/*
 * Keeps a report in the directory (PATH_RUN or PATH_RUN_PID1). The document is taken over, whatever the result: 0, or a
 * negative errno.
 */
int store_add(int root, const char *directory, struct cJSON *document);

/* Moves what a run as PID 1 left to its proper place, in front of what may be there. Nothing to move is fine. */
int store_adopt(int root);

/* Reads this boot's reports, from wherever they are. NULL if there are none. Owned by the caller. */
struct cJSON *store_read(int root);

/*
 * One run at a time: waits until no other one has the directory, but not beyond the deadline (child_now() time); then
 * goes on without, because a boot must not wait for ever. Children share the lock: it is held until the last of them
 * has ended or store_unlock() is called, which takes it from children that hang, too.
 */
struct store_lock {
	int root;
	const char *directory; /* borrowed */
	int fd;                /* -1: not held */
};
void store_lock(struct store_lock *lock, int root, const char *directory, uint64_t deadline);
void store_unlock(struct store_lock *lock);

/* What the first run of this boot makes of automatic disarm. */
struct store_first {
	bool is_down;                 /* it stood down */
	bool is_covered;              /* it noted its policy, or found it proven */
	bool is_uncalled;             /* nobody asked yet: there was no run, or only a boot with nothing to bind */
	char digest[SYSFS_NAME_SIZE]; /* of its policy, as the report has it */
};
void store_first(int root, struct store_first *ret);

/*
 * The devices that hung a run of this boot: whoever touches one may hang as well. Returns their addresses, owned by the
 * caller, NULL if there are none.
 */
struct bdf *store_stuck(int root, size_t *ret_count);

#endif
