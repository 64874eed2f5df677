/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What hangs behind a PCI function: its disks, interfaces, and the devices on its USB buses. */
#ifndef VFIOKIT_BEHIND_H
#define VFIOKIT_BEHIND_H

#include "binder/device.h"

enum behind_kind { BEHIND_DISK, BEHIND_INTERFACE, BEHIND_USB };

struct behind_item {
	struct bdf bdf; /* the function that is next to it on its sysfs path */
	enum behind_kind kind;
	char *name; /* owned; "nvme0n1", "eth0", "3-2" (bus and ports) */
	char *text; /* owned; model and size, state, product; "" if nothing is known */
};

struct behind {
	struct behind_item *items; /* owned; in order of address, kind, name */
	size_t count;
};

/* One link for each disk, interface and USB device; nothing for functions without any. */
void behind_scan(struct behind *behind, int root);
void behind_free(struct behind *behind);

/* The items of a function: a part of the array. */
const struct behind_item *behind_find(const struct behind *behind, const struct bdf *bdf, size_t *ret_count);

/* "disk", "interface", "usb" */
const char *behind_kind_name(enum behind_kind kind);

#endif
