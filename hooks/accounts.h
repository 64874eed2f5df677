/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Users and groups by name: those of files (/etc/passwd, /usr/lib/passwd, and the same of groups) only. libvirt waits
 * for us, other services may be asked over the network, and in a static program the C library would have to load code
 * of its very version for them.
 */
#ifndef VFIOKIT_HOOKS_ACCOUNTS_H
#define VFIOKIT_HOOKS_ACCOUNTS_H

#include <stdbool.h>
#include <sys/types.h>

/* False: there is none of this name, or the file cannot be read. */
bool accounts_find_user(int root, const char *name, uid_t *ret);
bool accounts_find_group(int root, const char *name, gid_t *ret);

/* The user's name, printable, or "user NUMBER". Owned by the caller. */
char *accounts_user_name(int root, uid_t uid);

#endif
