/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is on a block device, for messages only: it says nothing about use. Guests may have written it, so it is looked
 * at by a process that has given up its rights. content.c is the only file with libblkid.
 */
#ifndef VFIOKIT_HOOKS_CONTENT_H
#define VFIOKIT_HOOKS_CONTENT_H

/* "ext4", "LVM2_member", "a gpt partition table"; NULL if nothing is known. Owned by the caller. */
char *content_describe(int root, int fd);

#endif
