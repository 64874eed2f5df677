/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/fuzz/root.h"

#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

#include "lib/util.h"

static char path_of_root[] = "/dev/shm/vfiokit-fuzz-XXXXXX";

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *where)
{
	(void)info;
	(void)where;
	return type == FTW_DP ? rmdir(path) : unlink(path);
}

static void remove_root(void)
{
	(void)nftw(path_of_root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

int fuzz_root(void)
{
	static int root = -1;

	if (root >= 0)
		return root;
	if (mkdtemp(path_of_root) == NULL)
		abort();
	atexit(remove_root);
	root = open(path_of_root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return root;
}

void fuzz_write(int root, const char *path, const uint8_t *data, size_t size)
{
	char part[PATH_MAX];
	int fd;

	for (const char *slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		snprintf(part, sizeof(part), "%.*s", (int)(slash - path), path);
		(void)mkdirat(root, part, 0755);
	}
	fd = openat(root, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	close(fd);
}
