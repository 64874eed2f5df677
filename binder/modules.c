/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "binder/modules.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <libkmod.h>
#include <limits.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <syslog.h>

#include "lib/parse.h"
#include "lib/paths.h"
#include "lib/root.h"

/* Longest chain of dependencies that a flat directory may hold; vfio_pci has four. */
#define DEPTH_MAX 8

/*
 * vfio-pci takes every driverless device of its ids= when it is loaded, the twin of the console card included. The last
 * value of an option counts, and only the policy names devices.
 */
#define NO_IDS "ids="

/* Aliases that only driver_override leads to (Linux 5.15): vfio_pci has one that fits every device. */
#define VARIANT_PREFIX "vfio_pci:"

struct modules {
	struct kmod_ctx *context; /* NULL if there is no module directory */
	int root;
	char directory[PATH_MAX]; /* relative to root */
	bool is_flat;             /* no index: NAME.ko lie in the directory itself */
	bool is_running_system;   /* root is ours, so loading makes sense */
};

/* libkmod opens whatever has the name of an index, and would wait for a FIFO in a folder that somebody gave us. */
static bool has_index(int root, const char *directory)
{
	static const char *const names[] = {
		"modules.dep.bin",     "modules.alias.bin",         "modules.symbols.bin",
		"modules.builtin.bin", "modules.builtin.alias.bin", "modules.builtin.modinfo",
		"modules.softdep",     "modules.weakdep",           "modules.devname"
	};
	char path[PATH_MAX + 64];
	struct stat info;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", directory, names[i]);
		if (fstatat(root, path, &info, 0) < 0) {
			if (i == 0)
				return false;
			continue;
		}
		if (!S_ISREG(info.st_mode))
			return false;
	}
	return true;
}

/* Where an image or a system keeps its modules: with an index for this release, or flat as booster does. */
static bool find_directory(struct modules *modules, const char *release)
{
	static const char *const parents[] = { PATH_ADDON "/modules", "lib/modules", "usr/lib/modules" };
	char path[PATH_MAX + 32];

	for (size_t i = 0; i < ARRAY_SIZE(parents); i++) {
		snprintf(modules->directory, sizeof(modules->directory), "%s/%s", parents[i], release);
		snprintf(path, sizeof(path), "%s/modules.dep.bin", modules->directory);
		if (release[0] != '\0' && sysfs_exists(modules->root, path) &&
		    (modules->is_running_system || has_index(modules->root, modules->directory)))
			return true;
	}
	modules->is_flat = true;
	for (size_t i = 0; i < ARRAY_SIZE(parents); i++) {
		snprintf(modules->directory, sizeof(modules->directory), "%s", parents[i]);
		snprintf(path, sizeof(path), "%s/vfio_pci.ko", modules->directory);
		if (sysfs_exists(modules->root, path))
			return true;
	}
	return false;
}

struct modules *modules_open(int root, const char *release)
{
	static const char *const no_config[] = { NULL };
	struct modules *modules = util_alloc(sizeof(*modules));
	char path[PATH_MAX + 32];
	struct utsname name;

	modules->root = root;
	modules->is_running_system = root_is_own(root);
	if (release[0] == '\0' && modules->is_running_system && uname(&name) == 0)
		release = name.release;
	if (!find_directory(modules, release))
		return modules;
	if (modules->is_running_system)
		snprintf(path, sizeof(path), "/%s", modules->directory);
	else
		snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", root, modules->directory);
	modules->context = kmod_new(path, modules->is_running_system ? NULL : no_config);
	if (modules->context == NULL)
		return modules;
	kmod_set_log_priority(modules->context, LOG_CRIT);
	/*
	 * Maps the indexes once instead of reading them anew for each name. Only our own: libkmod trusts what it maps.
	 * Where one is missing it goes on reading files.
	 */
	if (modules->is_running_system && !modules->is_flat)
		(void)kmod_load_resources(modules->context);
	return modules;
}

void modules_close(struct modules *modules)
{
	if (modules->context != NULL)
		kmod_unref(modules->context);
	free(modules);
}

static void flat_path(const struct modules *modules, const char *name, char *path, size_t size)
{
	size_t prefix = (size_t)snprintf(path, size, "%s/", modules->directory);

	snprintf(path + prefix, size - prefix, "%s.ko", name);
	for (char *c = path + prefix; *c != '\0'; c++)
		if (*c == '-')
			*c = '_';
}

enum known modules_can_find(struct modules *modules, const char *driver)
{
	struct kmod_module *module = NULL;
	char path[PATH_MAX + 128];
	enum known answer;

