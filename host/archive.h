/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is in an initramfs image, whoever made it. */
#ifndef VFIOKIT_ARCHIVE_H
#define VFIOKIT_ARCHIVE_H

/*
 * Calls back for the name of each entry (file, directory, link) of an image. As for the kernel, an image is any number
 * of newc archives, one behind the other with zeros between them, each plain or compressed (gzip, bzip2, lzma, xz, lz4,
 * zstd).
 *
 * found: gets names without a leading "/" or "./". A name may come more than once.
 * Returns 0 when the image was understood to its last byte. Else a negative errno, and names may be missing: -EISDIR or
 * -EINVAL for what is no regular file, -EFBIG for more than an image can be, -EBADMSG for anything else in it.
 */
int archive_list(int root, const char *path, void (*found)(const char *name, void *context), void *context);

#endif
