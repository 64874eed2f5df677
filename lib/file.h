/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whole files under a directory descriptor. All functions return 0 or a negative errno. */
#ifndef VFIOKIT_FILE_H
#define VFIOKIT_FILE_H

#include <dirent.h>
#include <stddef.h>

/*
 * Reads a regular file whole. Never waits for a FIFO or a device: anything but a regular file is refused
 * (-EISDIR, or -EINVAL). More than max bytes: -EFBIG.
 * ret_text: NUL-terminated, owned by the caller; ret_length: without that NUL.
 */
int file_read(int root, const char *path, size_t max, char **ret_text, size_t *ret_length);

/* The same, but what goes beyond max is left unread; the result then has exactly max bytes. */
int file_read_start(int root, const char *path, size_t max, char **ret_text, size_t *ret_length);

/*
 * Writes a file so that a reader sees the old content or the new one, never a part: a temporary file
 * beside it, then rename. Missing directories on the way are made (0755).
 */
int file_write(int root, const char *path, const char *data, size_t length);

/* The same for what only root may read (0600), and safe on the disk before it takes the old one's place. */
int file_write_private(int root, const char *path, const char *data, size_t length);

/* Makes the directory and those above it (0755); existing ones are fine. */
int file_make_directories(int root, const char *path);

/* Makes a new, empty file (0644) in place of what has the name, and the directories above it. Returns a descriptor. */
int file_create(int root, const char *path, int flags);

/* Gives a file another name in the same directory. */
int file_rename(int root, const char *path, const char *new_name);

/* Removes a file, or with AT_REMOVEDIR an empty directory. */
int file_remove(int root, const char *path, int flags);

/* Opens a directory for reading its entries; closedir() it. NULL with errno set if that is not possible. */
DIR *file_open_directory(int root, const char *path);

#endif
