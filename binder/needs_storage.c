/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which storage the host uses: mounts, swap, what is built on disks, btrfs, ZFS, loop devices, and what is stored. */
#include <errno.h>
#include <stdio.h>

#include "binder/needs_blocks.h"
#include "binder/needs_internal.h"
#include "lib/file.h"
#include "lib/parse.h"
#include "lib/paths.h"

#define PATH_SIZE 320

/* One line of the table of mounts; borrowed from its text. */
struct mount {
	char *number; /* "8:1"; NULL if the table has none */
	char *source, *point, *type, *options;
};

struct storage {
	struct blocks blocks;
	char *tables[2]; /* owned */
	struct mount *mounts;
	size_t n_mounts, n_own; /* our own come first */
};

/* Both tables of the kernel write blanks in names as "\040". In place. */
static void unescape(char *text)
{
	char *to = text;

	for (const char *from = text; *from != '\0'; to++) {
		if (from[0] == '\\' && from[1] >= '0' && from[1] <= '3' && from[2] >= '0' && from[2] <= '7' &&
		    from[3] >= '0' && from[3] <= '7') {
			*to = (char)((from[1] - '0') << 6 | (from[2] - '0') << 3 | (from[3] - '0'));
			from += 4;
		} else {
			*to = *from++;
		}
	}
	*to = '\0';
}

/*
 * mountinfo: "ID PARENT MAJOR:MINOR ROOT POINT OPTIONS [TAG...] - TYPE SOURCE ...", and mounts: "SOURCE POINT TYPE
 * ...". A folder that stands for a machine may hold either.
 */
static bool read_mount(struct mount *mount, char *line, bool is_mountinfo)
{
	char *word[5] = { NULL }, *tail = is_mountinfo ? strstr(line, " - ") : NULL;

	for (size_t i = 0; i < ARRAY_SIZE(word) && line != NULL; i++)
		word[i] = strsep(&line, " ");
	if (!is_mountinfo) {
		*mount = (struct mount){ NULL, word[0], word[1], word[2], word[3] };
	} else {
		if (tail == NULL)
			return false;
		tail += strlen(" - ");
		mount->number = word[2];
		mount->point = word[4];
		mount->type = strsep(&tail, " ");
		mount->source = strsep(&tail, " ");
		mount->options = strsep(&tail, " ");
	}
	if (mount->point == NULL || mount->type == NULL || mount->source == NULL || mount->options == NULL)
		return false;
	unescape(mount->source);
	unescape(mount->point);
	return true;
}

static int add_mounts(struct storage *storage, char *table, bool is_mountinfo)
{
	char *line;

	for (char *rest = table; (line = strsep(&rest, "\n")) != NULL;) {
		struct mount mount;

		if (line[0] == '\0')
			continue;
		if (!read_mount(&mount, line, is_mountinfo))
			return -EINVAL;
		*(struct mount *)util_append(&storage->mounts, &storage->n_mounts, sizeof(mount)) = mount;
	}
	return 0;
}

/* PID 1's table, which we may not be allowed to read, has what a sandbox hides from us. */
static int read_mounts(struct storage *storage)
{
	static const char *const paths[] = { PATH_MOUNTINFO, PATH_MOUNTS, PATH_PROC "/mounts" };
	int root = storage->blocks.root, result = -ENOENT, host;
	char **tables = storage->tables;
	size_t length, n = 0;

	host = file_read(root, PATH_MOUNTINFO_INIT, NEEDS_TABLE_MAX, &tables[0], &length);
	if (host < 0 && host != -ENOENT && host != -EACCES && host != -EPERM)
		return host;
	while (n < ARRAY_SIZE(paths) && result == -ENOENT)
		result = file_read(root, paths[n++], NEEDS_TABLE_MAX, &tables[1], &length);
	if (result == 0)
		result = add_mounts(storage, tables[1], n == 1);
	storage->n_own = storage->n_mounts;
	return result == 0 && host == 0 && !streq(tables[0], tables[1]) ? add_mounts(storage, tables[0], true) : result;
}

/* The last of the longest: a later mount covers an earlier one. */
static const struct mount *find_mount(const struct storage *storage, const char *path)
{
	const struct mount *found = NULL;
	size_t longest = 0;

	for (size_t i = 0; i < storage->n_own; i++) {
		const struct mount *mount = &storage->mounts[i];
		size_t length = streq(mount->point, "/") ? 0 : strlen(mount->point);

		if (strncmp(path, mount->point, length) == 0 && path[length] == '/' && length >= longest) {
			found = mount;
			longest = length;
		}
	}
	return found;
}

