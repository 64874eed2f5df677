/* SPDX-License-Identifier: GPL-2.0-or-later */
/* check: is what the images hold what is on disk? */
#include <errno.h>
#include <stdio.h>

#include "host/check.h"
#include "host/image_compare.h"
#include "lib/paths.h"

static void add_image(struct check *check, enum severity severity, const char *name, const char *image, char *what,
		      const char *why)
{
	check_add(check, (struct finding){
				 .severity = severity,
				 .name = name,
				 .where = util_copy(image),
				 .what = what,
				 .why = why,
				 .todo = util_copy("Make it again: update-initramfs -u -k all (Debian), dracut --force "
						   "--regenerate-all, mkinitcpio -P."),
			 });
}

/* A boot does not read it where the policy has no rule, but for the policy itself. */
static bool is_of_use(const struct check *check, const char *path)
{
	return check->session.policy.n_rules > 0 || (image_compare_is_read(path) && !streq(path, PATH_RECORD));
}

static void judge_copies(struct check *check, const char *image, const struct image_comparison *comparison)
{
	for (size_t i = 0; i < comparison->n_copies; i++) {
		const struct image_copy *copy = &comparison->copies[i];

		if (!is_of_use(check, copy->path))
			continue;
		if (!copy->is_there && check->session.policy.n_rules > 0)
			add_image(check, SEVERITY_ERROR, "image-lacks", image,
				  util_format("/%s is not in this image.", copy->path),
				  "A boot with it binds nothing, or not what the policy says.");
		else if (copy->is_there && !copy->is_unread && copy->digest != copy->wanted)
			add_image(check, SEVERITY_ERROR, "image-old", image,
				  util_format("It holds another /%s than the disk.", copy->path),
				  "The next boot does what the old file says.");
	}
}

static void judge_extra(struct check *check, const char *image, const struct image_comparison *comparison)
{
	for (size_t i = 0; i < comparison->n_extra; i++) {
		cleanup_free char *path = util_copy_printable(comparison->extra[i]);

		add_image(check, SEVERITY_ERROR, "image-extra", image,
			  util_format("It holds /%s, which is not on disk.", path),
			  "The next boot does what this file says, although it was removed.");
	}
}

static void judge(struct check *check, const char *image, const struct image_comparison *comparison, bool wants_module)
{
	judge_copies(check, image, comparison);
	judge_extra(check, image, comparison);
	if (wants_module && !comparison->has_module)
		add_image(check, SEVERITY_ERROR, "image-lacks", image,
			  util_copy("The module vfio-pci is not in this image."),
			  "vfio-bind cannot bind anything in the initramfs without it.");
}

static bool wants_module(const struct check *check, const struct image_items *items)
{
	for (size_t i = 0; i < items->n_modules && check->session.policy.n_rules > 0; i++)
		if (streq(items->modules[i].name, "vfio_pci") && items->modules[i].n_paths > 0)
			return true;
	return false;
}

static void look_into(struct check *check, const char *image, const struct image_items *items)
{
	struct image_comparison comparison;
	int result;

	image_compare_begin(&comparison, check->root, items);
	result = image_compare_read(&comparison, image);
	if (result < 0)
		check_add(check,
			  (struct finding){
				  .severity = SEVERITY_HINT,
				  .name = "image-unreadable",
				  .where = util_copy(image),
				  .what = util_format("Cannot look into it: %s.", strerror(-result)),
				  .why = "So nobody knows whether the next boot does what the policy says.",
				  .todo = util_copy(result == -EACCES ? "sudo vfiokit check" : "Make the image again."),
			  });
	else
		judge(check, image, &comparison, wants_module(check, items));
	image_compare_end(&comparison);
}

/* mkinitcpio names images after the package; it leaves the name beside the modules. */
static void package_name(const struct check *check, const char *release, char name[static SYSFS_NAME_SIZE])
{
	cleanup_free char *path = util_format("lib/modules/%s/pkgbase", release);

	if (sysfs_read(check->root, path, name, SYSFS_NAME_SIZE) < 0 || strchr(name, '/') != NULL)
		name[0] = '\0';
}

static void look_at_kernel(struct check *check, const char *release, const struct image_items *items)
{
	static const char *const forms[] = { "boot/initrd.img-", "boot/initramfs-", "boot/initrd-", "boot/booster-" };
	char package[SYSFS_NAME_SIZE];

	package_name(check, release, package);
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		cleanup_free char *plain = util_format("%s%s", forms[i], release);
		cleanup_free char *suffixed = util_format("%s%s.img", forms[i], release);
		cleanup_free char *named = util_format("%s%s.img", forms[i], package);

		if (sysfs_exists(check->root, plain))
			look_into(check, plain, items);
		if (sysfs_exists(check->root, suffixed))
			look_into(check, suffixed, items);
		if (package[0] != '\0' && sysfs_exists(check->root, named))
			look_into(check, named, items);
	}
}

static void look_at_images(struct check *check)
{
	struct image_items items;

	image_items_collect(&items, &check->session, check->options);
	if (!items.has_binder && check->session.policy.n_rules > 0)
		check_add(check, (struct finding){
					 .severity = SEVERITY_ERROR,
					 .name = "not-installed",
					 .where = util_copy(PATH_BINDER),
					 .what = util_copy("vfio-bind is not installed."),
					 .why = "What is not on disk does not come into an image.",
					 .todo = util_copy("make install, then make the boot images again."),
				 });
	for (size_t i = 0; i < check->n_kernels; i++)
		look_at_kernel(check, check->kernels[i].release, &items);
	image_items_free(&items);
}

const struct check_item check_image_items[] = {
	{ "the images of the kernels", look_at_images },
	{ NULL, NULL },
};
