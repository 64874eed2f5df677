/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Devices that arrive on the running system: by Thunderbolt, VMD, hotplug, rescan, or as new virtual functions. */
#ifndef VFIOKIT_LATE_H
#define VFIOKIT_LATE_H

#include "binder/session.h"

/*
 * Marks the device as one that has just arrived, and with it the members of its card and group that udev has tagged as
 * late. needs: what the host uses.
 */
void late_mark(struct inventory *inventory, int root, const struct bdf *bdf, const struct needs *needs);

/*
 * Of a device that would be taken from its driver: why its storage has to count as in use, because the running system
 * does not show what is; NULL if it does, or if there is none. Owned by the caller.
 */
char *late_find_blind_use(int root, const struct device *device, const struct needs *needs);

/*
 * The udev event has written the device's override by what was known then. If the verdict is not to bind it now, takes
 * that back and lets its native driver have it; says so in the entry's message. deadline: child_now() time.
 */
void late_give_back(struct session *session, const struct bdf *bdf, uint64_t deadline);

/* What `plan --device ADDRESS --udev` prints: nothing for a device that the policy does not touch. */
void late_print_properties(const struct session *session, const struct bdf *bdf);

#endif
