/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/archive.h"

#include <archive.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>

#include "lib/root.h"
#include "lib/util.h"

/* Bounds, so that no file makes us run for ever: of the image, of what it unpacks to, and of the longest name. */
#define IMAGE_MAX (1LL << 30)
#define CONTENT_MAX (4LL << 30)
#define NAME_SIZE 4096
#define BLOCK_SIZE 65536

#define HEADER_SIZE 110
#define FIELD_FILE_SIZE 54
#define FIELD_NAME_SIZE 94
#define MAGIC_SIZE 6

/* Reads newc archives in pieces, as the kernel does (init/initramfs.c). */
struct reader {
	enum { IN_HEADER, IN_NAME, IN_CONTENT } state;
	char text[NAME_SIZE]; /* the header or the name, as far as it has come */
	size_t have;
	size_t name_size;
	size_t before;    /* bytes between the name and the content */
	uint64_t content; /* bytes of the file that are to come */
	uint64_t padding; /* bytes behind them */
	bool is_ended;    /* the last entry was an archive's last one */
	const struct archive_visitor *visitor;
};

struct image {
	int fd;
	off_t size;
	off_t content_left;
	struct reader reader;
};

/* What libarchive reads: a part of the image, from "fine" on byte for byte. */
struct part {
	int fd;
	off_t at;
	off_t fine;
	off_t end;
	char buffer[BLOCK_SIZE];
};

static bool is_newc(const char *header)
{
	return strncmp(header, "07070", 5) == 0 && (header[5] == '1' || header[5] == '2');
}

static bool read_field(const char *header, size_t offset, uint32_t *ret_value)
{
	*ret_value = 0;
	for (size_t i = offset; i < offset + 8; i++) {
		if (!isxdigit((unsigned char)header[i]))
			return false;
		*ret_value = *ret_value * 16 + (uint32_t)(isdigit((unsigned char)header[i])
								  ? header[i] - '0'
								  : (header[i] | 0x20) - 'a' + 10);
	}
	return true;
}

static uint64_t to_four(uint64_t size)
{
	return (size + 3) & ~3ULL;
}

static bool end_header(struct reader *reader)
{
	uint32_t file_size, name_size;

	if (!is_newc(reader->text) || !read_field(reader->text, FIELD_FILE_SIZE, &file_size) ||
	    !read_field(reader->text, FIELD_NAME_SIZE, &name_size) || name_size == 0 || name_size > NAME_SIZE)
		return false;
	reader->name_size = name_size;
	reader->before = (size_t)(to_four(HEADER_SIZE + name_size) - HEADER_SIZE - name_size);
	reader->content = file_size;
	reader->padding = to_four(file_size) - file_size;
	reader->state = IN_NAME;
	reader->have = 0;
	return true;
}

static bool end_name(struct reader *reader)
{
	const char *name = reader->text;

	if (name[reader->name_size - 1] != '\0')
		return false;
	reader->have = 0;
	reader->is_ended = streq(name, "TRAILER!!!");
	reader->state = reader->is_ended ? IN_HEADER : IN_CONTENT;
	while (starts_with(name, "./") || name[0] == '/')
		name += name[0] == '/' ? 1 : 2;
	if (!reader->is_ended)
		reader->visitor->found(name, reader->visitor->context);
	return true;
}

/* Takes bytes until text has that many of them. */
static size_t collect(struct reader *reader, size_t want, const char *data, size_t size)
{
	size_t n = want - reader->have < size ? want - reader->have : size;

	memcpy(reader->text + reader->have, data, n);
	reader->have += n;
	return n;
}

/* Takes what stands between a name and the next header. Returns how many bytes it has taken. */
static size_t take_content(struct reader *reader, const char *data, size_t size)
{
	size_t used = reader->before < size ? reader->before : size, n;

	reader->before -= used;
	n = reader->content < size - used ? (size_t)reader->content : size - used;
	if (n > 0 && reader->visitor->content != NULL)
		reader->visitor->content(data + used, n, reader->visitor->context);
	reader->content -= n;
	used += n;
	n = reader->padding < size - used ? (size_t)reader->padding : size - used;
	reader->padding -= n;
	used += n;
	if (reader->before == 0 && reader->content == 0 && reader->padding == 0)
		reader->state = IN_HEADER;
	return used;
}

/* Returns how many bytes it has taken, at least one: all of them, or those up to the end of an archive. 0: no archive.
 */
