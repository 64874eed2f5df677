/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Checks, and the directories that tests work in. */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "tests/tree/tree.h"
#include "tests/unit/test-internal.h"

/* More failures than this of one test tell nothing new. */
#define FAILURES_SHOWN 8
#define ROOTS_MAX 64

static size_t failures;
static char label[512];

static struct {
	char path[64];
	int fd;
} roots[ROOTS_MAX];
static size_t n_roots;

size_t test_failures(void)
{
	return failures;
}

void test_case(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(label, sizeof(label), format, args);
	va_end(args);
}

static bool begin_failure(const char *file, int line, const char *what)
{
	failures++;
	if (failures == FAILURES_SHOWN + 1)
		printf("# further failures are not shown\n");
	if (failures > FAILURES_SHOWN)
		return false;
	printf("# %s:%d: %s%s%s: ", file, line, label, label[0] != '\0' ? ": " : "", what);
	return true;
}

void test_check_int(const char *file, int line, const char *what, long long got, long long expected)
{
	if (got != expected && begin_failure(file, line, what))
		printf("got %lld, expected %lld\n", got, expected);
}

/* With line ends made visible, so that a value stays on its line. */
static void print_quoted(const char *text)
{
	if (text == NULL) {
		printf("NULL");
		return;
	}
	putchar('\'');
	for (const char *c = text; *c != '\0'; c++)
		if (*c == '\n')
			printf("\\n");
		else
			putchar(*c);
	putchar('\'');
}

void test_check_str(const char *file, int line, const char *what, const char *got, const char *expected)
{
	if (got != NULL && expected != NULL ? streq(got, expected) : got == expected)
		return;
	if (!begin_failure(file, line, what))
		return;
	printf("\n#      got ");
	print_quoted(got);
	printf("\n# expected ");
	print_quoted(expected);
	printf("\n");
}

void test_check_true(const char *file, int line, const char *what, bool got)
{
	if (!got && begin_failure(file, line, what))
		printf("not so\n");
}

void test_check_has(const char *file, int line, const char *what, const char *got, const char *part)
{
	if (got != NULL && strstr(got, part) != NULL)
		return;
	if (!begin_failure(file, line, what))
		return;
	printf("got ");
	print_quoted(got);
	printf(", expected it to hold ");
	print_quoted(part);
	printf("\n");
}

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *where)
{
	(void)info;
	(void)where;
	return type == FTW_DP ? rmdir(path) : unlink(path);
}

void test_close_roots(void)
{
	while (n_roots > 0) {
		n_roots--;
		util_close_fd(&roots[n_roots].fd);
		CHECK_INT(nftw(roots[n_roots].path, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
	}
}

/* In memory where that exists: some tests make thousands of these. */
const char *test_directory(void)
{
	const char *above = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";

	if (n_roots == ROOTS_MAX) {
		fprintf(stderr, "more than %d directories\n", ROOTS_MAX);
		abort();
	}
	snprintf(roots[n_roots].path, sizeof(roots[n_roots].path), "%s/vfiokit-unit-XXXXXX", above);
	roots[n_roots].fd = -1;
	if (mkdtemp(roots[n_roots].path) == NULL) {
		perror(roots[n_roots].path);
		abort();
	}
	return roots[n_roots++].path;
}

int test_root(const char *fixture)
{
	const char *path = test_directory();
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	CHECK_INT(tree_expand_text(fixture, "fixture", path), 0);
	roots[n_roots - 1].fd = fd;
	return fd;
}

void test_write_file(int root, const char *path, const char *data, size_t length)
{
	cleanup_close int fd = openat(root, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	CHECK_TRUE(fd >= 0);
	CHECK_INT(write(fd, data, length), length);
}

char *test_read_file(int root, const char *path)
{
	char text[64 * 1024];
	cleanup_close int fd = openat(root, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (n < 0)
		return util_copy("(missing)");
	text[n] = '\0';
	return util_copy(text);
}

char *test_capture(int descriptor, void (*run)(void *context), void *context)
{
	char *text = util_alloc(256 * 1024);
	int file = memfd_create("capture", MFD_CLOEXEC), saved;

	fflush(NULL);
	saved = fcntl(descriptor, F_DUPFD_CLOEXEC, 3);
	dup2(file, descriptor);
	run(context);
	fflush(NULL);
	dup2(saved, descriptor);
	close(saved);
	CHECK_TRUE(pread(file, text, 256 * 1024 - 1, 0) >= 0);
	close(file);
	return text;
}

void test_append(char **text, const char *format, ...)
{
	char more[4096], *joined;
	va_list args;

	va_start(args, format);
	vsnprintf(more, sizeof(more), format, args);
	va_end(args);
	joined = util_format("%s%s", *text == NULL ? "" : *text, more);
	free(*text);
	*text = joined;
}
