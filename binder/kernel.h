/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The only two ways in which we change the machine, as a table, so that tests can put a kernel that fails in its place.
 */
#ifndef VFIOKIT_KERNEL_H
#define VFIOKIT_KERNEL_H

#include <stdint.h>

struct kernel {
	/*
	 * Writes an attribute of sysfs, with one write. deadline: 0, or when to give up (child_now() time); then the
	 * write is done in a child, and -ETIMEDOUT means that it has not come back: never touch this device again.
	 * Returns 0 or a negative errno.
	 */
	int (*write)(void *context, const char *path, const char *value, uint64_t deadline);

	/* Loads a module, see modules_load(); or, by an alias ("pci:v..."), see modules_load_alias(). */
	int (*load)(void *context, const char *module);

	void *context;
	int root; /* for reading: directory descriptor */
};

struct modules;

struct kernel_context {
	int root;
	struct modules *modules;
};

/* The real one. context: borrowed, must outlive the table. */
struct kernel kernel_real(struct kernel_context *context);

#endif
