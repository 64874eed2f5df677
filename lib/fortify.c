/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the compiler calls for the checked functions of fortify.h when it cannot decide at compile
 * time. glibc has these symbols, musl does not. Built by deps/static.sh with FORTIFY_OFF.
 *
 * A failed check ends the process: its memory is not to be trusted any more.
 */
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

_Noreturn void fortify_abort(const char *function);

void *__memcpy_chk(void *d, const void *s, size_t n, size_t size);
void *__mempcpy_chk(void *d, const void *s, size_t n, size_t size);
void *__memmove_chk(void *d, const void *s, size_t n, size_t size);
void *__memset_chk(void *d, int c, size_t n, size_t size);
char *__strcpy_chk(char *d, const char *s, size_t size);
char *__stpcpy_chk(char *d, const char *s, size_t size);
char *__strncpy_chk(char *d, const char *s, size_t n, size_t size);
char *__stpncpy_chk(char *d, const char *s, size_t n, size_t size);
char *__strcat_chk(char *d, const char *s, size_t size);
char *__strncat_chk(char *d, const char *s, size_t n, size_t size);

#define PRINTF(f, a) __attribute__((format(printf, f, a)))
int __vsprintf_chk(char *d, int flag, size_t size, const char *format, va_list ap) PRINTF(4, 0);
int __vsnprintf_chk(char *d, size_t n, int flag, size_t size, const char *format, va_list ap) PRINTF(5, 0);
int __sprintf_chk(char *d, int flag, size_t size, const char *format, ...) PRINTF(4, 5);
int __snprintf_chk(char *d, size_t n, int flag, size_t size, const char *format, ...) PRINTF(5, 6);

void fortify_abort(const char *function)
{
	char line[80];
	size_t n = 0;

	/* By hand and with one write(2): stdio may be what was overwritten. */
	for (const char *s = "fortify: buffer overflow in "; *s; s++)
		line[n++] = *s;
	while (*function && n < sizeof(line) - 1)
		line[n++] = *function++;
	line[n++] = '\n';
	if (write(STDERR_FILENO, line, n) < 0)
		abort();
	abort();
}

static void check(size_t n, size_t size, const char *function)
{
	if (n > size)
		fortify_abort(function);
}

void *__memcpy_chk(void *d, const void *s, size_t n, size_t size)
{
	check(n, size, "memcpy");
	return memcpy(d, s, n);
}

void *__mempcpy_chk(void *d, const void *s, size_t n, size_t size)
{
	check(n, size, "mempcpy");
	return (char *)memcpy(d, s, n) + n;
}

void *__memmove_chk(void *d, const void *s, size_t n, size_t size)
{
	check(n, size, "memmove");
	return memmove(d, s, n);
}

void *__memset_chk(void *d, int c, size_t n, size_t size)
{
	check(n, size, "memset");
	return memset(d, c, n);
}

/* No _chk function calls another: the compiler knows them all, and may turn one into the other. */

static size_t copy_string(char *d, const char *s, size_t size, const char *function)
{
	size_t length = strlen(s);

	if (length >= size)
		fortify_abort(function);
	memcpy(d, s, length + 1);
	return length;
}

char *__strcpy_chk(char *d, const char *s, size_t size)
{
	copy_string(d, s, size, "strcpy");
	return d;
}

char *__stpcpy_chk(char *d, const char *s, size_t size)
{
	return d + copy_string(d, s, size, "stpcpy");
}

char *__strncpy_chk(char *d, const char *s, size_t n, size_t size)
{
	check(n, size, "strncpy");
	return strncpy(d, s, n);
}

char *__stpncpy_chk(char *d, const char *s, size_t n, size_t size)
{
	check(n, size, "stpncpy");
	return stpncpy(d, s, n);
}

static void append_string(char *d, const char *s, size_t more, size_t size, const char *function)
{
	size_t old = strnlen(d, size);

	if (more >= size - old)
		fortify_abort(function);
	memcpy(d + old, s, more);
	d[old + more] = '\0';
}

char *__strcat_chk(char *d, const char *s, size_t size)
{
	append_string(d, s, strlen(s), size, "strcat");
	return d;
}

char *__strncat_chk(char *d, const char *s, size_t n, size_t size)
{
	append_string(d, s, strnlen(s, n), size, "strncat");
	return d;
}

/* The flag asks glibc to refuse %n; musl has no way to. */

static PRINTF(4, 0) int print(char *d, size_t n, size_t size, const char *format, va_list ap)
{
	check(n, size, "snprintf");
	return vsnprintf(d, n, format, ap);
}

static PRINTF(3, 0) int print_all(char *d, size_t size, const char *format, va_list ap)
{
	/* musl fails for a size above INT_MAX. */
	int n = vsnprintf(d, size < INT_MAX ? size : INT_MAX, format, ap);

	if (n >= 0 && (size_t)n >= size)
		fortify_abort("sprintf");
	return n;
}

int __vsnprintf_chk(char *d, size_t n, int flag, size_t size, const char *format, va_list ap)
{
	(void)flag;
	return print(d, n, size, format, ap);
}

int __vsprintf_chk(char *d, int flag, size_t size, const char *format, va_list ap)
{
	(void)flag;
	return print_all(d, size, format, ap);
}

int __snprintf_chk(char *d, size_t n, int flag, size_t size, const char *format, ...)
{
	va_list ap;
	int ret;

	(void)flag;
	va_start(ap, format);
	ret = print(d, n, size, format, ap);
	va_end(ap);
	return ret;
}

int __sprintf_chk(char *d, int flag, size_t size, const char *format, ...)
{
	va_list ap;
	int ret;

	(void)flag;
	va_start(ap, format);
	ret = print_all(d, size, format, ap);
	va_end(ap);
	return ret;
}
