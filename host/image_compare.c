/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/image_compare.h"

#include <errno.h>
#include <string.h>

#include "binder/initramfs.h"
#include "host/archive.h"
#include "host/build_id.h"
#include "lib/file.h"
#include "lib/paths.h"

/* Of the program, the policy and the record: none is larger. */
#define FILE_MAX (16 * 1024 * 1024)

#define DIGEST_START 0xcbf29ce484222325

#define ADDON_PREFIX PATH_ADDON "/"
#define ADDON_MODULES "modules/"
/* Of an entry in a newc archive; its name stands behind it. */
#define HEADER_SIZE 110

#define DROPINS_PREFIX PATH_POLICY_DIRECTORY "/" NAME_POLICY_DROPINS "/"

/* FNV-1a: tells two files apart; nothing is proven by it. */
static void digest_add(uint64_t *digest, const char *data, size_t size)
{
	for (size_t i = 0; i < size; i++)
		*digest = (*digest ^ (unsigned char)data[i]) * 0x100000001b3;
}

/*
 * /usr may be merged or not, and so may bin and sbin (always in mkinitcpio's images), in the image and on disk. This is
 * the same for all names of one place.
 */
static const char *without_links(const char *path)
{
	if (starts_with(path, "usr/"))
		path += strlen("usr/");
	return starts_with(path, "sbin/") ? path + strlen("s") : path;
}

bool image_compare_is_read(const char *path)
{
	const char *dropin = starts_with(path, DROPINS_PREFIX) ? path + strlen(DROPINS_PREFIX) : "";

	return streq(path, PATH_POLICY_DIRECTORY "/" NAME_POLICY) || streq(path, PATH_RECORD) ||
	       (dropin[0] != '\0' && dropin[0] != '.' && strchr(dropin, '/') == NULL && ends_with(dropin, ".conf"));
}

/* A name may come more than once. What cannot be looked for (EACCES) is not taken for missing. */
static void take_extra(struct image_comparison *comparison, const char *name)
{
	if (!image_compare_is_read(name) || sysfs_find(comparison->root, name) != -ENOENT)
		return;
	for (size_t i = 0; i < comparison->n_extra; i++)
		if (streq(comparison->extra[i], name))
			return;
	*(char **)util_append(&comparison->extra, &comparison->n_extra, sizeof(char *)) = util_copy(name);
}

/* Is one file a copy of the other? It may be in another directory there, compressed, or not any more. */
static bool is_module(const char *copy, const char *file)
{
	const char *a = strrchr(copy, '/'), *b = strrchr(file, '/');
	cleanup_free char *name = util_copy(a != NULL ? a + 1 : copy), *wanted = util_copy(b != NULL ? b + 1 : file);
	char *end = strstr(name, ".ko"), *wanted_end = strstr(wanted, ".ko");

	if (end == NULL || wanted_end == NULL)
		return false;
	*end = *wanted_end = '\0';
	/* mkinitcpio, dracut and initramfs-tools keep the name of the file, booster takes that of the module. */
	return device_same_driver(name, wanted);
}

/* The last file of a module is its own; those before it are what it needs. */
static void take_module(struct image_comparison *comparison, const char *name)
{
	const struct image_items *items = comparison->items;

	for (size_t i = 0; i < items->n_modules; i++)
		if (items->modules[i].n_paths > 0 &&
		    is_module(name, items->modules[i].paths[items->modules[i].n_paths - 1]))
			comparison->has_modules[i] = true;
}

bool image_compare_has_module(const struct image_comparison *comparison, size_t module)
{
	return comparison->items->modules[module].n_paths == 0 || comparison->has_modules[module];
}

static void forget(struct image_comparison *comparison)
{
	for (size_t i = 0; i < comparison->n_copies; i++)
		comparison->copies[i].is_there = false;
	for (size_t i = 0; i < comparison->n_extra; i++)
		free(comparison->extra[i]);
	comparison->n_extra = 0;
}