	if (modules->context == NULL)
		return KNOWN_NOT;
	if (modules->is_flat) {
		flat_path(modules, driver, path, sizeof(path));
		return sysfs_exists(modules->root, path) ? KNOWN_YES : KNOWN_NO;
	}
	if (kmod_module_new_from_name_lookup(modules->context, driver, &module) < 0)
		return KNOWN_NOT;
	answer = module != NULL ? KNOWN_YES : KNOWN_NO;
	if (module != NULL)
		kmod_module_unref(module);
	return answer;
}

/* How special an alias is: each wildcard makes it less so. */
static unsigned int count_wildcards(const char *pattern)
{
	unsigned int count = 0;

	for (; *pattern != '\0'; pattern++)
		count += *pattern == '*';
	return count;
}

/* Of the lines "alias PATTERN MODULE" that fit: the module with the fewest wildcards, but not vfio_pci itself. */
static char *find_best(char *text, const char *alias)
{
	unsigned int fewest = UINT_MAX;
	const char *found = NULL;

	for (char *line = text, *next; line != NULL; line = next) {
		char *pattern, *module;

		next = strchr(line, '\n');
		if (next != NULL)
			*next++ = '\0';
		if (!starts_with(line, "alias " VARIANT_PREFIX))
			continue;
		pattern = line + strlen("alias ");
		module = strchr(pattern, ' ');
		if (module == NULL)
			continue;
		*module++ = '\0';
		if (streq(module, "vfio_pci") || count_wildcards(pattern) >= fewest || fnmatch(pattern, alias, 0) != 0)
			continue;
		fewest = count_wildcards(pattern);
		found = module;
	}
	return found != NULL ? util_copy(found) : NULL;
}

/* More than one fits, and libkmod does not say how well: the index as text does. */
static char *choose(struct modules *modules, const char *alias)
{
	cleanup_close int fd = memfd_create("aliases", MFD_CLOEXEC);
	cleanup_free char *text = NULL;
	struct stat info;

	if (fd < 0 || kmod_dump_index(modules->context, KMOD_INDEX_MODULES_ALIAS, fd) < 0 || fstat(fd, &info) < 0)
		return NULL;
	text = util_alloc((size_t)info.st_size + 1);
	if (pread(fd, text, (size_t)info.st_size, 0) != info.st_size)
		return NULL;
	return find_best(text, alias);
}

char *modules_find_variant(struct modules *modules, const struct device *device)
{
	struct kmod_list *list = NULL, *item;
	char alias[96], *found = NULL, *best;
	size_t n = 0;

	if (modules->context == NULL || modules->is_flat)
		return NULL;
	snprintf(alias, sizeof(alias), VARIANT_PREFIX "v%08Xd%08Xsv%08Xsd%08Xbc%02Xsc%02Xi%02X", device->vendor,
		 device->device, device->subvendor, device->subdevice, device->class >> 16, device->class >> 8 & 0xff,
		 device->class & 0xff);
	if (kmod_module_new_from_lookup(modules->context, alias, &list) < 0)
		return NULL;
	kmod_list_foreach(item, list)
	{
		struct kmod_module *module = kmod_module_get_module(item);
		const char *name = kmod_module_get_name(module);

		if (!streq(name, "vfio_pci") && (found == NULL || !streq(name, found))) {
			n++;
			free(found);
			found = util_copy(name);
		}
		kmod_module_unref(module);
	}
	kmod_module_unref_list(list);
	best = n > 1 ? choose(modules, alias) : NULL;
	if (best == NULL)
		return found;
	free(found);
	return best;
}

bool modules_have_ids(struct modules *modules)
{
	struct kmod_module *module = NULL;
	const char *options;
	bool answer;

	if (modules->context == NULL || kmod_module_new_from_name(modules->context, "vfio_pci", &module) < 0)
		return false;
	options = kmod_module_get_options(module);
	answer = options != NULL && (starts_with(options, "ids=") || strstr(options, " ids=") != NULL);
	kmod_module_unref(module);
	return answer;
}

static void add_file(const struct modules *modules, struct kmod_module *module, char ***paths, size_t *n)
{
	const char *path = kmod_module_get_path(module), *directory = kmod_get_dirname(modules->context);

	if (path != NULL && starts_with(path, directory) && path[strlen(directory)] == '/')
		*(char **)util_append(paths, n, sizeof(char *)) = util_copy(path + strlen(directory) + 1);
}

int modules_list_files(struct modules *modules, const char *name, char ***paths, size_t *n)
{
	struct kmod_list *needed, *item;
	struct kmod_module *module = NULL;
	int result;

	if (modules->context == NULL || modules->is_flat)
		return -ENOENT;
	result = kmod_module_new_from_name_lookup(modules->context, name, &module);
	if (result < 0)
		return result;
	if (module == NULL)
		return -ENOENT;
	needed = kmod_module_get_dependencies(module);
	kmod_list_foreach(item, needed)
	{
		struct kmod_module *other = kmod_module_get_module(item);

		add_file(modules, other, paths, n);
		kmod_module_unref(other);
	}
	kmod_module_unref_list(needed);
	add_file(modules, module, paths, n);
	kmod_module_unref(module);
	return 0;
}

