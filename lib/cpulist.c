/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/cpulist.h"

#include <stdio.h>
#include <string.h>

#include "lib/parse.h"
#include "lib/util.h"

#define SEPARATORS ", \t"

static void put(struct cpulist *set, unsigned int cpu, bool in)
{
	uint64_t bit = UINT64_C(1) << (cpu % 64);

	if (in)
		set->words[cpu / 64] |= bit;
	else
		set->words[cpu / 64] &= ~bit;
}

/* Reads a number below CPULIST_MAX and goes on behind it. */
static bool take_cpu(const char **text, unsigned int *ret)
{
	unsigned int cpu = 0;

	if (**text < '0' || **text > '9')
		return false;
	for (; **text >= '0' && **text <= '9'; (*text)++) {
		cpu = cpu * 10 + (unsigned int)(**text - '0');
		if (cpu >= CPULIST_MAX)
			return false;
	}
	*ret = cpu;
	return true;
}

bool cpulist_parse(const char *text, struct cpulist *ret)
{
	struct cpulist set = { 0 };

	for (text += strspn(text, SEPARATORS); *text != '\0'; text += strspn(text, SEPARATORS)) {
		bool in = *text != '^';
		unsigned int first, last;

		text += in ? 0 : 1;
		if (!take_cpu(&text, &first))
			return false;
		last = first;
		if (*text == '-') {
			text++;
			if (!take_cpu(&text, &last) || last < first)
				return false;
		}
		if (*text != '\0' && strchr(SEPARATORS, *text) == NULL)
			return false;
		for (unsigned int cpu = first; cpu <= last; cpu++)
			put(&set, cpu, in);
	}
	*ret = set;
	return true;
}

unsigned int cpulist_next(const struct cpulist *set, unsigned int cpu)
{
	while (cpu < CPULIST_MAX) {
		uint64_t rest = set->words[cpu / 64] >> (cpu % 64);

		if (rest != 0)
			return cpu + (unsigned int)__builtin_ctzll(rest);
		cpu += 64 - cpu % 64;
	}
	return CPULIST_MAX;
}

char *cpulist_format(const struct cpulist *set)
{
	char *text = util_copy("");

	for (unsigned int cpu = cpulist_next(set, 0); cpu < CPULIST_MAX; cpu = cpulist_next(set, cpu + 1)) {
		unsigned int first = cpu;
		char *longer;

		while (cpulist_has(set, cpu + 1))
			cpu++;
		if (cpu == first)
			longer = util_format("%s%s%u", text, *text != '\0' ? "," : "", first);
		else
			longer = util_format("%s%s%u-%u", text, *text != '\0' ? "," : "", first, cpu);
		free(text);
		text = longer;
	}
	return text;
}

bool cpulist_parse_mask(const char *text, struct cpulist *ret)
{
	size_t groups = 1, digits = 0;
	struct cpulist set = { 0 };

	for (const char *c = text; *c != '\0'; c++)
		groups += *c == ',';
	if (groups > CPULIST_MAX / 32)
		return false;
	for (const char *c = text;; c++) {
		uint64_t *word = &set.words[(groups - 1) / 2];
		unsigned int shift = (groups - 1) % 2 * 32;
		uint64_t group = *word >> shift & UINT32_MAX;

		if (*c == ',' || *c == '\0') {
			if (digits == 0)
				return false;
			if (*c == '\0')
				break;
			digits = 0;
			groups--;
			continue;
		}
		if (parse_hex_digit(*c) < 0 || ++digits > 8)
			return false;
		*word &= ~((uint64_t)UINT32_MAX << shift);
		*word |= ((group << 4 | (uint64_t)parse_hex_digit(*c)) & UINT32_MAX) << shift;
	}
	*ret = set;
	return true;
}

char *cpulist_format_mask(const struct cpulist *set)
{
	char *text = util_copy("");

	for (size_t group = CPULIST_MAX / 32; group-- > 0;) {
		uint32_t bits = (uint32_t)(set->words[group / 2] >> (group % 2 * 32));
		char *longer;

		if (bits == 0 && text[0] == '\0' && group > 0)
			continue;
		longer = util_format(text[0] != '\0' ? "%s,%08x" : "%s%x", text, bits);
		free(text);
		text = longer;
	}
	return text;
}

size_t cpulist_to_bytes(const struct cpulist *set, uint8_t bytes[static CPULIST_BYTES])
{
	size_t size = 0;

	for (unsigned int cpu = cpulist_next(set, 0); cpu < CPULIST_MAX; cpu = cpulist_next(set, size * 8)) {
		while (size <= cpu / 8) {
			bytes[size] = (uint8_t)(set->words[size / 8] >> (size % 8 * 8));
			size++;
		}
	}
	return size;
}

bool cpulist_from_bytes(const uint8_t *bytes, size_t size, struct cpulist *ret)
{
	struct cpulist set = { 0 };

	for (size_t i = 0; i < size; i++) {
		if (i >= CPULIST_BYTES && bytes[i] != 0)
			return false;
		if (i < CPULIST_BYTES)
			set.words[i / 8] |= (uint64_t)bytes[i] << (i % 8 * 8);
	}
	*ret = set;
	return true;
}

bool cpulist_has(const struct cpulist *set, unsigned int cpu)
{
	return cpu < CPULIST_MAX && (set->words[cpu / 64] >> (cpu % 64) & 1) != 0;
}

bool cpulist_is_empty(const struct cpulist *set)
{
	static const struct cpulist empty;

	return cpulist_equal(set, &empty);
}

bool cpulist_equal(const struct cpulist *a, const struct cpulist *b)
{
	return memcmp(a->words, b->words, sizeof(a->words)) == 0;
}

bool cpulist_is_subset(const struct cpulist *part, const struct cpulist *whole)
{
	for (size_t i = 0; i < ARRAY_SIZE(part->words); i++)
		if ((part->words[i] & ~whole->words[i]) != 0)
			return false;
	return true;
}

void cpulist_add(struct cpulist *set, const struct cpulist *more)
{
	for (size_t i = 0; i < ARRAY_SIZE(set->words); i++)
		set->words[i] |= more->words[i];
}

void cpulist_remove(struct cpulist *set, const struct cpulist *less)
{
	for (size_t i = 0; i < ARRAY_SIZE(set->words); i++)
		set->words[i] &= ~less->words[i];
}

void cpulist_keep(struct cpulist *set, const struct cpulist *only)
{
	for (size_t i = 0; i < ARRAY_SIZE(set->words); i++)
		set->words[i] &= only->words[i];
}