static struct needs_list list(const struct storage *storage, const char *path)
{
	return needs_list(&storage->blocks.needs->blind, storage->blocks.root, path);
}

static bool was_read(const struct storage *storage, const char *path, int result)
{
	return needs_was_read(&storage->blocks.needs->blind, path, result);
}

/* Adds "WHAT on NAME" for a device. */
static void use_block(struct storage *storage, struct block *block, const char *what)
{
	cleanup_free char *use = util_format("%s on %s", what, block->name);

	blocks_add_use(&storage->blocks, block, &(struct need){ .kind = NEED_STORAGE, .use = use });
}

/* bcachefs names all its members, with colons between them. */
static bool use_source(struct storage *storage, const char *source, const char *what)
{
	cleanup_free char *copy = util_copy(source);
	char *rest = copy, *end;
	bool found = true;

	do {
		struct block *block;

		end = strstr(rest + 1, ":" DEV_PREFIX);
		if (end != NULL)
			*end++ = '\0';
		block = blocks_resolve(&storage->blocks, rest);
		if (block == NULL)
			found = false;
		else
			use_block(storage, block, what);
		rest = end;
	} while (rest != NULL);
	return found;
}

static void guess_zfs(struct storage *storage)
{
	blocks_add_guess(&storage->blocks, "zfs_member", "a ZFS pool is in use");
}

static void guess_source(struct storage *storage, const char *source, const char *what)
{
	cleanup_free char *guess = util_format("%s on %s, which cannot be found", what, source);

	blocks_add_guess(&storage->blocks, NULL, guess);
}

/* Where XFS keeps its log, and data that has to come in time. ext4 does not tell here (scan_filesystems()). */
static void use_options(struct storage *storage, const struct mount *mount, const char *what)
{
	cleanup_free char *copy = util_copy(mount->options);
	char *option;

	for (char *rest = copy; (option = strsep(&rest, ",")) != NULL;) {
		if (!starts_with(option, "logdev=") && !starts_with(option, "rtdev="))
			continue;
		option = strchr(option, '=') + 1;
		unescape(option);
		if (!use_source(storage, option, what))
			guess_source(storage, option, what);
	}
}

/* A filesystem on one disk has its number; others have a number of their own, with major 0. */
static void use_mount(struct storage *storage, const struct mount *mount, const char *what)
{
	bool has_number = mount->number != NULL && !starts_with(mount->number, "0:");
	struct block *block = has_number ? blocks_by_number(&storage->blocks, mount->number) : NULL;
	bool is_node = starts_with(mount->source, DEV_PREFIX) && !starts_with(mount->type, "fuse.");

	if (block != NULL)
		use_block(storage, block, what);
	else if (streq(mount->type, "zfs"))
		guess_zfs(storage);
	else if ((is_node && !use_source(storage, mount->source, what)) || (has_number && !is_node))
		guess_source(storage, mount->source, what);
	use_options(storage, mount, what);
}

static void scan_mounts(struct storage *storage)
{
	for (size_t i = 0; i < storage->n_mounts; i++) {
		cleanup_free char *what = util_format("mount %s", storage->mounts[i].point);

		use_mount(storage, &storage->mounts[i], what);
	}
}

/* A file that swaps is on a filesystem that is mounted. */
static int scan_swaps(struct storage *storage)
{
	cleanup_free char *table = NULL;
	char *rest, *line;
	size_t length;
	int result = file_read(storage->blocks.root, PATH_SWAPS, NEEDS_TABLE_MAX, &table, &length);

	if (result < 0)
		return result == -ENOENT ? 0 : result; /* a kernel without swap */
	for (rest = table; (line = strsep(&rest, "\n")) != NULL;) {
		char *name = parse_next_word(&line), *type = name != NULL ? parse_next_word(&line) : NULL;

		if (type == NULL || !streq(type, "partition"))
			continue;
		unescape(name);
		if (!use_source(storage, name, "swap"))
			blocks_add_guess(&storage->blocks, "swap", "swap on a device that cannot be found");
	}
	return 0;
}

