/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sets of CPUs, and the ways to write them: the kernel's lists ("0-3,8") and masks ("10f"), systemd's bytes,
 * libvirt's lists. */
#ifndef VFIOKIT_CPULIST_H
#define VFIOKIT_CPULIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* CPUs 0 to 8191: as many as systemd 252 takes, and as the largest kernel configuration has. */
#define CPULIST_MAX 8192
#define CPULIST_BYTES (CPULIST_MAX / 8)

struct cpulist {
	uint64_t words[CPULIST_MAX / 64];
};

/*
 * Reads the whole text: CPUs and ranges, separated by commas or blanks; nothing at all is the empty set. A word that
 * begins with "^" takes its CPUs away again, as libvirt writes it. Returns false and leaves *ret alone for anything
 * else, also for a range that runs backwards.
 */
bool cpulist_parse(const char *text, struct cpulist *ret);

/* Writes it as the kernel does, "" for the empty set. Owned by the caller. */
char *cpulist_format(const struct cpulist *set);

/*
 * The kernel's masks: hexadecimal, in groups of 32 bits, the greatest CPUs first, with commas between ("ff,00000000").
 * Parsing returns false and leaves *ret alone for anything else; what is written is owned by the caller.
 */
bool cpulist_parse_mask(const char *text, struct cpulist *ret);
char *cpulist_format_mask(const struct cpulist *set);

/* The property AllowedCPUs of systemd: bit N of byte N/8 is CPU N; as many bytes as are needed. Returns their number.
 */
size_t cpulist_to_bytes(const struct cpulist *set, uint8_t bytes[static CPULIST_BYTES]);

/* Bytes behind the greatest CPU that we know must be zero: false otherwise. */
bool cpulist_from_bytes(const uint8_t *bytes, size_t size, struct cpulist *ret);

/* The first CPU in the set that is not below this one; CPULIST_MAX if there is none. */
unsigned int cpulist_next(const struct cpulist *set, unsigned int cpu);

bool cpulist_has(const struct cpulist *set, unsigned int cpu);
bool cpulist_is_empty(const struct cpulist *set);
bool cpulist_equal(const struct cpulist *a, const struct cpulist *b);
bool cpulist_is_subset(const struct cpulist *part, const struct cpulist *whole);

void cpulist_add(struct cpulist *set, const struct cpulist *more);
void cpulist_remove(struct cpulist *set, const struct cpulist *less);
void cpulist_keep(struct cpulist *set, const struct cpulist *only);

#endif
