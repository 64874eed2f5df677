/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files of shared memory (/dev/shm) that guests share with programs of the host: there before the guest starts, with
 * the owner that the program needs; removed behind the last guest that wants them.
 *
 * What we make is made without a name, remembered in /run, and only then gets its name: so it is either whole and
 * known to be ours, or not there. What was there before is never changed and never removed.
 */
#ifndef VFIOKIT_HOOKS_SHM_H
#define VFIOKIT_HOOKS_SHM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "hooks/claims.h"

/* Reads a list of NAME SIZE USER:GROUP, at least one, no name twice. value is cut. */
bool shm_parse_list(char *value, struct shm_want ret[static SHM_MAX], size_t *ret_count);

/* Looks the user and the group up, unless they are numbers. Returns NULL or what is wrong; owned by the caller. */
char *shm_resolve(int root, const struct shm_want *want, struct shm_file *ret);

/* One of them as it stands in a claim: "SIZE UID GID NAME". */
bool shm_parse_file(char *value, struct shm_file *ret);
char *shm_format_file(const struct shm_file *file); /* owned by the caller */

/*
 * Removes files of ours that no claim wants, and makes those of this guest, which is among the claims; NULL: nobody
 * starts. Takes the lock of the hooks as held. Returns 0 or a negative errno, which was logged; ret_why: the sentence
 * for the user if one cannot be had as it is wanted, owned by the caller, or NULL.
 */
int shm_apply(int root, const struct claims *claims, const struct claim *start, char **ret_why);

/* The text of the record: "NAME DEVICE INODE" a line. For tests. */
struct shm_record {
	char name[SHM_NAME_SIZE];
	uint64_t device, inode;
};

struct shm_records {
	struct shm_record *items; /* owned */
	size_t count;
};

bool shm_parse_records(struct shm_records *records, const char *text, size_t length);
char *shm_format_records(const struct shm_records *records);

#endif
