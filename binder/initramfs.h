/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Is the root an initramfs, and who made it? */
#ifndef VFIOKIT_INITRAMFS_H
#define VFIOKIT_INITRAMFS_H

#include <stdbool.h>

/*
 * An initramfs says so itself, or its root is the kernel's own rootfs, which nobody sees any more once the real root is
 * mounted over it. (A root on tmpfs shows as tmpfs.)
 */
bool initramfs_is_root(int root);

/* Does it hold an add-on of ours? On a running system the place belongs to the user, and the answer is no. */
bool initramfs_has_addon(int root);

/*
 * Who made the initramfs that root is: "dracut", "initramfs-tools", "mkinitcpio", "booster", "add-on" (ours); NULL if
 * none of them did.
 */
const char *initramfs_generator(int root);

/* The generator that puts a file or folder of this name (without a leading slash) into its images; NULL if any may. */
const char *initramfs_generator_of(const char *name);

/* What to type to make the images of that generator again. NULL for a name that it does not know. */
const char *initramfs_rebuild_command(const char *generator);

#endif
