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

#endif
