/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Small helpers that every part uses: cleanup attributes, string tests, memory that cannot fail. */
#ifndef VFIOKIT_UTIL_H
#define VFIOKIT_UTIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))

static inline bool streq(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

static inline bool starts_with(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

static inline bool ends_with(const char *text, const char *suffix)
{
	size_t length = strlen(text), tail = strlen(suffix);

	return length >= tail && streq(text + length - tail, suffix);
}

static inline void util_free_pointer(void *address)
{
	free(*(void **)address);
}

static inline void util_close_fd(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

/* Always initialise the variable at its declaration: NULL, or -1 for a descriptor. */
#define cleanup_free __attribute__((cleanup(util_free_pointer)))
#define cleanup_close __attribute__((cleanup(util_close_fd)))

/*
 * Memory for the stages that run before anything was changed: these abort the program when memory
 * runs out, which leaves the machine as it was. apply.c allocates nothing.
 */
void *util_alloc(size_t size); /* zeroed */
char *util_copy(const char *text);
char *util_copy_printable(const char *text); /* what is not printable ASCII becomes '?': safe to show */
char *util_format(const char *format, ...) PRINTF_LIKE(1, 2);

/*
 * Makes room for one more item in a growing array; the new item is zeroed.
 * array: address of the pointer; count: the items in use, increased by one.
 * Returns the new item.
 */
void *util_append(void *array, size_t *count, size_t item_size);

/* Copies text into a fixed buffer. Returns false, with the buffer empty, if it does not fit. */
bool util_copy_fixed(char *buffer, size_t size, const char *text);

#endif
