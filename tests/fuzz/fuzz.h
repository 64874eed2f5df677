/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What libFuzzer calls, and helpers of the targets. */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>

#include "lib/util.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The input as a string, owned by the caller; it ends at the first NUL. */
static inline char *fuzz_text(const uint8_t *data, size_t size)
{
	char *text = util_alloc(size + 1);

	if (size > 0)
		memcpy(text, data, size);
	return text;
}

#endif
