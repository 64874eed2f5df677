/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What boot loaders have to be told of an add-on. */
#ifndef VFIOKIT_ADDON_LINES_H
#define VFIOKIT_ADDON_LINES_H

#include <stddef.h>

struct cJSON;

/* output: its file; release: of its kernel; bytes: how large it is. */
void addon_lines_print(const char *output, const char *release, size_t bytes);

/* The lines alone: an array with an object for each loader. Owned by the caller. */
struct cJSON *addon_lines_json(const char *output, const char *release);

#endif
