/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Attributes and links of sysfs and procfs under a directory descriptor. All functions return 0 or a negative
 * errno. path: relative to root.
 */
#ifndef VFIOKIT_SYSFS_H
#define VFIOKIT_SYSFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Kernel limits: a driver's or module's name fits easily. */
#define SYSFS_NAME_SIZE 64
/* An attribute is at most one page. */
#define SYSFS_VALUE_SIZE 4096

/*
 * Reads an attribute with one open, one read, one close. The text ends at the first NUL; one trailing
 * newline is cut. A FIFO below --root is not waited for: it reads as an empty attribute.
 */
int sysfs_read(int root, const char *path, char *buffer, size_t size);

/* Reads an attribute that holds a number: decimal, or hex with 0x. -EINVAL for anything else. */
int sysfs_read_number(int root, const char *path, uint64_t *ret);

/*
 * Writes an attribute with exactly one write(2), as sysfs wants it; a short write is -EIO. In a folder that stands for
 * a machine the old value goes, as it does for a shell's '>' (sysfs and proc do not care). Note that an empty value
 * never reaches the driver core: clear driver_override with "\n" (Linux 6.1 and 6.12).
 */
int sysfs_write(int root, const char *path, const char *value);

/* Target of a symbolic link, whole. */
int sysfs_read_link(int root, const char *path, char *buffer, size_t size);

/* Last part of a symbolic link's target: the name of a driver, the number of a group. */
int sysfs_read_link_name(int root, const char *path, char *buffer, size_t size);

/* 0 if it exists, -ENOENT if it does not; otherwise nobody can tell. */
int sysfs_find(int root, const char *path);
bool sysfs_exists(int root, const char *path);

#endif
