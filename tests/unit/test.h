/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A small framework. TEST(name) { ... } registers a test; each runs in a process of its own, in order of name, and
 * passes if no check failed and nothing was leaked. A check that fails prints both values and the test goes on.
 */
#ifndef TESTS_UNIT_TEST_H
#define TESTS_UNIT_TEST_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/util.h"

struct test {
	const char *name;
	void (*run)(void);
};

#define TEST(title)                                                                                                    \
	static void test_##title(void);                                                                                \
	static void __attribute__((constructor)) test_register_##title(void)                                           \
	{                                                                                                              \
		test_register(#title, test_##title);                                                                   \
	}                                                                                                              \
	static void test_##title(void)

#define CHECK_INT(got, expected) test_check_int(__FILE__, __LINE__, #got, (long long)(got), (long long)(expected))
#define CHECK_STR(got, expected) test_check_str(__FILE__, __LINE__, #got, got, expected)
#define CHECK_TRUE(condition) test_check_true(__FILE__, __LINE__, #condition, condition)
/* The text holds this part. */
#define CHECK_HAS(got, part) test_check_has(__FILE__, __LINE__, #got, got, part)

/* name: must stay valid. */
void test_register(const char *name, void (*run)(void));

void test_check_int(const char *file, int line, const char *what, long long got, long long expected);
void test_check_str(const char *file, int line, const char *what, const char *got, const char *expected);
void test_check_true(const char *file, int line, const char *what, bool got);
void test_check_has(const char *file, int line, const char *what, const char *got, const char *part);

/* Says which row of a table is being checked; failed checks show it. */
void test_case(const char *format, ...) PRINTF_LIKE(1, 2);

/* The path of a new empty directory that is removed when the test ends. Valid until then. */
const char *test_directory(void);

/* The same as an open root, filled from a fixture of tests/tree. Closed when the test ends, or by test_close_roots().
 */
int test_root(const char *fixture);

/* For tests that need many: closes and removes what test_directory() and test_root() made so far. */
void test_close_roots(void);

/* Writes a file under a root, whatever was there; a missing directory fails the test. */
void test_write_file(int root, const char *path, const char *data, size_t length);

/* The text of a file under a root, owned by the caller; "(missing)" if it cannot be read. */
char *test_read_file(int root, const char *path);

/* What run() prints on this descriptor (1 or 2), owned by the caller. */
char *test_capture(int descriptor, void (*run)(void *context), void *context);

/* Appends to a text that grows, owned by the caller; *text may be NULL. */
void test_append(char **text, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
