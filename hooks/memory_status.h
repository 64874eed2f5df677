/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Huge pages and shared memory of a claim, for `vfio-hook status`. */
#ifndef VFIOKIT_HOOKS_MEMORY_STATUS_H
#define VFIOKIT_HOOKS_MEMORY_STATUS_H

#include <cjson/cJSON.h>

#include "hooks/claim.h"

/* Adds "hugepages" and "shm" to the object of a claim. */
void memory_describe(int root, const struct claim *claim, cJSON *object);

/* The same as part of a line on standard output, from such an object. */
void memory_print(const cJSON *object);

#endif
