/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Block devices, what they are made of, and the PCI functions at the end. */
#ifndef VFIOKIT_NEEDS_BLOCKS_H
#define VFIOKIT_NEEDS_BLOCKS_H

#include "binder/needs.h"

struct block {
	char name[SYSFS_NAME_SIZE]; /* as the kernel's: "nvme0n1p2", "cciss!c0d0" */
	char *target;               /* owned; where sys/class/block/NAME leads: it names the PCI functions on the way */
	bool is_used;
};

struct blocks {
	int root;
	struct needs *needs; /* borrowed; where uses go */
	struct block *items; /* owned */
	size_t count;
};

/* Lists all block devices. Returns 0 or a negative errno (-ENOENT: the root shows none). needs and root are set. */
int blocks_read(struct blocks *blocks);
void blocks_free(struct blocks *blocks);

/* NULL if there is none of that name. */
struct block *blocks_find(const struct blocks *blocks, const char *name);

/*
 * The device that a path in /dev means (or "UUID=...", as on the kernel command line), or that has the number
 * "MAJOR:MINOR"; NULL if it cannot be told.
 */
struct block *blocks_resolve(const struct blocks *blocks, const char *path);
struct block *blocks_by_number(const struct blocks *blocks, const char *number);

/* Is it on no bus, but made by the kernel: dm, md, loop, zram, the head of an NVMe subsystem? */
bool blocks_is_virtual(const struct block *block);

/*
 * Adds this use for every PCI function behind the device: through partitions, slaves and NVMe subsystems. need: its use
 * is copied, its bdf does not count. NULL as block is nothing.
 */
void blocks_add_use(struct blocks *blocks, struct block *block, const struct need *need);

/*
 * Nobody can tell which disks this is about: a guess for each that nothing is known to use, unless its content is known
 * and shows that it is another one. only: the content that it has; NULL if it may be any, but for nothing at all. what:
 * in words.
 */
void blocks_add_guess(struct blocks *blocks, const char *only, const char *what);

/* The host is blind to what is in use: a guess for every disk. */
void blocks_add_blind(struct blocks *blocks);

/*
 * What udev's database holds as the device's ID_FS_TYPE, or else what needs->identify says: "" if there is nothing on
 * it, NULL if that is not known. Owned by the caller.
 */
char *blocks_content(const struct blocks *blocks, const struct block *block);

#endif
