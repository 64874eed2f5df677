/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of needs_*.c share. */
#ifndef VFIOKIT_NEEDS_INTERNAL_H
#define VFIOKIT_NEEDS_INTERNAL_H

#include "binder/needs.h"

/* Tables of mounts grow with containers. */
#define NEEDS_TABLE_MAX (4 * 1024 * 1024)

/*
 * Adds a use for every PCI function on a sysfs path (the target of a link will do). Returns whether there is any.
 * use: copied.
 */
bool needs_add_path(struct needs *needs, const struct need *need, const char *path);

/* From now on all storage counts as in use, because this could not be read. error: a negative errno. */
void needs_set_blind(struct needs *needs, const char *what, int error);

/* needs_storage.c, needs_network.c */
void needs_scan_storage(struct needs *needs, int root, bool is_initramfs);
void needs_scan_network(struct needs *needs, int root);

#endif
