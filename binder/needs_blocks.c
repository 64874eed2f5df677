/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "binder/needs_blocks.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "binder/needs_internal.h"
#include "lib/file.h"
#include "lib/paths.h"
#include "lib/root.h"

#define PATH_SIZE 320
#define UDEV_DATA_MAX (64 * 1024)

/* LUKS on LVM on LUKS on a partition of an array has seven. What is deeper is a circle. */
#define DEPTH_MAX 16

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct block *)a)->name, ((const struct block *)b)->name);
}

int blocks_read(struct blocks *blocks)
{
	DIR *directory = file_open_directory(blocks->root, PATH_BLOCK);
	const struct dirent *entry;
	int error;

	if (directory == NULL)
		return -errno;
	while ((errno = 0, entry = readdir(directory)) != NULL) {
		char path[PATH_SIZE], target[PATH_MAX];
		struct block *block;
		int result;

		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), PATH_BLOCK "/%s", entry->d_name);
		result = sysfs_read_link(blocks->root, path, target, sizeof(target));
		if (result == -ENOENT)
			continue; /* it was removed meanwhile */
		block = util_append(&blocks->items, &blocks->count, sizeof(*block));
		block->target = util_copy(target);
		if (result < 0 || !util_copy_fixed(block->name, sizeof(block->name), entry->d_name)) {
			errno = result < 0 ? -result : ENAMETOOLONG;
			break;
		}
	}
	error = errno;
	closedir(directory);
	if (blocks->count > 0)
		qsort(blocks->items, blocks->count, sizeof(*blocks->items), by_name);
	return -error;
}

void blocks_free(struct blocks *blocks)
{
	for (size_t i = 0; i < blocks->count; i++)
		free(blocks->items[i].target);
	free(blocks->items);
}

struct block *blocks_find(const struct blocks *blocks, const char *name)
{
	struct block key = { 0 };

	if (blocks->count == 0 || !util_copy_fixed(key.name, sizeof(key.name), name))
		return NULL;
	return bsearch(&key, blocks->items, blocks->count, sizeof(key), by_name);
}

bool blocks_is_virtual(const struct block *block)
{
	return strstr(block->target, "/virtual/") != NULL;
}

static bool was_read(const struct blocks *blocks, const char *path, int result)
{
	return needs_was_read(&blocks->needs->blind, path, result);
}

static struct block *follow_link(const struct blocks *blocks, const char *path)
{
	char name[SYSFS_NAME_SIZE];
	int result = sysfs_read_link_name(blocks->root, path, name, sizeof(name));

	return was_read(blocks, path, result) ? blocks_find(blocks, name) : NULL;
}

struct block *blocks_by_number(const struct blocks *blocks, const char *number)
{
	char path[PATH_SIZE];

	snprintf(path, sizeof(path), PATH_BLOCK_BY_NUMBER "/%.32s", number);
	return follow_link(blocks, path);
}

static struct block *find_mapped(const struct blocks *blocks, const char *name)
{
	for (size_t i = 0; i < blocks->count; i++) {
		char path[PATH_SIZE], text[SYSFS_NAME_SIZE * 2];

		snprintf(path, sizeof(path), PATH_BLOCK "/%s/dm/name", blocks->items[i].name);
		if (starts_with(blocks->items[i].name, "dm-") &&
		    was_read(blocks, path, sysfs_read(blocks->root, path, text, sizeof(text))) && streq(text, name))
			return &blocks->items[i];
	}
	return NULL;
}

/* In a folder that stands for a machine there are names and links at most, no nodes. */
static struct block *resolve_node(const struct blocks *blocks, const char *path)
{
	cleanup_close int fd = root_open(blocks->root, path, O_PATH, 0);
	char number[32];
	struct stat info;

	if (was_read(blocks, path, fd) && was_read(blocks, path, fstat(fd, &info) < 0 ? -errno : 0) &&
	    S_ISBLK(info.st_mode)) {
		snprintf(number, sizeof(number), "%u:%u", major(info.st_rdev), minor(info.st_rdev));
		return blocks_by_number(blocks, number);
	}
	return follow_link(blocks, path);
}

struct block *blocks_resolve(const struct blocks *blocks, const char *path)
{
	static const struct {
		const char *tag, *directory;
	} tags[] = {
		{ "UUID=", "uuid" }, { "PARTUUID=", "partuuid" }, { "LABEL=", "label" }, { "PARTLABEL=", "partlabel" }
	};
	struct block *block;
	char *name;

	for (size_t i = 0; i < ARRAY_SIZE(tags); i++) {
		if (starts_with(path, tags[i].tag)) {
			cleanup_free char *link = util_format("dev/disk/by-%s/%s", tags[i].directory,
							      path + strlen(tags[i].tag));

			return resolve_node(blocks, link);
		}
	}
	if (!starts_with(path, DEV_PREFIX))
		return NULL;
	block = resolve_node(blocks, path + 1);
	if (block == NULL && starts_with(path, DEV_PREFIX "mapper/"))
		block = find_mapped(blocks, path + strlen(DEV_PREFIX "mapper/"));
	if (block != NULL)
		return block;
	name = util_copy(path + strlen(DEV_PREFIX));
	for (char *c = name; *c != '\0'; c++)
		if (*c == '/')
			*c = '!'; /* as the kernel names it in sysfs */
	block = blocks_find(blocks, name);
	free(name);
	return block;
}

static bool add_use(struct blocks *blocks, struct block *block, const struct need *need, unsigned int depth);

