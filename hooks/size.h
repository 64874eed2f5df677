/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Amounts of memory with a unit, as libvirt reads them in <memory> (formatdomain.rst): b or bytes; k, M, G, T with or
 * without iB for powers of 1024; KB, MB, GB, TB for powers of 1000. Nothing here prints.
 */
#ifndef VFIOKIT_HOOKS_SIZE_H
#define VFIOKIT_HOOKS_SIZE_H

#include <stdbool.h>
#include <stdint.h>

/* number: decimal, blanks around it are fine; unit: "" stands for KiB, as in libvirt. Returns false for anything else.
 */
bool size_parse(const char *number, const char *unit, uint64_t *ret_bytes);

/* Both in one word, with a unit: "64M". Not zero. */
bool size_parse_word(const char *word, uint64_t *ret_bytes);

/* For people: "2 MiB", in the largest unit that fits without a rest. Owned by the caller. */
char *size_format(uint64_t bytes);

#endif
