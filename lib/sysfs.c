/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/sysfs.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>

#include "lib/parse.h"
#include "lib/root.h"
#include "lib/util.h"

int sysfs_read(int root, const char *path, char *buffer, size_t size)
{
	cleanup_close int fd = -1;
	ssize_t n;

	assert(size > 0);
	buffer[0] = '\0';
	fd = root_open(root, path, O_RDONLY | O_NONBLOCK, 0);
	if (fd < 0)
		return fd;
	n = read(fd, buffer, size - 1);
	if (n < 0)
		return -errno;
	buffer[n] = '\0';
	if (n > 0 && buffer[n - 1] == '\n')
		buffer[n - 1] = '\0';
	return 0;
}

int sysfs_read_number(int root, const char *path, uint64_t *ret)
{
	char text[32];
	int result = sysfs_read(root, path, text, sizeof(text));

	if (result < 0)
		return result;
	if (!parse_number(text, starts_with(text, "0x") ? 16 : 10, UINT64_MAX, ret))
		return -EINVAL;
	return 0;
}

int sysfs_write(int root, const char *path, const char *value)
{
	cleanup_close int fd = -1;
	size_t length = strlen(value);
	ssize_t n;

	fd = root_open(root, path, O_WRONLY | O_TRUNC | O_NONBLOCK, 0);
	if (fd < 0)
		return fd;
	n = write(fd, value, length);
	if (n < 0)
		return -errno;
	return (size_t)n == length ? 0 : -EIO;
}

int sysfs_read_link(int root, const char *path, char *buffer, size_t size)
{
	ssize_t n;

	assert(path[0] != '/');
	buffer[0] = '\0';
	n = readlinkat(root, path, buffer, size);
	if (n < 0)
		return -errno;
	if ((size_t)n >= size) {
		buffer[0] = '\0';
		return -ENAMETOOLONG;
	}
	buffer[n] = '\0';
	return 0;
}

int sysfs_read_link_name(int root, const char *path, char *buffer, size_t size)
{
	char target[PATH_MAX];
	const char *slash;
	int result = sysfs_read_link(root, path, target, sizeof(target));

	buffer[0] = '\0';
	if (result < 0)
		return result;
	slash = strrchr(target, '/');
	return util_copy_fixed(buffer, size, slash == NULL ? target : slash + 1) ? 0 : -ENAMETOOLONG;
}

int sysfs_find(int root, const char *path)
{
	cleanup_close int fd = root_open(root, path, O_PATH, 0);

	return fd < 0 ? fd : 0;
}

bool sysfs_exists(int root, const char *path)
{
	return sysfs_find(root, path) == 0;
}
