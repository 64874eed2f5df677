/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Devices that arrive on the running system: by Thunderbolt, VMD, hotplug, rescan, or as new virtual functions. */
#ifndef VFIOKIT_LATE_H
#define VFIOKIT_LATE_H

#include "binder/session.h"

/*
 * Marks the device as one that has just arrived, and with it the members of its card and group that udev has tagged as
 * late. For each that a driver holds, looks for what the host may use below it.
 */
void late_mark(struct inventory *inventory, int root, const struct bdf *bdf);

/*
 * The udev event has written the device's override by what was known then. If the verdict is not to bind it now, takes
 * that back and lets its native driver have it; says so in the entry's message. deadline: child_now() time.
 */
void late_give_back(struct session *session, const struct bdf *bdf, uint64_t deadline);

/* What `plan --device ADDRESS --udev` prints: nothing for a device that the policy does not touch. */
void late_print_properties(const struct session *session, const struct bdf *bdf);

#endif
