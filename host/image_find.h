/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the images of a kernel are. */
#ifndef VFIOKIT_IMAGE_FIND_H
#define VFIOKIT_IMAGE_FIND_H

#include <stdbool.h>

/*
 * Calls back for each image of the kernel with this release: in /boot, /efi and /boot/efi, by the names that generators
 * and kernel-install (boot loader specification, type 1) give them.
 */
void image_find_each(int root, const char *release, void (*found)(const char *path, void *context), void *context);

/* Why there may be images that are not found: in unified kernel images, or with ostree. NULL: no sign of any; static.
 */
const char *image_find_why_unseen(int root);

/* Is there a place that may not be looked into? */
bool image_find_is_denied(int root);

#endif