/* A boot with an add-on reads that one's files alone. Returns where it would be without, owned, or NULL. */
static char *take_addon(struct image_comparison *comparison, const char *name)
{
	size_t length = strlen(comparison->release);

	if (!comparison->has_addon)
		forget(comparison);
	comparison->has_addon = true;
	if (!starts_with(name, ADDON_MODULES))
		return streq(name, "vfio-bind") ? util_copy(PATH_BINDER)
						: util_format(PATH_POLICY_DIRECTORY "/%s", name);
	name += strlen(ADDON_MODULES);
	if (strncmp(name, comparison->release, length) == 0 && name[length] == '/') {
		comparison->is_for_kernel = true;
		take_module(comparison, name);
	}
	return NULL;
}

static void take_file(struct image_comparison *comparison, const char *name)
{
	for (size_t i = 0; i < comparison->n_copies; i++) {
		if (!streq(without_links(comparison->copies[i].path), without_links(name)))
			continue;
		comparison->now = &comparison->copies[i];
		comparison->now->is_there = true;
		comparison->now->n_content = 0;
	}
	if (comparison->now == NULL)
		take_extra(comparison, name);
}

static void take_name(const char *name, void *context)
{
	struct image_comparison *comparison = context;
	cleanup_free char *own = NULL;

	comparison->now = NULL;
	if (starts_with(name, ADDON_PREFIX)) {
		own = take_addon(comparison, name + strlen(ADDON_PREFIX));
		if (own != NULL)
			take_file(comparison, own);
		return;
	}
	take_module(comparison, name);
	if (comparison->generator == NULL && !streq(name, PATH_ADDON))
		comparison->generator = initramfs_generator_of(name);
	if (!comparison->has_addon)
		take_file(comparison, name);
}

/* Once more than a file of ours can have, nothing is added. */
static void take_content(const char *data, size_t size, void *context)
{
	const struct image_comparison *comparison = context;
	struct image_copy *copy = comparison->now;
	char *longer;

	if (copy == NULL || copy->n_content > FILE_MAX)
		return;
	longer = util_alloc(copy->n_content + size + 1);
	if (copy->n_content > 0)
		memcpy(longer, copy->content, copy->n_content);
	memcpy(longer + copy->n_content, data, size);
	free(copy->content);
	copy->content = longer;
	copy->n_content += size;
}

/* What counts of a file: the build of a program that says it, else every byte. */
static uint64_t digest_of(const char *data, size_t size)
{
	uint64_t digest = DIGEST_START;
	size_t length = size;
	const char *id = build_id_find(data, size, &length);

	digest_add(&digest, id != NULL ? id : data, length);
	return digest;
}

bool image_compare_is_same(const struct image_copy *copy)
{
	return copy->wanted == digest_of(copy->content != NULL ? copy->content : "", copy->n_content);
}

static void add_copy(struct image_comparison *comparison, const char *path)
{
	struct image_copy *copy = util_append(&comparison->copies, &comparison->n_copies, sizeof(*copy));
	cleanup_free char *text = NULL;
	size_t length = 0;
	int result = file_read(comparison->root, path, FILE_MAX, &text, &length);

	copy->path = path;
	copy->wanted = DIGEST_START;
	copy->is_unread = result == -EACCES;
	if (result == 0)
		copy->wanted = digest_of(text, length);
}

void image_compare_begin(struct image_comparison *comparison, int root, const char *release,
			 const struct image_items *items)
{
	*comparison = (struct image_comparison){
		.root = root, .release = release, .items = items, .has_modules = util_alloc(items->n_modules + 1)
	};
	for (size_t i = 0; i < items->n_files; i++)
		add_copy(comparison, items->files[i]);
}

int image_compare_read(struct image_comparison *comparison, const char *image)
{
	const struct archive_visitor visitor = { take_name, take_content, comparison };

	return archive_read_image(comparison->root, image, &visitor);
}

bool image_compare_is_addon(int root, const char *path)
{
	cleanup_free char *text = NULL;
	size_t length = 0;

	return file_read_start(root, path, HEADER_SIZE + sizeof(PATH_ADDON), &text, &length) == 0 &&
	       length == HEADER_SIZE + sizeof(PATH_ADDON) && starts_with(text, "07070") &&
	       strncmp(text + HEADER_SIZE, PATH_ADDON, strlen(PATH_ADDON)) == 0;
}

void image_compare_end(struct image_comparison *comparison)
{
	forget(comparison);
	free(comparison->extra);
	for (size_t i = 0; i < comparison->n_copies; i++)
		free(comparison->copies[i].content);
	free(comparison->copies);
	free(comparison->has_modules);
}
