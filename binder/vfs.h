/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Virtual functions for rules with vfs: the device stays on its own driver, the only one that can make them, and no
 * driver is probed for what it makes (sriov_drivers_autoprobe, Linux 4.12), so that rules can have them.
 */
#ifndef VFIOKIT_VFS_H
#define VFIOKIT_VFS_H

#include "binder/journal.h"
#include "binder/kernel.h"
#include "binder/plan.h"

struct vfs_work {
	struct plan *plan; /* borrowed, as all of it */
	const struct kernel *kernel;
	const struct journal *journal;
	uint64_t deadline; /* child_now() time */
};

/* Is there anything of it in the plan? */
bool vfs_are_planned(const struct plan *plan);

/* Makes them, and puts what came of it into the entries: verdict, reason, message, changes. */
void vfs_make(const struct vfs_work *work);

/* For another process, after the one that did this died: tells, and if it may write undoes what is half done. */
void vfs_recover(const struct vfs_work *work, bool may_write);

/* Of a release: takes those away that the policy has made, unless a VFIO driver still has one of them. */
void vfs_remove(const struct vfs_work *work);

#endif
