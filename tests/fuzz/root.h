/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For targets that read files: a root of this process, in memory. */
#ifndef TESTS_FUZZ_ROOT_H
#define TESTS_FUZZ_ROOT_H

#include <stddef.h>
#include <stdint.h>

/* Made at the first call, removed at the end. */
int fuzz_root(void);

/* Writes a file there; its directory is made if it is missing. */
void fuzz_write(int root, const char *path, const uint8_t *data, size_t size);

#endif
