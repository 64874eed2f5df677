/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Block devices that guests get. The kernel decides whether one is free: opening it with O_EXCL fails while it, or any
 * of its partitions, is mounted, swap, or below another device; and as long as the descriptor is open, the host can do
 * none of this. mountinfo, swaps, holders and libblkid only explain.
 */
#ifndef VFIOKIT_HOOKS_DISKS_H
#define VFIOKIT_HOOKS_DISKS_H

#include "hooks/domain.h"
#include "lib/bdf.h"

/*
 * Opens the device exclusively, for the guest of that UUID. Returns a descriptor, or a negative errno: -EBUSY if it is
 * in use, with a sentence that says by what (owned by the caller); -ENOENT if there is no such block device (then the
 * guest does not start anyway), or no medium in it; others with a sentence.
 */
int disks_take(int root, const char *path, const char *uuid, char **ret_why);

/*
 * Who uses the device, as far as that can be seen without touching it; NULL: nobody openly. Owned by the caller. For
 * those who only want to show it: whoever wants to be sure takes it.
 */
char *disks_user(int root, const char *path, const char *uuid);

/* Is this the descriptor of that block device? */
bool disks_is_same(int root, const char *path, int fd);

/* Is its device still there? A controller that went to a guest took it along. */
bool disks_is_present(int root, int fd);

/*
 * Adds one to an array of disks, which has each path once: held, if any says so. Takes the path over. A disk that has
 * several names may still be there by each; the guard holds it once.
 */
void disks_add(char *path, bool is_held, struct domain_disk **disks, size_t *n_disks);

/*
 * The whole disks that belong to a PCI device, as paths in /dev: what the host loses with it. Adds them to the array
 * of disks, as held ones.
 */
void disks_add_of_pci(int root, const struct bdf *bdf, struct domain_disk **disks, size_t *n_disks);

/* The same for a USB device, by the kernel's name ("1-4.2"). */
void disks_add_of_usb(int root, const char *name, struct domain_disk **disks, size_t *n_disks);

#endif
