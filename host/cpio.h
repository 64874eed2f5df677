/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writes an initramfs: cpio "newc", through libarchive, the same bytes for the same contents. */
#ifndef VFIOKIT_CPIO_H
#define VFIOKIT_CPIO_H

#include <stddef.h>

struct archive;

struct cpio {
	struct archive *archive; /* owned */
	char *data;              /* owned; what is written so far */
	size_t size;
	char **directories; /* owned, each too; those that have an entry */
	size_t n_directories;
	long inode;
};

void cpio_begin(struct cpio *cpio);

/*
 * Adds a file, and the directories above it that have no entry yet, except the topmost: that one may be a link in the
 * image, and the kernel would put a directory in its place (init/initramfs.c, clean_path()). Returns 0 or a negative
 * errno.
 */
int cpio_add_file(struct cpio *cpio, const char *path, unsigned int mode, const char *data, size_t length);

/*
 * Ends the archive, padded so that another may follow at a boundary where the kernel finds it, and puts it in place of
 * output with one rename. Returns 0 or a negative errno.
 */
int cpio_finish(struct cpio *cpio, const char *output);
void cpio_free(struct cpio *cpio);

#endif
