/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Paths below a root directory that no link leads out of: absolute links and ".." are resolved as if the root were /
 * (openat2() with RESOLVE_IN_ROOT, Linux 5.6; older kernels resolve them as usual). Paths are relative to the root.
 */
#ifndef VFIOKIT_ROOT_H
#define VFIOKIT_ROOT_H

#include <stdbool.h>
#include <sys/types.h>

/* Opens the directory that is the root of this process from now on. Returns a descriptor or a negative errno. */
int root_set(const char *path);

/*
 * Opens a file below the root, always with O_CLOEXEC and O_NOCTTY. root may be AT_FDCWD, for paths that a user gave:
 * these are opened as they are. Returns a descriptor or a negative errno.
 */
int root_open(int root, const char *path, int flags, mode_t mode);

/*
 * Opens the directory in which the path's last component is, for what needs a name there (mkdirat, unlinkat, renameat,
 * readlinkat). ret_name: points into path. Returns a descriptor or a negative errno.
 */
int root_open_parent(int root, const char *path, const char **ret_name);

/* Is it the root of the running system, and not a folder that stands for a machine? */
bool root_is_own(int root);

#endif
