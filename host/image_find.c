/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/image_find.h"

#include <errno.h>
#include <string.h>

#include "host/lines.h"
#include "lib/paths.h"
#include "lib/sysfs.h"
#include "lib/util.h"

static const char *const places[] = { PATH_BOOT, PATH_ESP, PATH_BOOT "/" PATH_ESP };

struct finder {
	int root;
	void (*found)(const char *path, void *context);
	void *context;
};

static bool try(const struct finder *finder, const char *path)
{
	bool exists = sysfs_exists(finder->root, path);

	if (exists)
		finder->found(path, finder->context);
	return exists;
}

/* mkinitcpio names images after the package; it leaves the name beside the modules. */
static void read_package(int root, const char *release, char name[static SYSFS_NAME_SIZE])
{
	cleanup_free char *path = util_format("lib/modules/%s/pkgbase", release);

	if (sysfs_read(root, path, name, SYSFS_NAME_SIZE) < 0 || strchr(name, '/') != NULL)
		name[0] = '\0';
}

static void find_by_name(const struct finder *finder, const char *place, const char *release, const char *package)
{
	static const char *const forms[] = { "initrd.img-", "initramfs-", "initrd-", "booster-" };

	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		cleanup_free char *plain = util_format("%s/%s%s", place, forms[i], release);
		cleanup_free char *suffixed = util_format("%s/%s%s.img", place, forms[i], release);
		cleanup_free char *named = util_format("%s/%s%s.img", place, forms[i], package);

		(void)try(finder, plain);
		(void)try(finder, suffixed);
		if (package[0] != '\0')
			(void)try(finder, named);
	}
}

/* Besides the image a kernel's directory may hold others, of microcode for instance. openSUSE has a hash in the name.
 */
static void find_in_entry(const struct finder *finder, const char *directory)
{
	cleanup_free char *plain = util_format("%s/initrd", directory);
	size_t n;
	char **names;

	if (try(finder, plain))
		return;
	names = lines_list_directory(finder->root, directory, "", &n);
	for (size_t i = 0; i < n; i++) {
		cleanup_free char *path = util_format("%s/%s", directory, names[i]);

		if (starts_with(names[i], "initrd-") || streq(names[i], "initrd.img"))
			(void)try(finder, path);
		free(names[i]);
	}
	free(names);
}

/* The directories between are called after the machine, or after the distribution. */
static void find_entries(const struct finder *finder, const char *place, const char *release)
{
	size_t n;
	char **names = lines_list_directory(finder->root, place, "", &n);

	for (size_t i = 0; i < n; i++) {
		cleanup_free char *directory = util_format("%s/%s/%s", place, names[i], release);

		find_in_entry(finder, directory);
		free(names[i]);
	}
	free(names);
}

void image_find_each(int root, const char *release, void (*found)(const char *path, void *context), void *context)
{
	const struct finder finder = { root, found, context };
	char package[SYSFS_NAME_SIZE];

	read_package(root, release, package);
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		find_by_name(&finder, places[i], release, package);
		find_entries(&finder, places[i], release);
	}
}

static bool has_unified(int root, const char *place)
{
	cleanup_free char *path = util_format("%s/EFI/Linux", place);
	size_t n;
	char **names = lines_list_directory(root, path, ".efi", &n);

	for (size_t i = 0; i < n; i++)
		free(names[i]);
	free(names);
	return n > 0;
}

const char *image_find_why_unseen(int root)
{
	if (sysfs_exists(root, PATH_BOOT "/ostree"))
		return "ostree keeps the images here";
	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		if (has_unified(root, places[i]))
			return "it may be in a unified kernel image";
	return NULL;
}

bool image_find_is_denied(int root)
{
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		cleanup_free char *path = util_format("%s/EFI", places[i]);

		if (sysfs_find(root, path) == -EACCES)
			return true;
	}
	return false;
}
