/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the linker writes into a program to tell one build from another (--build-id); strip leaves it there. */
#ifndef VFIOKIT_BUILD_ID_H
#define VFIOKIT_BUILD_ID_H

#include <stddef.h>

/* Finds it in a 64-bit ELF file of this machine's byte order. Returns its bytes, within data, or NULL. */
const char *build_id_find(const char *data, size_t size, size_t *ret_length);

#endif
