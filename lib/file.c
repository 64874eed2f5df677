/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/file.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

#include "lib/util.h"

/* O_NONBLOCK: opening a FIFO without a writer would wait for one. */
static int open_regular(int root, const char *path)
{
	cleanup_close int fd = -1;
	struct stat info;
	int result;

	assert(path[0] != '/' || root == AT_FDCWD);
	fd = openat(root, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &info) < 0)
		return -errno;
	if (S_ISDIR(info.st_mode))
		return -EISDIR;
	if (!S_ISREG(info.st_mode))
		return -EINVAL;
	result = fd;
	fd = -1;
	return result;
}

/* Reads until the end of the file or until the buffer is full. */
static ssize_t read_full(int fd, char *buffer, size_t size)
{
	size_t used = 0;

	while (used < size) {
		ssize_t n = read(fd, buffer + used, size - used);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		used += (size_t)n;
	}
	return (ssize_t)used;
}

int file_read_start(int root, const char *path, size_t max, char **ret_text, size_t *ret_length)
{
	cleanup_close int fd = open_regular(root, path);
	cleanup_free char *text = NULL;
	size_t size = 4096, used = 0;

	if (fd < 0)
		return fd;
	for (;;) {
		ssize_t n;
		char *larger;

		if (size > max)
			size = max;
		larger = realloc(text, size + 1);
		if (larger == NULL)
			return -ENOMEM;
		text = larger;
		n = read_full(fd, text + used, size - used);
		if (n < 0)
			return (int)n;
		used += (size_t)n;
		if (used < size || size == max)
			break;
		size *= 2;
	}
	text[used] = '\0';
	*ret_text = text;
	*ret_length = used;
	text = NULL;
	return 0;
}

int file_read(int root, const char *path, size_t max, char **ret_text, size_t *ret_length)
{
	int result = file_read_start(root, path, max + 1, ret_text, ret_length);

	if (result == 0 && *ret_length > max) {
		free(*ret_text);
		*ret_text = NULL;
		return -EFBIG;
	}
	return result;
}

int file_make_directories(int root, const char *path)
{
	char part[PATH_MAX];

	assert(path[0] != '/');
	if (!util_copy_fixed(part, sizeof(part), path))
		return -ENAMETOOLONG;
	for (char *slash = strchr(part, '/');; slash = strchr(slash + 1, '/')) {
		if (slash != NULL)
			*slash = '\0';
		if (mkdirat(root, part, 0755) < 0 && errno != EEXIST)
			return -errno;
		if (slash == NULL)
			return 0;
		*slash = '/';
	}
}

static int write_full(int fd, const char *data, size_t length)
{
	while (length > 0) {
		ssize_t n = write(fd, data, length);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		data += n;
		length -= (size_t)n;
	}
	return 0;
}

static int write_new(int root, const char *path, const char *data, size_t length)
{
	cleanup_close int fd = -1;
	int result;

	/* A left-over of a killed run, or a link laid in our way, must not be followed. */
	(void)unlinkat(root, path, 0);
	fd = openat(root, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0)
		return -errno;
	result = write_full(fd, data, length);
	if (result < 0)
		(void)unlinkat(root, path, 0);
	return result;
}

int file_write(int root, const char *path, const char *data, size_t length)
{
	char temporary[PATH_MAX], directory[PATH_MAX];
	char *slash;
	int result;

	if (!util_copy_fixed(directory, sizeof(directory), path) ||
	    (size_t)snprintf(temporary, sizeof(temporary), "%s.new", path) >= sizeof(temporary))
		return -ENAMETOOLONG;
	slash = strrchr(directory, '/');
	if (slash != NULL) {
		*slash = '\0';
		result = file_make_directories(root, directory);
		if (result < 0)
			return result;
	}
	result = write_new(root, temporary, data, length);
	if (result < 0)
		return result;
	if (renameat(root, temporary, root, path) < 0) {
		result = -errno;
		(void)unlinkat(root, temporary, 0);
	}
	return result;
}

int file_open_root(const char *path)
{
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}
