/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

#include "lib/root.h"
#include "lib/util.h"

/* O_NONBLOCK: opening a FIFO without a writer would wait for one. */
static int open_regular(int root, const char *path)
{
	cleanup_close int fd = -1;
	struct stat info;
	int result;

	fd = root_open(root, path, O_RDONLY | O_NONBLOCK, 0);
	if (fd < 0)
		return fd;
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

/* The first part goes through the stack: nearly every file ends in it, and memory of its size costs system calls. */
int file_read_start(int root, const char *path, size_t max, char **ret_text, size_t *ret_length)
{
	cleanup_close int fd = open_regular(root, path);
	cleanup_free char *text = NULL;
	char first[4096];
	size_t size = max < sizeof(first) ? max : sizeof(first), used = 0;
	ssize_t n;

	if (fd < 0)
		return fd;
	n = read_full(fd, first, size);
	if (n < 0)
		return (int)n;
	used = (size_t)n;
	text = malloc(used + 1);
	if (text == NULL)
		return -ENOMEM;
	memcpy(text, first, used);
	while (used == size && size < max) {
		char *larger;

		size = size > max / 2 ? max : size * 2;
		larger = realloc(text, size + 1);
		if (larger == NULL)
			return -ENOMEM;
		text = larger;
		n = read_full(fd, text + used, size - used);
		if (n < 0)
			return (int)n;
		used += (size_t)n;
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

static int make_directory(int root, const char *path)
{
	const char *name;
	cleanup_close int parent = root_open_parent(root, path, &name);

	if (parent < 0)
		return parent;
	return mkdirat(parent, name, 0755) < 0 && errno != EEXIST ? -errno : 0;
}

int file_make_directories(int root, const char *path)
{
	char part[PATH_MAX];

	if (!util_copy_fixed(part, sizeof(part), path))
		return -ENAMETOOLONG;
	for (char *slash = strchr(part, '/');; slash = strchr(slash + 1, '/')) {
		int result;

		if (slash != NULL)
			*slash = '\0';
		result = make_directory(root, part);
		if (result < 0 || slash == NULL)
			return result;
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

#define MODE_PRIVATE 0600

static int write_new(int parent, const char *name, const char *data, size_t length, mode_t mode)
{
	cleanup_close int fd = -1;
	int result;

	/* A left-over of a killed run, or a link laid in our way, must not be followed. */
	(void)unlinkat(parent, name, 0);
	fd = openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
	if (fd < 0)
		return -errno;
	result = write_full(fd, data, length);
	if (result == 0 && mode == MODE_PRIVATE && fsync(fd) < 0)
		result = -errno;
	if (result < 0)
		(void)unlinkat(parent, name, 0);
	return result;
}

static int make_directories_above(int root, const char *path)
{
	char directory[PATH_MAX];
	char *slash;

	if (!util_copy_fixed(directory, sizeof(directory), path))
		return -ENAMETOOLONG;
	slash = strrchr(directory, '/');
	if (slash == NULL)
		return 0;
	*slash = '\0';
	return file_make_directories(root, directory);
}

/* As root_open_parent(), but makes what is missing. */
static int make_parent(int root, const char *path, const char **ret_name)
{
	int parent = root_open_parent(root, path, ret_name);
	int result;

	if (parent != -ENOENT)
		return parent;
	result = make_directories_above(root, path);
	return result < 0 ? result : root_open_parent(root, path, ret_name);
}

static int write_file(int root, const char *path, const char *data, size_t length, mode_t mode)
{
	const char *name;
	cleanup_close int parent = make_parent(root, path, &name);
	char temporary[NAME_MAX + 1];
	int result;

	if (parent < 0)
		return parent;
	if ((size_t)snprintf(temporary, sizeof(temporary), "%s.new", name) >= sizeof(temporary))
		return -ENAMETOOLONG;
	result = write_new(parent, temporary, data, length, mode);
	if (result < 0)
		return result;
	if (renameat(parent, temporary, parent, name) < 0) {
		result = -errno;
		(void)unlinkat(parent, temporary, 0);
	}
	return result;
}

int file_write(int root, const char *path, const char *data, size_t length)
{
	return write_file(root, path, data, length, 0644);
}

int file_write_private(int root, const char *path, const char *data, size_t length)
{
	return write_file(root, path, data, length, MODE_PRIVATE);
}

int file_create(int root, const char *path, int flags)
{
	const char *name;
	cleanup_close int parent = make_parent(root, path, &name);
	int fd;

	if (parent < 0)
		return parent;
	(void)unlinkat(parent, name, 0);
	fd = openat(parent, name, flags | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
	return fd < 0 ? -errno : fd;
}

int file_rename(int root, const char *path, const char *new_name)
{
	const char *name;
	cleanup_close int parent = root_open_parent(root, path, &name);

	if (parent < 0)
		return parent;
	return renameat(parent, name, parent, new_name) < 0 ? -errno : 0;
}

int file_remove(int root, const char *path, int flags)
{
	const char *name;
	cleanup_close int parent = root_open_parent(root, path, &name);

	if (parent < 0)
		return parent;
	return unlinkat(parent, name, flags) < 0 ? -errno : 0;
}

DIR *file_open_directory(int root, const char *path)
{
	int fd = root_open(root, path, O_RDONLY | O_DIRECTORY, 0);
	DIR *directory;

	if (fd < 0) {
		errno = -fd;
		return NULL;
	}
	directory = fdopendir(fd);
	if (directory == NULL)
		close(fd);
	return directory;
}
