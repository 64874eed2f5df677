/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/root.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "lib/util.h"

/* A busy system needs a few; after these the path is resolved as usual, because a device must not go unseen. */
#define TRIES_MAX 1000

/* Nothing leads out of "/". */
static bool is_whole_system;

int root_set(const char *path)
{
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	is_whole_system = streq(path, "/");
	return fd < 0 ? -errno : fd;
}

int root_open(int root, const char *path, int flags, mode_t mode)
{
	/* openat2() refuses combinations that openat() ignores. */
	int all_flags = flags | O_CLOEXEC | ((flags & O_PATH) != 0 ? 0 : O_NOCTTY);
	struct open_how how = { .flags = (unsigned int)all_flags, .mode = mode, .resolve = RESOLVE_IN_ROOT };
	long fd;

	assert(path[0] != '/' || root == AT_FDCWD);
	/* EAGAIN: something was renamed or mounted meanwhile, anywhere, and ".." might have led out (openat2(2)). */
	for (int tries = 0; root != AT_FDCWD && !is_whole_system && tries < TRIES_MAX; tries++) {
		fd = syscall(SYS_openat2, root, path, &how, sizeof(how));
		if (fd >= 0)
			return (int)fd;
		/* A sandbox that does not know the call answers EPERM. */
		if (errno == ENOSYS || errno == EPERM)
			break;
		if (errno != EAGAIN)
			return -errno;
	}
	fd = openat(root, path, all_flags, mode);
	return fd < 0 ? -errno : (int)fd;
}

int root_open_parent(int root, const char *path, const char **ret_name)
{
	const char *slash = strrchr(path, '/');
	char directory[PATH_MAX] = ".";

	*ret_name = path;
	if (slash != NULL) {
		size_t length = (size_t)(slash - path);

		if (length >= sizeof(directory))
			return -ENAMETOOLONG;
		memcpy(directory, path, length);
		directory[length] = '\0';
		*ret_name = slash + 1;
	}
	return root_open(root, directory, O_PATH | O_DIRECTORY, 0);
}

bool root_is_own(int root)
{
	struct stat ours, theirs;

	return stat("/", &ours) == 0 && fstat(root, &theirs) == 0 && ours.st_dev == theirs.st_dev &&
	       ours.st_ino == theirs.st_ino;
}