/* The head of a subsystem is on no controller: all of them lead to it. "nvme0" is one, "nvme0n1" a namespace. */
static bool add_subsystem(struct blocks *blocks, const char *target, const struct need *need)
{
	const char *name = strstr(target, "/nvme-subsys");
	cleanup_free char *path = NULL;
	struct needs_list list;
	bool found = false;

	if (name == NULL || starts_with(name, "/nvme-subsystem/"))
		name = name != NULL ? strstr(name + 1, "/nvme-subsys") : NULL;
	if (name == NULL)
		return false;
	path = util_format(PATH_NVME_SUBSYSTEM "/%.*s", (int)strcspn(name + 1, "/"), name + 1);
	list = needs_list(&blocks->needs->blind, blocks->root, path);
	while ((name = needs_list_next(&list)) != NULL) {
		cleanup_free char *link = util_format("%s/%s", path, name);
		char controller[PATH_MAX];

		if (starts_with(name, "nvme") && name[4 + strspn(name + 4, "0123456789")] == '\0' &&
		    was_read(blocks, link, sysfs_read_link(blocks->root, link, controller, sizeof(controller))))
			found |= needs_add_path(blocks->needs, need, controller);
	}
	return found;
}

static void add_slaves(struct blocks *blocks, const char *name, const struct need *need, unsigned int depth)
{
	cleanup_free char *path = util_format(PATH_BLOCK "/%s/slaves", name);
	struct needs_list list = needs_list(&blocks->needs->blind, blocks->root, path);
	const char *slave;

	while ((slave = needs_list_next(&list)) != NULL)
		if (!add_use(blocks, blocks_find(blocks, slave), need, depth + 1))
			needs_set_blind(&blocks->needs->blind, slave, -ENODEV);
}

/* What the partition is a part of: the directory above it. */
static struct block *find_disk(const struct blocks *blocks, const char *target)
{
	char name[SYSFS_NAME_SIZE];
	const char *end = strrchr(target, '/'), *start = end;
	cleanup_free char *above = NULL;

	while (start != NULL && start > target && start[-1] != '/')
		start--;
	if (start == NULL)
		return NULL;
	above = util_format("%.*s", (int)(end - start), start);
	return util_copy_fixed(name, sizeof(name), above) ? blocks_find(blocks, name) : NULL;
}

static bool add_use(struct blocks *blocks, struct block *block, const struct need *need, unsigned int depth)
{
	struct block *disk;

	if (block == NULL)
		return false;
	block->is_used |= need->kind == NEED_STORAGE;
	if (needs_add_path(blocks->needs, need, block->target) || depth >= DEPTH_MAX)
		return true;
	disk = find_disk(blocks, block->target);
	if (disk != NULL)
		return add_use(blocks, disk, need, depth + 1);
	if (strstr(block->target, "/nvme-subsystem/") != NULL) {
		if (!add_subsystem(blocks, block->target, need))
			needs_set_blind(&blocks->needs->blind, block->name, -ENODEV);
		return true;
	}
	add_slaves(blocks, block->name, need, depth);
	return true;
}

void blocks_add_use(struct blocks *blocks, struct block *block, const struct need *need)
{
	(void)add_use(blocks, block, need, 0);
}

/* NULL if it is not in udev's database. */
static char *ask_udev(const struct blocks *blocks, const struct block *block)
{
	static const char key[] = "\nE:ID_FS_TYPE=";
	char path[PATH_SIZE], number[32];
	cleanup_free char *text = NULL;
	const char *value;
	size_t length;

	snprintf(path, sizeof(path), PATH_BLOCK "/%s/dev", block->name);
	if (!was_read(blocks, path, sysfs_read(blocks->root, path, number, sizeof(number))))
		return NULL;
	snprintf(path, sizeof(path), PATH_UDEV_DATA "/b%s", number);
	if (!was_read(blocks, path, file_read_start(blocks->root, path, UDEV_DATA_MAX, &text, &length)))
		return NULL;
	value = strstr(text, key);
	if (value == NULL)
		return util_copy("");
	value += strlen(key);
	return util_format("%.*s", (int)strcspn(value, "\n"), value);
}

/* What is made of other devices is identified there. */
static bool is_leaf(const struct block *block)
{
	return !blocks_is_virtual(block) || strstr(block->target, "/nvme-subsystem/") != NULL;
}

char *blocks_content(const struct blocks *blocks, const struct block *block)
{
	char *content = ask_udev(blocks, block), *found;

	if ((content != NULL && content[0] != '\0') || blocks->needs->identify == NULL || !is_leaf(block))
		return content;
	found = blocks->needs->identify(blocks->root, block->name);
	if (found == NULL)
		return content;
	free(content);
	return found;
}

void blocks_add_blind(struct blocks *blocks)
{
	for (size_t i = 0; i < blocks->count; i++) {
		struct block *block = &blocks->items[i];
		cleanup_free char *use = util_format("nobody can tell what uses %s: %s", block->name,
						     blocks->needs->blind);

		if (!block->is_used && is_leaf(block))
			blocks_add_use(blocks, block,
				       &(struct need){ .kind = NEED_STORAGE, .use = use, .is_guess = true });
	}
}

void blocks_add_guess(struct blocks *blocks, const char *only, const char *what)
{
	for (size_t i = 0; i < blocks->count; i++) {
		struct block *block = &blocks->items[i];
		cleanup_free char *content = NULL, *use = NULL;

		if (block->is_used || !is_leaf(block))
			continue;
		content = blocks_content(blocks, block);
		if (content != NULL && (content[0] == '\0' || (only != NULL && !streq(content, only))))
			continue;
		use = util_format("%s: %s may be part of it", what, block->name);
		blocks_add_use(blocks, block, &(struct need){ .kind = NEED_STORAGE, .use = use, .is_guess = true });
	}
}
