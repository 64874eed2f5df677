/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is in an initramfs image, whoever made it. */
#ifndef VFIOKIT_ARCHIVE_H
#define VFIOKIT_ARCHIVE_H

#include <stddef.h>

struct archive_visitor {
	/* Without a leading "/" or "./". A name may come more than once: the last one counts. */
	void (*found)(const char *name, void *context);
	/* The next piece of the file that was found last; NULL if nobody wants it. */
	void (*content)(const char *data, size_t size, void *context);
	void *context;
};

/*
 * Calls back for the name of each entry (file, directory, link) of an image. As for the kernel, an image is any number
 * of newc archives, one behind the other with zeros between them, each plain or compressed (gzip, bzip2, lzma, xz, lz4,
 * zstd).
 *
 * Returns 0 when the image was understood to its last byte. Else a negative errno, and names may be missing: -EISDIR or
 * -EINVAL for what is no regular file, -EFBIG for more than an image can be, -EBADMSG for anything else in it.
 */
int archive_read_image(int root, const char *path, const struct archive_visitor *visitor);

/* The same, for names alone. */
int archive_list(int root, const char *path, void (*found)(const char *name, void *context), void *context);

/*
 * Reads a file that is compressed with gzip. More than max bytes: -EFBIG; anything but gzip: -EBADMSG. ret_text:
 * NUL-terminated, owned by the caller.
 */
int archive_read_gzip(int root, const char *path, size_t max, char **ret_text);

#endif