/* What dm, md and bcache devices are made of, whether or not anything is mounted on them. */
static void scan_holders(struct storage *storage)
{
	for (size_t i = 0; i < storage->blocks.count; i++) {
		const struct block *holder = &storage->blocks.items[i];
		cleanup_free char *path = util_format(PATH_BLOCK "/%s/slaves", holder->name);
		struct needs_list slaves;
		const char *name;

		if (!blocks_is_virtual(holder))
			continue;
		slaves = list(storage, path);
		while ((name = needs_list_next(&slaves)) != NULL) {
			struct block *block = blocks_find(&storage->blocks, name);
			cleanup_free char *use = util_format("holder %s: %s", name, holder->name);

			blocks_add_use(&storage->blocks, block, &(struct need){ .kind = NEED_STORAGE, .use = use });
		}
	}
}

/* A directory with the names of disks in use, or "NAME-INODE" (jbd2). */
static void use_names(struct storage *storage, const char *path, const char *what)
{
	struct needs_list names = list(storage, path);
	const char *name;

	while ((name = needs_list_next(&names)) != NULL) {
		cleanup_free char *copy = util_copy(name);
		struct block *block = blocks_find(&storage->blocks, copy);
		char *inode = strrchr(copy, '-');

		if (block == NULL && inode != NULL) {
			*inode = '\0';
			block = blocks_find(&storage->blocks, copy);
		}
		if (block != NULL && !block->is_used)
			use_block(storage, block, what);
	}
}

/*
 * What is mounted anywhere, also in a container, or after `umount -l`: every member of every btrfs, and filesystems
 * that name their device. jbd2 has the journals of ext4, also those on a device of their own.
 */
static void scan_filesystems(struct storage *storage)
{
	static const char *const directories[] = { PATH_EXT4, PATH_XFS, PATH_F2FS, PATH_JBD2 };
	struct needs_list all = list(storage, PATH_BTRFS);
	const char *uuid;

	while ((uuid = needs_list_next(&all)) != NULL) {
		cleanup_free char *path = util_format(PATH_BTRFS "/%s/devices", uuid);

		use_names(storage, path, "btrfs");
	}
	for (size_t i = 0; i < ARRAY_SIZE(directories); i++)
		use_names(storage, directories[i], "filesystem");
}

/* A pool may be in use without any mount: by volumes. */
static void scan_zfs(struct storage *storage)
{
	struct needs_list pools = list(storage, PATH_ZFS_POOLS);
	const char *name;

	while ((name = needs_list_next(&pools)) != NULL) {
		cleanup_free char *path = util_format(PATH_ZFS_POOLS "/%s/state", name);

		if (was_read(storage, path, sysfs_find(storage->blocks.root, path)))
			guess_zfs(storage);
	}
}

/* What loop and zram devices are kept in, which no link shows. */
static void scan_backing(struct storage *storage)
{
	for (size_t i = 0; i < storage->blocks.count; i++) {
		const struct block *block = &storage->blocks.items[i];
		const char *attribute = starts_with(block->name, "loop")   ? "loop/backing_file"
					: starts_with(block->name, "zram") ? "backing_dev"
									   : NULL;
		cleanup_free char *what = NULL;
		char path[PATH_SIZE], file[SYSFS_VALUE_SIZE];
		const struct mount *mount;

		if (attribute == NULL)
			continue;
		snprintf(path, sizeof(path), PATH_BLOCK "/%s/%s", block->name, attribute);
		if (!was_read(storage, path, sysfs_read(storage->blocks.root, path, file, sizeof(file))) ||
		    file[0] != '/')
			continue;
		what = util_format("%s of %s", file, block->name);
		if (starts_with(file, DEV_PREFIX) && use_source(storage, file, what))
			continue;
		mount = find_mount(storage, file);
		if (mount == NULL)
			blocks_add_guess(&storage->blocks, NULL, what);
		else
			use_mount(storage, mount, what);
	}
}

/*
 * Which disk a key of LUKS is on: a device itself, FILE:DEVICE (systemd, and dracut, which may append the LUKS device),
 * DEVICE:FILE (passdev, cryptkey=). Names by path hold colons, too, so every part between two of them is tried.
 */
static void use_key(struct storage *storage, const char *text, const char *what)
{
	cleanup_free char *copy = util_copy(text);
	size_t length = strlen(copy);

	for (char *end = copy + length; end > copy; end--) {
		if (*end != '\0' && *end != ':')
			continue;
		*end = '\0';
		for (char *start = copy; start != NULL;) {
			struct block *block = blocks_resolve(&storage->blocks, start);

			if (block != NULL)
				use_block(storage, block, what);
			start = strchr(start, ':');
			start = start != NULL ? start + 1 : NULL;
		}
	}
}

/* In options of LUKS: "header=" is like a key. */
static void use_header(struct storage *storage, char *options, const char *what)
{
	char *header = strstr(options, "header=");

	if (header == NULL)
		return;
	header[strcspn(header, ",")] = '\0';
	use_key(storage, header + strlen("header="), what);
}

