/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/file.h"
#include "lib/root.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "tests/unit/test.h"

TEST(file_read)
{
	static const struct {
		const char *path;
		size_t max;
		int result;
		const char *text;
	} cases[] = {
		{ "file", 100, 0, "0123456789" },
		{ "file", 10, 0, "0123456789" },
		{ "file", 9, -EFBIG, NULL },
		{ "file", 0, -EFBIG, NULL },
		{ "empty", 0, 0, "" },
		{ "link", 100, 0, "0123456789" },
		{ "absolute", 100, 0, "0123456789" }, /* links stay below the root */
		{ "above", 100, 0, "0123456789" },
		{ "missing", 100, -ENOENT, NULL },
		{ "dangling", 100, -ENOENT, NULL },
		{ "loop", 100, -ELOOP, NULL },
		{ "directory", 100, -EISDIR, NULL },
		{ "fifo", 100, -EINVAL, NULL },
		{ "file/below", 100, -ENOTDIR, NULL },
	};
	int root = test_root("F: file=0123456789\nF: empty=\nD: directory\n");

	CHECK_INT(mkfifoat(root, "fifo", 0600), 0);
	CHECK_INT(symlinkat("file", root, "link"), 0);
	CHECK_INT(symlinkat("nowhere", root, "dangling"), 0);
	CHECK_INT(symlinkat("/file", root, "absolute"), 0);
	CHECK_INT(symlinkat("../../../../../file", root, "above"), 0);
	CHECK_INT(symlinkat("loop", root, "loop"), 0);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_free char *text = NULL;
		size_t length = 0;

		test_case("%s, max %zu", cases[i].path, cases[i].max);
		CHECK_INT(file_read(root, cases[i].path, cases[i].max, &text, &length), cases[i].result);
		CHECK_STR(text, cases[i].text);
		if (cases[i].text != NULL)
			CHECK_INT(length, strlen(cases[i].text));
	}
}

/* Sizes around the steps in which the buffer grows. */
TEST(file_read_sizes)
{
	static const size_t sizes[] = { 1, 4095, 4096, 4097, 8191, 8192, 8193, 100000 };
	int root = test_root("");

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		cleanup_free char *data = util_alloc(sizes[i]), *text = NULL, *start = NULL;
		size_t length = 0;

		test_case("%zu bytes", sizes[i]);
		memset(data, 'x', sizes[i]);
		test_write_file(root, "file", data, sizes[i]);
		CHECK_INT(file_read(root, "file", 1 << 20, &text, &length), 0);
		CHECK_INT(length, sizes[i]);
		CHECK_INT(strlen(text), sizes[i]);
		CHECK_INT(file_read_start(root, "file", 4096, &start, &length), 0);
		CHECK_INT(length, sizes[i] < 4096 ? sizes[i] : 4096);
		CHECK_INT(strlen(start), length);
	}
}

TEST(file_write)
{
	int root = test_root("F: old=before\\n\nD: directory/below\n");
	cleanup_free char *text = NULL, *victim = NULL;

	CHECK_INT(file_write(root, "a/b/c", "one", 3), 0);
	CHECK_INT(file_write(root, "a/b/c", "two\n", 4), 0);
	text = test_read_file(root, "a/b/c");
	CHECK_STR(text, "two\n");
	CHECK_INT(faccessat(root, "a/b/c.new", F_OK, 0), -1);
	CHECK_INT(file_write(root, "directory", "x", 1), -EISDIR);
	CHECK_INT(faccessat(root, "directory.new", F_OK, 0), -1);
	CHECK_INT(file_write(root, "old/below", "x", 1), -ENOTDIR);
	/* A link in the place of the temporary file, or of the file, is not followed. */
	CHECK_INT(symlinkat("old", root, "file.new"), 0);
	CHECK_INT(symlinkat("old", root, "file"), 0);
	CHECK_INT(file_write(root, "file", "x", 1), 0);
	victim = test_read_file(root, "old");
	CHECK_STR(victim, "before\n");
}

TEST(file_make_directories)
{
	static const struct {
		const char *path;
		int result;
	} cases[] = {
		{ "one", 0 },
		{ "one/two/three", 0 },
		{ "one/two", 0 },
		{ "file/below", -ENOTDIR },
	};
	int root = test_root("F: file=\n");

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		test_case("%s", cases[i].path);
		CHECK_INT(file_make_directories(root, cases[i].path), cases[i].result);
	}
	test_case("the result");
	CHECK_INT(faccessat(root, "one/two/three", X_OK, 0), 0);
}

TEST(root_set)
{
	const char *directory = test_directory();
	int root = root_set(directory);

	CHECK_TRUE(root >= 0);
	test_write_file(root, "file", "x", 1);
	close(root);
	CHECK_INT(root_set("/nonexistent"), -ENOENT);
	CHECK_INT(root_set("/proc/self/status"), -ENOTDIR);
}
