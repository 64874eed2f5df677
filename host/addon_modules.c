/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/addon_modules.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/wait.h>

#include "binder/modules.h"
#include "lib/file.h"
#include "lib/paths.h"

#define FILE_MAX_SIZE (256UL * 1024 * 1024)
#define MODE_FILE 0644

/* depmod reads these, and the last one decides the order of what it writes. */
static const char *const inputs[] = { "modules.builtin", "modules.builtin.modinfo", "modules.order" };

/* What libkmod reads. The text forms beside them are for people. */
static const char *const indexes[] = { "modules.dep.bin",     "modules.alias.bin",         "modules.symbols.bin",
				       "modules.builtin.bin", "modules.builtin.alias.bin", "modules.softdep" };

/* The folder in which depmod works; it wants lib/modules/RELEASE below. */
struct workshop {
	char path[64];
	int root;
	const char *release;
	const char *source; /* of the modules, below the session's root */
	int source_root;
};

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *where)
{
	(void)info;
	(void)type;
	(void)where;
	return remove(path);
}

static int open_workshop(struct workshop *shop)
{
	const char *directory = getenv("TMPDIR");

	if (snprintf(shop->path, sizeof(shop->path), "%s/vfiokit-XXXXXX", directory != NULL ? directory : "/tmp") >=
		    (int)sizeof(shop->path) ||
	    mkdtemp(shop->path) == NULL) {
		fprintf(stderr, "vfiokit: image: cannot make a temporary directory (TMPDIR chooses where)\n");
		shop->path[0] = '\0';
		return -EIO;
	}
	shop->root = open(shop->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return shop->root < 0 ? -errno : 0;
}

static void close_workshop(struct workshop *shop)
{
	util_close_fd(&shop->root);
	if (shop->path[0] != '\0')
		(void)nftw(shop->path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static int copy_in(const struct workshop *shop, const char *name)
{
	cleanup_free char *from = util_format("%s/%s", shop->source, name);
	cleanup_free char *to = util_format("lib/modules/%s/%s", shop->release, name);
	cleanup_free char *data = NULL;
	size_t length = 0;
	int result = file_read(shop->source_root, from, FILE_MAX_SIZE, &data, &length);

	if (result == 0)
		result = file_write(shop->root, to, data, length);
	if (result < 0 && result != -ENOENT)
		fprintf(stderr, "vfiokit: image: cannot copy /%s: %s\n", from, strerror(-result));
	return result;
}

static int copy_out(const struct workshop *shop, struct cpio *cpio, const char *name)
{
	cleanup_free char *from = util_format("lib/modules/%s/%s", shop->release, name);
	cleanup_free char *to = util_format(PATH_ADDON "/modules/%s/%s", shop->release, name);
	cleanup_free char *data = NULL;
	size_t length = 0;
	int result = file_read(shop->root, from, FILE_MAX_SIZE, &data, &length);

	return result < 0 ? result : cpio_add_file(cpio, to, MODE_FILE, data, length);
}

static int run_depmod(const struct workshop *shop)
{
	char depmod[] = "depmod", base[] = "-b", *release = util_copy(shop->release), *path = util_copy(shop->path);
	char *const words[] = { depmod, base, path, release, NULL };
	int status = 0, result;
	pid_t pid;

	result = -posix_spawnp(&pid, "depmod", NULL, NULL, words, environ);
	if (result == 0 && waitpid(pid, &status, 0) == pid && status != 0)
		result = -EIO;
	if (result < 0)
		fprintf(stderr, "vfiokit: image: depmod, which kmod brings, did not make an index: %s\n",
			result == -EIO ? "see above" : strerror(-result));
	free(path);
	free(release);
	return result;
}

static bool is_first(const struct image_items *items, size_t module, size_t path)
{
	const char *name = items->modules[module].paths[path];

	for (size_t i = 0; i <= module; i++)
		for (size_t j = 0; j < (i == module ? path : items->modules[i].n_paths); j++)
			if (streq(items->modules[i].paths[j], name))
				return false;
	return true;
}

/* act: on the shop, for each file of a module once. */
static int for_each_file(const struct workshop *shop, const struct image_items *items, struct cpio *cpio)
{
	int result = 0;

	for (size_t i = 0; i < items->n_modules; i++)
		for (size_t j = 0; j < items->modules[i].n_paths && result == 0; j++)
			if (is_first(items, i, j))
				result = cpio != NULL ? copy_out(shop, cpio, items->modules[i].paths[j])
						      : copy_in(shop, items->modules[i].paths[j]);
	return result;
}

static int fill_workshop(const struct workshop *shop, const struct image_items *items)
{
	int result = for_each_file(shop, items, NULL);

	for (size_t i = 0; i < ARRAY_SIZE(inputs) && result == 0; i++) {
		result = copy_in(shop, inputs[i]);
		if (result == -ENOENT)
			result = 0;
	}
	return result;
}

int addon_add_modules(struct cpio *cpio, int root, const char *release, const struct image_items *items)
{
	struct workshop shop = {
		.root = -1, .release = release, .source = modules_directory(items->source), .source_root = root
	};
	int result = open_workshop(&shop);

	if (result == 0)
		result = fill_workshop(&shop, items);
	if (result == 0)
		result = run_depmod(&shop);
	if (result == 0)
		result = for_each_file(&shop, items, cpio);
	for (size_t i = 0; i < ARRAY_SIZE(indexes) && result == 0; i++)
		result = copy_out(&shop, cpio, indexes[i]);
	close_workshop(&shop);
	return result;
}
