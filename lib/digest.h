/* SPDX-License-Identifier: GPL-2.0-or-later */
/* FNV-1a, 64 bits: tells two texts apart; nothing is proven by it. */
#ifndef VFIOKIT_DIGEST_H
#define VFIOKIT_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#define DIGEST_START 0xcbf29ce484222325

/* Returns the digest of what it stands for with these bytes behind. */
static inline uint64_t digest_add(uint64_t digest, const void *data, size_t length)
{
	const unsigned char *bytes = data;

	for (size_t i = 0; i < length; i++)
		digest = (digest ^ bytes[i]) * 0x100000001b3;
	return digest;
}

#endif
