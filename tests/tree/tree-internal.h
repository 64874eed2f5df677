/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_TREE_INTERNAL_H
#define TESTS_TREE_INTERNAL_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define TREE_PCI_BUS "sys/bus/pci"
#define TREE_GROUPS "sys/kernel/iommu_groups"

struct tree_device {
	char path[PATH_MAX];   /* below the root, empty: no device is open */
	char uevent[PATH_MAX]; /* without DRIVER=, which the kernel prints first */
	char driver[64];
	char subsystem[64];
	char group[16];
	bool is_pci;
	bool has_override;
};

struct tree {
	int fd;           /* of the folder that is filled */
	const char *name; /* of the fixture, for messages */
	unsigned int line;
	struct tree_device dev;
};

/* Prints "NAME:LINE: ..." and returns -ERROR. */
int tree_fail(const struct tree *tree, int error, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* snprintf() that returns 0 or -ENAMETOOLONG. */
int tree_format(char *buf, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));

const char *tree_last_name(const char *path);
int tree_depth(const char *path); /* number of components */
bool tree_all_hex(const char *text, size_t n);
bool tree_is_address(const char *name); /* DDDD:BB:DD.F, four or more digits of domain */

/* These return 0 or -errno and have said why. Missing parents are made. */
int tree_make_dirs(const struct tree *tree, const char *path);
int tree_write_file(const struct tree *tree, const char *path, const char *data, size_t size, int flags);
int tree_make_link(const struct tree *tree, const char *path, const char *target);
int tree_make_root_link(const struct tree *tree, const char *path, const char *target);

/* Resolves \n, \t, \\ and \xNN in place; the length, as there may be NUL bytes, or -EINVAL. */
ssize_t tree_unescape(char *text);

/* PATH is below sys/devices. Beginning a device ends the one before. */
int tree_device_begin(struct tree *tree, const char *path);
int tree_device_end(struct tree *tree);
int tree_make_driver(const struct tree *tree, const char *driver);

#endif