const char *modules_directory(const struct modules *modules)
{
	return modules->context != NULL && !modules->is_flat ? modules->directory : NULL;
}

static bool is_loaded(const struct modules *modules, const char *name)
{
	char path[PATH_MAX];
	size_t prefix = (size_t)snprintf(path, sizeof(path), PATH_MODULES "/");

	snprintf(path + prefix, sizeof(path) - prefix, "%s", name);
	for (char *c = path + prefix; *c != '\0'; c++)
		if (*c == '-')
			*c = '_';
	return sysfs_exists(modules->root, path);
}

static int load_flat(struct modules *modules, const char *name, int depth);

/* "depends" of the module's own information: a comma-separated list. */
static int load_flat_dependencies(struct modules *modules, struct kmod_module *module, int depth)
{
	struct kmod_list *info = NULL, *item;
	int result = kmod_module_get_info(module, &info);

	if (result < 0)
		return result;
	result = 0;
	kmod_list_foreach(item, info)
	{
		cleanup_free char *names = NULL;
		char *rest, *name;

		if (!streq(kmod_module_info_get_key(item), "depends"))
			continue;
		names = util_copy(kmod_module_info_get_value(item));
		rest = names;
		while (result == 0 && (name = parse_next_word(&rest)) != NULL)
			result = load_flat(modules, name, depth + 1);
	}
	kmod_module_info_free_list(info);
	return result;
}

static int insert_flat(struct kmod_module *module)
{
	const char *options = kmod_module_get_options(module);
	cleanup_free char *without_ids = util_format("%s " NO_IDS, options != NULL ? options : "");

	if (!streq(kmod_module_get_name(module), "vfio_pci"))
		return kmod_module_insert_module(module, 0, options);
	return kmod_module_insert_module(module, 0, without_ids);
}

static int load_flat(struct modules *modules, const char *name, int depth)
{
	struct kmod_module *module = NULL;
	char path[PATH_MAX + 128];
	int result;

	if (is_loaded(modules, name))
		return 0;
	if (depth > DEPTH_MAX)
		return -ELOOP;
	path[0] = '/';
	flat_path(modules, name, path + 1, sizeof(path) - 1);
	result = kmod_module_new_from_path(modules->context, path, &module);
	if (result < 0)
		return result;
	result = load_flat_dependencies(modules, module, depth);
	if (result == 0)
		result = insert_flat(module);
	kmod_module_unref(module);
	return result == -EEXIST ? 0 : result;
}

/* In place of an install line; KMOD_PROBE_IGNORE_COMMAND only spares us that of the module itself. */
static int insert_instead(struct kmod_module *module, const char *command, void *context)
{
	int result = kmod_module_insert_module(module, 0, kmod_module_get_options(module));

	(void)command;
	(void)context;
	return result == -EEXIST ? 0 : result;
}

int modules_load(struct modules *modules, const char *name)
{
	struct kmod_module *module = NULL;
	int result;

	if (!modules->is_running_system)
		return -EXDEV;
	if (is_loaded(modules, name))
		return 0;
	if (modules->context == NULL)
		return -ENOENT;
	if (modules->is_flat)
		return load_flat(modules, name, 0);
	result = kmod_module_new_from_name_lookup(modules->context, name, &module);
	if (result < 0)
		return result;
	if (module == NULL)
		return -ENOENT;
	result = kmod_module_probe_insert_module(module, KMOD_PROBE_IGNORE_COMMAND,
						 streq(kmod_module_get_name(module), "vfio_pci") ? NO_IDS : NULL,
						 insert_instead, NULL, NULL);
	kmod_module_unref(module);
	return result;
}

int modules_load_alias(struct modules *modules, const char *alias)
{
	struct kmod_list *list = NULL, *item;
	int result = -ENOENT;

	if (!modules->is_running_system)
		return -EXDEV;
	if (modules->context == NULL || modules->is_flat)
		return -ENOENT;
	if (kmod_module_new_from_lookup(modules->context, alias, &list) < 0)
		return -ENOENT;
	kmod_list_foreach(item, list)
	{
		struct kmod_module *module = kmod_module_get_module(item);
		int one = kmod_module_probe_insert_module(module, KMOD_PROBE_APPLY_BLACKLIST, NULL, NULL, NULL, NULL);

		kmod_module_unref(module);
		/* Positive: the flag that kept it away. */
		if (result != 0)
			result = one > 0 ? -ECANCELED : one;
	}
	kmod_module_unref_list(list);
	return result;
}
