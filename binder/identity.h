/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a PCI function is: its ids, its class, its place. */
#ifndef VFIOKIT_IDENTITY_H
#define VFIOKIT_IDENTITY_H

#include "binder/device.h"

/*
 * Reads vendor, device, subsystem and class of the function at device->address from its modalias, or from its uevent,
 * which names its driver, too. Returns 0 or a negative errno (-EBADMSG: there is no class or id in it) and which file
 * it was that could not be read. The device may be half filled then.
 */
int identity_read(struct device *device, int root, const char **ret_file);

/*
 * The bus-number-free path of a function whose link in sysfs has this target; the address, if there is no other in it.
 * Owned by the caller.
 */
char *identity_path(const char *link, const char *address);

#endif
