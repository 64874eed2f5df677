/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The text of /etc/vfiokit/bind.record: vfiokit-bind.record(5), as binder/record.c reads it. */
#ifndef VFIOKIT_HOST_RECORD_TEXT_H
#define VFIOKIT_HOST_RECORD_TEXT_H

#include "binder/plan.h"

/* Is this entry of a plan a device that belongs into the record: one that is bound, or that makes virtual functions? */
bool record_text_wants(const struct plan_entry *entry);

/* "10de:13c2:1043:8508, class 030000, at 0000:06:00.0, path 0000:00:01.1/00.0". Owned by the caller. */
char *record_text_identity(const struct device *device);
char *record_text_recorded(const struct record_device *recorded);

/* Adds the GPUs of the console to the needs. */
void record_text_add_consoles(struct needs *needs, const struct inventory *inventory);

/*
 * The whole file, owned by the caller. keep: a record whose devices are written as they stand in it, in place of the
 * plan's; NULL for the plan's.
 */
char *record_text(const struct plan *plan, const struct inventory *inventory, const struct needs *needs,
		  const struct record *keep, int root);

#endif
