/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fnmatch(3) of bytes, for the static program only: libkmod matches aliases with it, and musl's brings 16 KiB of tables
 * of what letters Unicode has. As glibc's in the C locale, without flags and without classes such as [[:alpha:]], which
 * no alias has.
 */
#include <fnmatch.h>
#include <stdbool.h>
#include <stddef.h>

/* Takes one byte of a set, which a backslash may hide. Returns what follows, or NULL at the end of the pattern. */
static const char *take_byte(const char *pattern, unsigned char *ret)
{
	if (*pattern == '\\')
		pattern++;
	*ret = (unsigned char)*pattern;
	return *pattern == '\0' ? NULL : pattern + 1;
}

/* set: behind its bracket. Returns what follows it, or NULL if it does not end. */
static const char *match_set(const char *set, unsigned char c, bool *ret)
{
	bool negates = *set == '!' || *set == '^', found = false;
	const char *first = set + negates;

	for (set = first; *set != ']' || set == first;) {
		unsigned char low, high;

		set = take_byte(set, &low);
		high = low;
		if (set != NULL && set[0] == '-' && set[1] != ']')
			set = take_byte(set + 1, &high);
		if (set == NULL)
			return NULL;
		found |= c >= low && c <= high;
	}
	*ret = found != negates;
	return set + 1;
}

/* Does the pattern's first element match? Returns what follows it, or NULL. It is not a star. */
static const char *match_one(const char *pattern, unsigned char c)
{
	bool matches = false;
	const char *next;

	switch (*pattern) {
	case '\0':
		return NULL;
	case '?':
		return pattern + 1;
	case '[':
		next = match_set(pattern + 1, c, &matches);
		if (next != NULL)
			return matches ? next : NULL;
		break;
	case '\\':
		pattern++;
		break;
	default:
		break;
	}
	return (unsigned char)*pattern == c ? pattern + 1 : NULL;
}

/* Only the last star need be tried again: what an earlier one could take, it can. */
int fnmatch(const char *pattern, const char *text, int flags)
{
	const char *star = NULL, *retry = NULL;

	(void)flags;
	while (*pattern != '\0' || *text != '\0') {
		const char *next;

		if (*pattern == '*') {
			star = ++pattern;
			retry = text;
			continue;
		}
		next = *text != '\0' ? match_one(pattern, (unsigned char)*text) : NULL;
		if (next == NULL) {
			if (star == NULL || *retry == '\0')
				return FNM_NOMATCH;
			pattern = star;
			text = ++retry;
			continue;
		}
		pattern = next;
		text++;
	}
	return 0;
}
