/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Libraries that are loaded by the calls that need them. libvirt waits for five calls for each guest, and libsystemd
 * brings five more libraries along: most of what a call would take that does not speak to systemd.
 */
#ifndef VFIOKIT_HOOKS_LIBRARY_H
#define VFIOKIT_HOOKS_LIBRARY_H

#include <stdbool.h>
#include <stddef.h>

struct library_function {
	const char *name;
	void *pointer; /* address of a pointer to such a function, which is filled in */
};

/* name: with its version, as "libx.so.1". It stays. Returns false if it, or one of the functions, is not there. */
bool library_load(const char *name, const struct library_function *functions, size_t n);

#endif
