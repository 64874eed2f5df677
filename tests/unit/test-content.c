/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is on a disk, found out by a process of its own. */
#include "hooks/content.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "hooks/apart.h"
#include "lib/child.h"
#include "lib/root.h"
#include "tests/unit/test.h"

TEST(content)
{
	static const struct {
		const char *what, *bytes;
		size_t length, at;
		const char *expected; /* NULL: nothing is known */
	} cases[] = {
		{ "a key slot", "LUKS\xba\xbe\0\1", 8, 0, "crypto_LUKS" },
		{ "swap space", "SWAPSPACE2", 10, 4096 - 10, "swap" },
		{ "a table of partitions", "\0\0\2\0\203\0\0\0\1\0\0\0\1\0\0\0", 16, 446, "a dos partition table" },
		{ "nothing", "", 0, 0, NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		static char disk[1024 * 1024];
		int root = test_root("");
		cleanup_close int fd = root_open(root, "disk", O_CREAT | O_RDWR, 0600);
		cleanup_free char *got = NULL;

		test_case("%s", cases[i].what);
		memset(disk, 0, sizeof(disk));
		memcpy(disk + cases[i].at, cases[i].bytes, cases[i].length);
		disk[510] = '\x55', disk[511] = cases[i].expected != NULL ? '\xaa' : 0;
		disk[1024] = 1, disk[1028] = 10; /* the version of swap space, and its pages */
		CHECK_INT(write(fd, disk, sizeof(disk)), sizeof(disk));
		got = content_describe(root, fd);
		CHECK_STR(got, cases[i].expected);
	}
}

static int hang(void *context)
{
	apart_stand(*(const int *)context);
	(void)pause();
	return 0;
}

/* Whoever waits for the end of our pipes, as libvirt does, does not wait for a child that hangs. */
TEST(content_apart)
{
	int root = root_set("/"), kept[3], ends[2];
	struct pollfd end = { -1, POLLIN, 0 };
	struct child child;

	CHECK_INT(pipe2(ends, O_CLOEXEC), 0);
	for (int fd = 0; fd < 3; fd++) {
		kept[fd] = fcntl(fd, F_DUPFD_CLOEXEC, 3);
		(void)dup2(ends[1], fd);
	}
	close(ends[1]);
	(void)child_start(&child, hang, &root);
	for (int fd = 0; fd < 3; fd++) {
		(void)dup2(kept[fd], fd);
		close(kept[fd]);
	}
	end.fd = ends[0];
	CHECK_INT(poll(&end, 1, 10000), 1);
	CHECK_INT(end.revents, POLLHUP);
	CHECK_TRUE(!child_is_gone(&child, 0));
	CHECK_INT(child_wait(&child, 0), -ETIMEDOUT);
	close(ends[0]);
}
