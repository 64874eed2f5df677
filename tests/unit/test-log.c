/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/log.h"

#include <errno.h>

#include "tests/unit/test.h"

static void say(void *context)
{
	(void)context;
	errno = ENXIO;
	log_error("one %d", 1);
	log_debug("two");
	CHECK_INT(errno, ENXIO);
}

TEST(log_to_stderr)
{
	cleanup_free char *quiet = NULL, *loud = NULL;

	log_setup("prog", false, -1);
	quiet = test_capture(STDERR_FILENO, say, NULL);
	CHECK_STR(quiet, "prog: one 1\n");
	log_setup("prog", true, -1);
	loud = test_capture(STDERR_FILENO, say, NULL);
	CHECK_STR(loud, "prog: one 1\nprog: two\n");
}

/* With the level in front; without dev/kmsg, on standard error. */
TEST(log_to_kmsg)
{
	int root = test_root("F: dev/kmsg=\n"), without = test_root("");
	cleanup_free char *other = NULL, *kmsg = NULL, *fallback = NULL;

	log_setup("prog", false, root);
	other = test_capture(STDERR_FILENO, say, NULL);
	kmsg = test_read_file(root, "dev/kmsg");
	CHECK_STR(kmsg, "<3>prog: one 1\n");
	CHECK_STR(other, "");
	log_setup("prog", false, without);
	fallback = test_capture(STDERR_FILENO, say, NULL);
	CHECK_STR(fallback, "prog: one 1\n");
}

/* The kernel drops the eleventh line of an open file: it goes to one that is opened anew, here over the first line. */
TEST(log_many_lines)
{
	int root = test_root("F: dev/kmsg=\n");
	cleanup_free char *kmsg = NULL;

	log_setup("prog", false, root);
	for (int i = 1; i <= 11; i++)
		log_warning("%02d", i);
	kmsg = test_read_file(root, "dev/kmsg");
	CHECK_STR(kmsg, "<4>prog: 11\n<4>prog: 02\n<4>prog: 03\n<4>prog: 04\n<4>prog: 05\n<4>prog: 06\n<4>prog: 07\n"
			"<4>prog: 08\n<4>prog: 09\n<4>prog: 10\n");
}

/* A record of the kernel log has at most 1024 bytes. */
TEST(log_long_line)
{
	int root = test_root("F: dev/kmsg=\n");
	cleanup_free char *text = util_alloc(5000), *kmsg = NULL;

	memset(text, 'x', 4999);
	log_setup("prog", false, root);
	log_warning("%s", text);
	kmsg = test_read_file(root, "dev/kmsg");
	CHECK_TRUE(starts_with(kmsg, "<4>prog: xxx"));
	CHECK_TRUE(strlen(kmsg) > 900 && strlen(kmsg) < 1024);
}
