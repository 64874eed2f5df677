/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is stored on block devices. The only file that uses libblkid here is content.c. */
#ifndef VFIOKIT_HOST_CONTENT_H
#define VFIOKIT_HOST_CONTENT_H

/*
 * Reads the device's first and last blocks, as needs.identify wants it. name: as in sys/class/block. Only a node in
 * dev/ that has the number of that device is opened: a folder that stands for a machine has none. Returns "ext4",
 * "crypto_LUKS", "linux_raid_member", "" for nothing that is known, or NULL if it cannot be read. Owned by the caller.
 */
char *content_identify(int root, const char *name);

#endif
