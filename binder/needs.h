/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the host needs for itself: an input of the plan. Early boot knows nothing of it (needs_unknown), and the
 * plan then goes by class alone; whoever knows more (a record, the live system) fills it in.
 */
#ifndef VFIOKIT_NEEDS_H
#define VFIOKIT_NEEDS_H

#include "binder/inventory.h"

enum need_kind { NEED_STORAGE, NEED_NETWORK, NEED_KEYBOARD };

struct need {
	enum need_kind kind;
	struct bdf bdf;    /* the controller */
	bool is_elsewhere; /* a keyboard on no PCI USB host: PS/2, Bluetooth, a BMC; bdf does not count */
	const char *use;   /* in words: "mount / on nvme0n1p2"; borrowed */
};

struct needs {
	const struct need *items; /* borrowed */
	size_t count;
	bool knows_storage;   /* the list of storage in use is complete */
	bool knows_keyboards; /* the list of keyboards is complete */
};

static const struct needs needs_unknown = { .items = NULL };

#endif
