/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/util.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

static void *checked(void *memory)
{
	if (memory == NULL) {
		static const char message[] = "vfiokit: out of memory\n";

		(void)!write(STDERR_FILENO, message, sizeof(message) - 1);
		abort();
	}
	return memory;
}

void *util_alloc(size_t size)
{
	return checked(calloc(1, size));
}

char *util_copy(const char *text)
{
	return checked(strdup(text));
}

char *util_copy_printable(const char *text)
{
	char *copy = util_copy(text);

	for (char *c = copy; *c != '\0'; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
	return copy;
}

char *util_format(const char *format, ...)
{
	va_list args;
	char *text = NULL;
	int n;

	va_start(args, format);
	n = vasprintf(&text, format, args);
	va_end(args);
	return checked(n < 0 ? NULL : text);
}

void *util_append(void *array, size_t *count, size_t item_size)
{
	void **items = array;
	size_t n = *count;

	/* Capacity is the next power of two, so it need not be stored. */
	if ((n & (n - 1)) == 0) {
		size_t capacity = n == 0 ? 1 : n * 2;

		if (capacity > SIZE_MAX / item_size)
			checked(NULL);
		*items = checked(realloc(*items, capacity * item_size));
	}
	*count = n + 1;
	return memset((char *)*items + n * item_size, 0, item_size);
}

bool util_copy_fixed(char *buffer, size_t size, const char *text)
{
	size_t length = strlen(text);

	if (length >= size) {
		buffer[0] = '\0';
		return false;
	}
	memcpy(buffer, text, length + 1);
	return true;
}
