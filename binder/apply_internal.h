/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between apply.c, which does the work, and apply_recover.c, which goes on from the journal of a dead process. */
#ifndef VFIOKIT_APPLY_INTERNAL_H
#define VFIOKIT_APPLY_INTERNAL_H

#include "binder/apply.h"

#define MODULE_TYPE1 "vfio_iommu_type1"

/* Writes the event with what the item knows. */
void apply_note(const struct apply *apply, const struct apply_item *item, enum journal_event event);

/* Does the driver that it was to have hold it now? */
bool apply_has_target(const struct apply *apply, const struct apply_item *item);

/* Whoever touches it now may never come back. */
void apply_set_stuck(struct apply *apply, struct apply_item *item);

/* Clears its override, if that is ours. */
void apply_clear_override(struct apply *apply, struct apply_item *item);

/* The device failed: it goes back, and so does every member of its group that this run took or would take. */
void apply_fail(struct apply *apply, struct apply_item *item, enum reason reason, int error);

/* Takes the firmware's framebuffer from its driver, if the card behind it was bound. */
void apply_release_framebuffer(const struct apply *apply);

/* NULL if there is none. */
struct apply_item *apply_find_item(struct apply *apply, const char *address);

/*
 * Sets what its rule wants on a device that no driver holds, and sets it back. What does not work stops nothing: it is
 * told. Returns 0; or -ETIMEDOUT if the kernel does not answer for the device any more.
 */
int apply_set_device(struct apply *apply, struct apply_item *item);
int apply_reset_device(struct apply *apply, struct apply_item *item);

/* For the message: what is set, or set back, as the device shows it now, and what is not. Owned by the caller. */
char *apply_say_set(const struct apply *apply, const struct apply_item *item);
char *apply_say_reset(const struct apply *apply, const struct apply_item *item);

/* For the report: what was changed. */
void apply_keep_changes(const struct apply *apply, const struct apply_item *item);

#endif