/* "NAME DEVICE KEY OPTIONS". The next boot needs the stick with the key or the header, and nothing mounts it. */
static void scan_crypttab(struct storage *storage)
{
	cleanup_free char *table = NULL;
	char *line, *name, *key, *option;
	size_t length;
	int result = file_read_start(storage->blocks.root, PATH_CRYPTTAB, NEEDS_TABLE_MAX, &table, &length);

	/* EACCES: who only plans without being root. */
	if (result == -EACCES || !was_read(storage, PATH_CRYPTTAB, result))
		return;
	for (char *rest = table; (line = strsep(&rest, "\n")) != NULL;) {
		cleanup_free char *what = NULL, *header = NULL;

		name = parse_next_word(&line);
		key = name != NULL && name[0] != '#' && parse_next_word(&line) != NULL ? parse_next_word(&line) : NULL;
		if (key == NULL)
			continue;
		what = util_format("key of %s", name);
		use_key(storage, key, what);
		header = util_format("header of %s", name);
		while ((option = parse_next_word(&line)) != NULL)
			use_header(storage, option, header);
	}
}

/* The root filesystem may not be mounted yet, and what resume= names never is. */
static void scan_cmdline(struct storage *storage)
{
	cleanup_free char *text = NULL;
	size_t length;
	char *word;

	if (!was_read(storage, PATH_CMDLINE,
		      file_read_start(storage->blocks.root, PATH_CMDLINE, SYSFS_VALUE_SIZE, &text, &length)))
		return;
	for (char *rest = text; (word = strsep(&rest, " \n")) != NULL;) {
		struct block *block = NULL;

		if (starts_with(word, "root=") || starts_with(word, "resume="))
			block = blocks_resolve(&storage->blocks, strchr(word, '=') + 1);
		if (block != NULL)
			use_block(storage, block, word);
		if (starts_with(word, "rd.luks.key=") || starts_with(word, "cryptkey="))
			use_key(storage, strchr(word, '=') + 1, word);
		if (starts_with(word, "rd.luks.options="))
			use_header(storage, word, word);
	}
}

/* What is stored on disks that nothing uses. */
static void scan_data(struct storage *storage)
{
	for (size_t i = 0; i < storage->blocks.count; i++) {
		struct block *block = &storage->blocks.items[i];
		cleanup_free char *content = block->is_used ? NULL : blocks_content(&storage->blocks, block),
				  *use = NULL;

		if (content == NULL || content[0] == '\0')
			continue;
		use = util_format("data: %s on %s", content, block->name);
		blocks_add_use(&storage->blocks, block, &(struct need){ .kind = NEED_DATA, .use = use });
	}
}

static bool has_disk(const struct blocks *blocks)
{
	for (size_t i = 0; i < blocks->count; i++)
		if (!blocks_is_virtual(&blocks->items[i]))
			return true;
	return false;
}

void needs_scan_storage(struct needs *needs, int root, bool is_initramfs)
{
	struct storage storage = { .blocks = { .root = root, .needs = needs } };
	int blocks = blocks_read(&storage.blocks), mounts = read_mounts(&storage), swaps = 0;

	if (blocks == 0) {
		scan_mounts(&storage);
		swaps = scan_swaps(&storage);
		scan_cmdline(&storage);
		scan_crypttab(&storage);
		scan_holders(&storage);
		scan_backing(&storage);
		scan_filesystems(&storage);
		scan_zfs(&storage);
		if (needs->identify != NULL || sysfs_find(root, PATH_UDEV_DATA) != -ENOENT)
			scan_data(&storage);
	}
	needs->is_unlisted = blocks < 0 && blocks != -ENOENT;
	if (needs->is_unlisted)
		needs_set_blind(&needs->blind, PATH_BLOCK, blocks);
	if (mounts < 0 && mounts != -ENOENT)
		needs_set_blind(&needs->blind, PATH_MOUNTINFO, mounts);
	if (swaps < 0)
		needs_set_blind(&needs->blind, PATH_SWAPS, swaps);
	if (needs->blind != NULL)
		blocks_add_blind(&storage.blocks);
	needs->knows_storage = blocks == 0 && mounts == 0 && needs->blind == NULL && !is_initramfs &&
			       has_disk(&storage.blocks);
	free(storage.tables[0]);
	free(storage.tables[1]);
	free(storage.mounts);
	blocks_free(&storage.blocks);
}
