/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The UUID of a guest: the only name of it that is safe to use in files and units. */
#ifndef VFIOKIT_HOOKS_UUID_H
#define VFIOKIT_HOOKS_UUID_H

#include <stdbool.h>

/* With its NUL. */
#define UUID_SIZE 37

/* Copies a UUID in lower case. Returns false, and leaves the buffer alone, if the text is none. */
bool uuid_copy(char uuid[static UUID_SIZE], const char *text);

#endif