static size_t feed(struct reader *reader, const char *data, size_t size)
{
	size_t used = 0;

	while (used < size) {
		if (reader->state == IN_CONTENT) {
			used += take_content(reader, data + used, size - used);
		} else if (reader->state == IN_HEADER) {
			if (reader->have == 0 && data[used] == '\0') {
				used++;
				continue;
			}
			reader->is_ended = false;
			used += collect(reader, HEADER_SIZE, data + used, size - used);
			if (reader->have == HEADER_SIZE && !end_header(reader))
				return 0;
		} else {
			used += collect(reader, reader->name_size, data + used, size - used);
			if (reader->have < reader->name_size)
				continue;
			if (!end_name(reader))
				return 0;
			if (reader->is_ended)
				break;
		}
	}
	return used;
}

/* Returns the number of bytes, 0 at the end, or a negative errno. */
static ssize_t read_at(int fd, off_t at, off_t end, char *buffer, size_t size)
{
	ssize_t n;

	if (at >= end)
		return 0;
	if (end - at < (off_t)size)
		size = (size_t)(end - at);
	do
		n = pread(fd, buffer, size, at);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

static la_ssize_t read_part(struct archive *archive, void *context, const void **ret_data)
{
	struct part *part = context;
	bool is_fine = part->at >= part->fine;
	ssize_t n = read_at(part->fd, part->at, is_fine || part->fine > part->end ? part->end : part->fine,
			    part->buffer, is_fine ? 1 : sizeof(part->buffer));

	(void)archive;
	*ret_data = part->buffer;
	if (n > 0)
		part->at += n;
	return n;
}

/* Decompressed data is one file without a name to libarchive. What has no compression would be one, too: refused. */
static bool open_part(struct archive *archive, struct part *part)
{
	struct archive_entry *entry;

	archive_read_support_format_raw(archive);
	archive_read_support_filter_gzip(archive);
	archive_read_support_filter_bzip2(archive);
	archive_read_support_filter_lzma(archive);
	archive_read_support_filter_xz(archive);
	archive_read_support_filter_lz4(archive);
	archive_read_support_filter_zstd(archive);
	return archive_read_open(archive, part, NULL, read_part, NULL) == ARCHIVE_OK &&
	       archive_read_next_header(archive, &entry) == ARCHIVE_OK &&
	       archive_filter_code(archive, 0) != ARCHIVE_FILTER_NONE;
}

/*
 * Decompresses from start to end, into the reader if there is one. ret_used: how far the decompressor came.
 * Returns 0 if that is a whole number of compressed files.
 */
static int decompress(struct image *image, off_t start, off_t fine, off_t end, struct reader *reader, off_t *ret_used)
{
	struct part part = { .fd = image->fd, .at = start, .fine = fine, .end = end };
	struct archive *archive = archive_read_new();
	char data[BLOCK_SIZE];
	la_ssize_t n = -1;
	int result = 0;

	if (archive != NULL && open_part(archive, &part)) {
		while (result == 0 && (n = archive_read_data(archive, data, sizeof(data))) > 0) {
			image->content_left -= n;
			if (image->content_left < 0)
				result = -EFBIG;
			for (size_t used = 0, now; result == 0 && reader != NULL && used < (size_t)n; used += now) {
				now = feed(reader, data + used, (size_t)n - used);
				if (now == 0)
					result = -EBADMSG;
			}
		}
	}
	*ret_used = archive != NULL ? archive_filter_bytes(archive, -1) : 0;
	archive_read_free(archive);
	return result != 0 ? result : n == 0 ? 0 : -EBADMSG;
}

/*
 * A compressed archive that something else follows. Most decompressors take that for damage, and say neither where it
 * begins nor what stands before it. So: how far did it come block by block, how far byte by byte, and then once more,
 * with that as the end. Returns the offset behind the archive, or a negative errno.
 */
static off_t read_compressed(struct image *image, off_t start)
{
	/* xz takes 12 bytes before it looks whether they are the header of one more stream. */
	static const off_t ahead[] = { 0, 11 };
	struct reader *reader = &image->reader, fresh = *reader;
	off_t used, end;
	int result = decompress(image, start, image->size, image->size, reader, &used);

	if (result == -EBADMSG && used >= 0) {
		*reader = fresh;
		result = decompress(image, start, start + used, image->size, NULL, &used);
		end = used;
		for (size_t i = 0; i < ARRAY_SIZE(ahead) && result == -EBADMSG && end > ahead[i]; i++) {
			*reader = fresh;
			result = decompress(image, start, start + end, start + end - ahead[i], reader, &used);
		}
	}
	if (result == 0 && (!reader->is_ended || reader->have > 0 || used <= 0))
		result = -EBADMSG;
	return result < 0 ? result : start + used;
}

/* Returns the offset behind the archive's last entry, or a negative errno. */
static off_t read_plain(struct image *image, off_t at)
{
	char data[BLOCK_SIZE];
	ssize_t n;

	image->reader.is_ended = false;
	while (!image->reader.is_ended) {
		n = read_at(image->fd, at, image->size, data, sizeof(data));
		if (n > 0)
			n = (ssize_t)feed(&image->reader, data, (size_t)n);
		if (n <= 0)
			return n < 0 ? n : -EBADMSG;
		at += n;
	}
	return at;
}

/* Returns the offset of the first byte from there that is not zero, which may be the size, or a negative errno. */
static off_t skip_zeros(const struct image *image, off_t at)
{
	char data[BLOCK_SIZE];
	ssize_t n;

	while ((n = read_at(image->fd, at, image->size, data, sizeof(data))) > 0) {
		for (ssize_t i = 0; i < n; i++)
			if (data[i] != '\0')
				return at + i;
		at += n;
	}
	return n < 0 ? n : image->size;
}

static off_t read_next(struct image *image, off_t at)
{
	char magic[MAGIC_SIZE] = "";
	ssize_t n = read_at(image->fd, at, image->size, magic, sizeof(magic));

	if (n < 0)
		return n;
	return is_newc(magic) ? read_plain(image, at) : read_compressed(image, at);
}

int archive_read_image(int root, const char *path, const struct archive_visitor *visitor)
{
	struct image image = { .content_left = CONTENT_MAX, .reader = { .visitor = visitor } };
	/* O_NONBLOCK: opening a FIFO without a writer would wait for one. */
	cleanup_close int fd = root_open(root, path, O_RDONLY | O_NONBLOCK, 0);
	struct stat info;
	off_t at;

	if (fd < 0)
		return fd;
	if (fstat(fd, &info) < 0)
		return -errno;
	if (!S_ISREG(info.st_mode))
		return S_ISDIR(info.st_mode) ? -EISDIR : -EINVAL;
	if (info.st_size > IMAGE_MAX)
		return -EFBIG;
	image.fd = fd;
	image.size = info.st_size;
	at = skip_zeros(&image, 0);
	if (at == image.size)
		return -EBADMSG; /* nothing in it */
	while (at >= 0 && at < image.size) {
		at = read_next(&image, at);
		if (at >= 0)
			at = skip_zeros(&image, at);
	}
	return at < 0 ? (int)at : 0;
}

int archive_list(int root, const char *path, void (*found)(const char *name, void *context), void *context)
{
	const struct archive_visitor visitor = { .found = found, .context = context };

	return archive_read_image(root, path, &visitor);
}

int archive_read_gzip(int root, const char *path, size_t max, char **ret_text)
{
	cleanup_close int fd = root_open(root, path, O_RDONLY | O_NONBLOCK, 0);
	struct archive *archive = fd >= 0 ? archive_read_new() : NULL;
	struct archive_entry *entry;
	char *text = util_alloc(max + 2);
	la_ssize_t n = -1;
	size_t length = 0;
	int result;

	if (archive != NULL && archive_read_support_format_raw(archive) == ARCHIVE_OK &&
	    archive_read_support_filter_gzip(archive) == ARCHIVE_OK &&
	    archive_read_open_fd(archive, fd, BLOCK_SIZE) == ARCHIVE_OK &&
	    archive_read_next_header(archive, &entry) == ARCHIVE_OK &&
	    archive_filter_code(archive, 0) == ARCHIVE_FILTER_GZIP)
		while (length <= max && (n = archive_read_data(archive, text + length, max + 1 - length)) > 0)
			length += (size_t)n;
	result = fd < 0 ? fd : n < 0 ? -EBADMSG : length > max ? -EFBIG : 0;
	text[length] = '\0';
	*ret_text = result == 0 ? text : NULL;
	if (result < 0)
		free(text);
	archive_read_free(archive);
	return result;
}
