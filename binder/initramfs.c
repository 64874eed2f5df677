/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "binder/initramfs.h"

#include "lib/file.h"
#include "lib/paths.h"
#include "lib/sysfs.h"
#include "lib/util.h"

#define MOUNTS_MAX (1024 * 1024)

/* In the order in which they are asked: an add-on stands in front of another's image. */
static const struct {
	const char *name;
	const char *sign; /* what only its images hold */
	const char *rebuild;
} generators[] = {
	{ "add-on", PATH_ADDON, "vfiokit image --output FILE, in place of the add-on that the boot loader names" },
	{ "booster", "etc/booster.init.yaml", "booster build --force, with the arguments of your distribution" },
	{ "mkinitcpio", "buildconfig", "mkinitcpio -P" },
	{ "initramfs-tools", "conf/initramfs.conf", "update-initramfs -u -k all" },
	{ "dracut", "usr/lib/dracut", "dracut --force --regenerate-all" },
	{ "dracut", "lib/dracut", "dracut --force --regenerate-all" },
};

bool initramfs_is_root(int root)
{
	cleanup_free char *mounts = NULL;
	size_t length = 0;

	if (sysfs_exists(root, PATH_INITRD_RELEASE))
		return true;
	if (file_read_start(root, PATH_MOUNTS, MOUNTS_MAX, &mounts, &length) < 0)
		return false;
	return starts_with(mounts, "rootfs / rootfs ") || strstr(mounts, "\nrootfs / rootfs ") != NULL ||
	       starts_with(mounts, "none / rootfs ") || strstr(mounts, "\nnone / rootfs ") != NULL;
}

bool initramfs_has_addon(int root)
{
	return sysfs_exists(root, PATH_ADDON) && initramfs_is_root(root);
}

const char *initramfs_generator(int root)
{
	for (size_t i = 0; i < ARRAY_SIZE(generators); i++)
		if (sysfs_exists(root, generators[i].sign))
			return generators[i].name;
	return NULL;
}

const char *initramfs_generator_of(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(generators); i++) {
		size_t length = strlen(generators[i].sign);

		if (strncmp(name, generators[i].sign, length) == 0 && (name[length] == '\0' || name[length] == '/'))
			return generators[i].name;
	}
	return NULL;
}

const char *initramfs_rebuild_command(const char *generator)
{
	for (size_t i = 0; i < ARRAY_SIZE(generators); i++)
		if (streq(generators[i].name, generator))
			return generators[i].rebuild;
	return NULL;
}
