/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/cpio.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "lib/util.h"

/* A multiple of the 4 that the kernel wants; what cpio(1) pads to, too. */
#define BLOCK_SIZE 512

static la_ssize_t take(struct archive *archive, void *context, const void *data, size_t length)
{
	struct cpio *cpio = context;
	char *larger = realloc(cpio->data, cpio->size + length);

	(void)archive;
	if (larger == NULL)
		return -1;
	cpio->data = larger;
	memcpy(cpio->data + cpio->size, data, length);
	cpio->size += length;
	return (la_ssize_t)length;
}

void cpio_begin(struct cpio *cpio)
{
	*cpio = (struct cpio){ .archive = archive_write_new() };
	archive_write_set_format_cpio_newc(cpio->archive);
	archive_write_set_bytes_per_block(cpio->archive, BLOCK_SIZE);
	archive_write_open2(cpio->archive, cpio, NULL, take, NULL, NULL);
}

/* libarchive keeps an errno of its own, which may be none. */
static int error_of(struct archive *archive)
{
	int error = archive_errno(archive);

	return error > 0 ? -error : -EIO;
}

/* Times are zero, owners root, and inode numbers count: nothing of the machine that wrote it remains. */
static int add_entry(struct cpio *cpio, const char *path, unsigned int type, unsigned int mode, size_t length)
{
	struct archive_entry *entry = archive_entry_new();
	int result;

	archive_entry_set_pathname(entry, path);
	archive_entry_set_filetype(entry, type);
	archive_entry_set_perm(entry, mode);
	archive_entry_set_size(entry, (la_int64_t)length);
	archive_entry_set_mtime(entry, 0, 0);
	archive_entry_set_ino64(entry, ++cpio->inode);
	archive_entry_set_nlink(entry, type == AE_IFDIR ? 2 : 1);
	result = archive_write_header(cpio->archive, entry) == ARCHIVE_OK ? 0 : error_of(cpio->archive);
	archive_entry_free(entry);
	return result;
}

static bool has_directory(const struct cpio *cpio, const char *path)
{
	for (size_t i = 0; i < cpio->n_directories; i++)
		if (streq(cpio->directories[i], path))
			return true;
	return false;
}

static int add_directories(struct cpio *cpio, const char *path)
{
	const char *slash = strchr(path, '/');
	int result = 0;

	while (slash != NULL && (slash = strchr(slash + 1, '/')) != NULL && result == 0) {
		char *directory = util_format("%.*s", (int)(slash - path), path);

		if (has_directory(cpio, directory)) {
			free(directory);
			continue;
		}
		*(char **)util_append(&cpio->directories, &cpio->n_directories, sizeof(char *)) = directory;
		result = add_entry(cpio, directory, AE_IFDIR, 0755, 0);
	}
	return result;
}

int cpio_add_file(struct cpio *cpio, const char *path, unsigned int mode, const char *data, size_t length)
{
	int result = add_directories(cpio, path);

	if (result == 0)
		result = add_entry(cpio, path, AE_IFREG, mode, length);
	if (result == 0 && archive_write_data(cpio->archive, data, length) != (la_ssize_t)length)
		result = error_of(cpio->archive);
	return result;
}

static int write_all(int fd, const char *data, size_t length)
{
	while (length > 0) {
		ssize_t n = write(fd, data, length);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0) {
			data += n;
			length -= (size_t)n;
		}
	}
	return fsync(fd) < 0 && errno != EINVAL ? -errno : 0;
}

/* A boot loader must never meet half a file. */
static int replace(const char *output, const char *data, size_t length)
{
	cleanup_free char *temporary = util_format("%s.new", output);
	int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	int result;

	if (fd < 0)
		return -errno;
	result = write_all(fd, data, length);
	if (close(fd) < 0 && result == 0)
		result = -errno;
	if (result == 0 && rename(temporary, output) < 0)
		result = -errno;
	if (result < 0)
		(void)unlink(temporary);
	return result;
}

int cpio_finish(struct cpio *cpio, const char *output)
{
	if (archive_write_close(cpio->archive) != ARCHIVE_OK)
		return error_of(cpio->archive);
	return replace(output, cpio->data, cpio->size);
}

void cpio_free(struct cpio *cpio)
{
	archive_write_free(cpio->archive);
	for (size_t i = 0; i < cpio->n_directories; i++)
		free(cpio->directories[i]);
	free(cpio->directories);
	free(cpio->data);
}
