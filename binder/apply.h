/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Carries out a plan. The order is that of the kernel's rules: the overrides of all devices first (from then on nothing
 * else can take them), then the modules, then each device: take it from a foreign driver, bind it, read the driver link
 * back. What does not work is given back at once, with every member of its IOMMU group that this run bound.
 */
#ifndef VFIOKIT_APPLY_H
#define VFIOKIT_APPLY_H

#include "binder/journal.h"
#include "binder/kernel.h"

struct apply_item {
	struct plan_entry *entry; /* borrowed; its verdict was bind */
	bool has_override;        /* ours was written, or may have been */
	bool is_begun;            /* a step that can block was begun and did not come back yet */
	bool is_done;             /* the driver link showed the planned driver */
	bool is_failed;
	bool is_stuck;   /* never touch it again */
	bool is_in_bind; /* what was begun last is the bind, not an unbind */
	bool is_undone;
	bool is_prepared;             /* what its rule wants was set, as far as that went */
	enum reason reason;           /* of the failure */
	int error;                    /* negative errno of the failure */
	char holder[SYSFS_NAME_SIZE]; /* the driver that it was last taken from, or that does not let go; "": the kernel
				       */
	struct prepared prepared[PREPARE_STEPS];
};

struct apply {
	struct apply_item *items; /* owned */
	size_t n_items;
	const struct kernel *kernel;   /* borrowed */
	const struct journal *journal; /* borrowed */
	uint64_t deadline;             /* child_now() time; nothing that may wait goes on beyond it */
	bool guards_all;               /* another process died of this: every write that may block is given a time */
	bool lacks_type1;              /* vfio_iommu_type1 could not be loaded: bound, but no guest can start yet */
};

/* Makes an item for each entry that is to be bound. Free with apply_free(). */
void apply_prepare(struct apply *apply, struct plan *plan, const struct kernel *kernel, const struct journal *journal,
		   uint64_t deadline);
void apply_free(struct apply *apply);

/* Does it. Allocates nothing. What came of it is in the items, and line by line in the journal. */
void apply_run(struct apply *apply);

/*
 * Gives one device back to its native driver, as far as that goes: clears its override, takes it from the driver that
 * it was to have, lets the kernel probe. is_stuck tells that this driver did not let go.
 */
void apply_give_back(struct apply *apply, struct apply_item *item);

/*
 * For another process, after the first one died or was killed. That one has to plan anew: apply_rewind() shows it the
 * devices with the drivers that they had before, as the journal tells, so that the plan is the same.
 */
void apply_rewind(struct inventory *inventory, const struct journal *journal);

/*
 * Brings the items up to what the journal tells; apply_recover() then gives back what was begun and not finished,
 * except a device that the first process hung on.
 */
void apply_load_journal(struct apply *apply);
void apply_recover(struct apply *apply);

/* Did this run bind anything, as far as the items tell? */
bool apply_has_bound(const struct apply *apply);

/*
 * Puts what came of it into the plan's entries: verdict, reason, message. Reads each driver link once more: what it
 * shows is what is reported.
 */
void apply_conclude(struct apply *apply, const struct plan *plan, const struct plan_input *input);

#endif
