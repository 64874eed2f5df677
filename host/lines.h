/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The lines of configuration files of others, which we only read. */
#ifndef VFIOKIT_LINES_H
#define VFIOKIT_LINES_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Calls back for each line that is neither empty nor a comment (#), without blanks around it. number: from 1.
 * joins: a backslash at the end of a line continues it, as in modprobe.d; number is then that of the first one.
 * A file that is missing or cannot be read has no lines. Returns 0 or a negative errno.
 */
typedef void lines_callback(void *context, const char *path, unsigned int number, char *line);
int lines_read(int root, const char *path, bool joins, lines_callback *callback, void *context);

/* The names in a directory that end with suffix, in byte order. Owned by the caller, each too. */
char **lines_list_directory(int root, const char *path, const char *suffix, size_t *ret_count);

/* lines_read() for each of them. */
void lines_read_directory(int root, const char *path, const char *suffix, bool joins, lines_callback *callback,
			  void *context);

#endif
