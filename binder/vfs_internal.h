/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between vfs.c and vfs_remove.c, which is in vfiokit only. */
#ifndef VFIOKIT_VFS_INTERNAL_H
#define VFIOKIT_VFS_INTERNAL_H

#include "binder/vfs.h"

/* Is this entry about virtual functions, and is there something to do or to tell? */
bool vfs_is_planned(const struct plan_entry *entry);

/*
 * Writes an attribute of the device (PREPARE_AUTOPROBE, PREPARE_NUMVFS), with its value before in the journal and in
 * the entry, and reads it back. Returns 0 or a negative errno; -ETIMEDOUT: it did not come back.
 */
int vfs_write(const struct vfs_work *work, struct plan_entry *entry, enum prepare_step step, const char *value);

/* The number that there is now, or a negative errno. */
int vfs_read(const struct vfs_work *work, const struct plan_entry *entry);

/* Sets what came of it. text: one sentence without what holds the device; taken over. */
void vfs_conclude(const struct vfs_work *work, struct plan_entry *entry, enum verdict verdict, char *text);

/* The kernel did not come back. */
void vfs_conclude_stuck(struct plan_entry *entry);

#endif
