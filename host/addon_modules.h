/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The module tree of an add-on: few files of one kernel, with an index that depmod makes of them alone. */
#ifndef VFIOKIT_ADDON_MODULES_H
#define VFIOKIT_ADDON_MODULES_H

#include "host/cpio.h"
#include "host/image_items.h"

/* Returns 0 or a negative errno, which is explained on stderr. */
int addon_add_modules(struct cpio *cpio, int root, const char *release, const struct image_items *items);

#endif
