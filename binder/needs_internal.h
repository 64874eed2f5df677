/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of needs_*.c share, and nodes.c with them. */
#ifndef VFIOKIT_NEEDS_INTERNAL_H
#define VFIOKIT_NEEDS_INTERNAL_H

#include <dirent.h>

#include "binder/needs.h"

/* Tables of mounts grow with containers. */
#define NEEDS_TABLE_MAX (4 * 1024 * 1024)

/*
 * Adds a use for every PCI function on a sysfs path (the target of a link will do). Returns whether there is any.
 * use: copied.
 */
bool needs_add_path(struct needs *needs, const struct need *need, const char *path);

/* From now on all of a kind counts as in use, because this could not be read. error: a negative errno. */
void needs_set_blind(char **blind, const char *what, int error);

/*
 * Of what was read from sysfs or procfs: true if that worked (0). Blind if it did not, unless there is nothing to be
 * read: no such file, no link, or a device that went meanwhile.
 */
bool needs_was_read(char **blind, const char *what, int result);

/* The names in a directory. Without that directory there are none; blind if it cannot be read to its end. */
struct needs_list {
	DIR *directory;
	const char *path; /* borrowed */
	char **blind;
};

struct needs_list needs_list(char **blind, int root, const char *path);

/* Valid until the next call; none that begins with a dot. NULL at the end, and the list is closed then. */
const char *needs_list_next(struct needs_list *list);

/* needs_storage.c, needs_network.c */
void needs_scan_storage(struct needs *needs, int root, bool is_initramfs);
void needs_scan_network(struct needs *needs, int root);

#endif
