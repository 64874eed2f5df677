/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who has a device open on the running system. A driver that is taken away from under an open file waits for it to be
 * closed, for ever if need be: snd_hda_intel, nvidia and vfio-pci do. So this is asked before anything is taken.
 */
#ifndef VFIOKIT_HOLDERS_H
#define VFIOKIT_HOLDERS_H

#include "binder/inventory.h"

/*
 * Fills in the holders of each device whose place in asked is true (asked: as long as the inventory's list). One pass
 * over proc/PID/fd and proc/PID/maps for all of them. Found by device number, whatever the node's name is: character
 * and block devices below the function in sysfs, except those of input, which the kernel takes back from whoever has
 * them; /dev/nvidia* of the driver nvidia; the group of a device on a VFIO driver; the text console on a framebuffer
 * of the device. What cannot be read counts as a holder. A file that is on its way in a socket, or registered with
 * io_uring only, is not seen.
 *
 * udev and the like open a new device for a moment: where a process has one, all are asked again for up to a second.
 *
 * Where proc is not a procfs (--root DIR) descriptors are compared by the names that their links show.
 */
void holders_mark(struct inventory *inventory, int root, const bool *asked);

/*
 * Adds one to a device and returns it, valid until the next one is added; command and node may be NULL. words: a whole
 * clause for people. All are taken over.
 */
struct holder *holders_add(struct device *device, int pid, char *command, char *node, char *words);
void holders_free(struct device *device);

/* The clauses of all of them, with ", " between. Owned by the caller. */
char *holders_text(const struct device *device);

#endif
