/* SPDX-License-Identifier: GPL-2.0-or-later */
/* check: is what the images hold what is on disk? */
#include <cjson/cJSON.h>
#include <errno.h>
#include <stdio.h>

#include "binder/initramfs.h"
#include "binder/store.h"
#include "host/check.h"
#include "host/image_compare.h"
#include "host/lines.h"
#include "lib/paths.h"

#define BOOSTER_PREFIX "boot/booster-"

/* The images of one kernel. */
struct look {
	struct check *check;
	const struct image_items *items;
	const char *release;
	bool uses_addon; /* this boot did */
	bool has_addon;  /* one for this kernel was found and compared */
};

/* An image says who made it; booster's are known by their names, too. NULL: nobody knows. */
static const char *rebuild_command(const char *image, const struct image_comparison *comparison)
{
	if (comparison->has_addon)
		return initramfs_rebuild_command("add-on");
	if (comparison->generator == NULL && starts_with(image, BOOSTER_PREFIX))
		return initramfs_rebuild_command("booster");
	return comparison->generator != NULL ? initramfs_rebuild_command(comparison->generator) : NULL;
}

static void add_image(struct check *check, const char *name, const char *image,
		      const struct image_comparison *comparison, struct finding finding)
{
	const char *command = rebuild_command(image, comparison);

	finding.severity = SEVERITY_ERROR;
	finding.name = name;
	finding.where = util_copy(image);
	finding.todo = util_format("Make it again: %s.", command != NULL
								 ? command
								 : "update-initramfs -u -k all (Debian), dracut "
								   "--force --regenerate-all, mkinitcpio -P");
	check_add(check, finding);
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
			add_image(check, "image-lacks", image, comparison,
				  (struct finding){
					  .what = util_format("/%s is not in this image.", copy->path),
					  .why = "A boot with it binds nothing, or not what the policy says.",
				  });
		else if (copy->is_there && !copy->is_unread && copy->digest != copy->wanted)
			add_image(check, "image-old", image, comparison,
				  (struct finding){
					  .what = util_format("It holds another /%s than the disk.", copy->path),
					  .why = "The next boot does what the old file says.",
				  });
	}
}

static void judge_extra(struct check *check, const char *image, const struct image_comparison *comparison)
{
	for (size_t i = 0; i < comparison->n_extra; i++) {
		cleanup_free char *path = util_copy_printable(comparison->extra[i]);

		add_image(check, "image-extra", image, comparison,
			  (struct finding){
				  .what = util_format("It holds /%s, which is not on disk.", path),
				  .why = "The next boot does what this file says, although it was removed.",
			  });
	}
}

static void judge_modules(struct check *check, const char *image, const struct image_comparison *comparison)
{
	const struct image_items *items = comparison->items;

	for (size_t i = 0; i < items->n_modules && check->session.policy.n_rules > 0; i++)
		if (!image_compare_has_module(comparison, i))
			add_image(check, "image-lacks", image, comparison,
				  (struct finding){
					  .what = util_format("The module %s is not in this image.",
							      items->modules[i].name),
					  .why = "vfio-bind loads it in the initramfs, before anything else can.",
				  });
}

/* Of an image beside an add-on nothing is asked; an add-on for another kernel does not count. */
static void judge(struct look *look, const char *image, const struct image_comparison *comparison, bool is_addon)
{
	if (look->uses_addon && !comparison->has_addon)
		return;
	if (is_addon && !comparison->is_for_kernel)
		return;
	look->has_addon |= comparison->has_addon;
	judge_copies(look->check, image, comparison);
	judge_extra(look->check, image, comparison);
	judge_modules(look->check, image, comparison);
}

static void look_into(struct look *look, const char *image, bool is_addon)
{
	struct image_comparison comparison;
	int result;

	image_compare_begin(&comparison, look->check->root, look->release, look->items);
	result = image_compare_read(&comparison, image);
	if (result < 0)
		check_add(look->check,
			  (struct finding){
				  .severity = SEVERITY_HINT,
				  .name = "image-unreadable",
				  .where = util_copy(image),
				  .what = util_format("Cannot look into it: %s.", strerror(-result)),
				  .why = "So nobody knows whether the next boot does what the policy says.",
				  .todo = util_copy(result == -EACCES ? "sudo vfiokit check" : "Make the image again."),
			  });
	else
		judge(look, image, &comparison, is_addon);
	image_compare_end(&comparison);
}

/* mkinitcpio names images after the package; it leaves the name beside the modules. */
static void package_name(const struct check *check, const char *release, char name[static SYSFS_NAME_SIZE])
{
	cleanup_free char *path = util_format("lib/modules/%s/pkgbase", release);

	if (sysfs_read(check->root, path, name, SYSFS_NAME_SIZE) < 0 || strchr(name, '/') != NULL)
		name[0] = '\0';
}

/* A file that nobody can find by its name: the user chose that. It stands where the kernel is, at best. */
static void look_for_addons(struct look *look)
{
	size_t n;
	char **names = lines_list_directory(look->check->root, PATH_BOOT, "", &n);

	for (size_t i = 0; i < n; i++) {
		cleanup_free char *path = util_format(PATH_BOOT "/%s", names[i]);

		if (image_compare_is_addon(look->check->root, path))
			look_into(look, path, true);
		free(names[i]);
	}
	free(names);
}

static void add_unchecked(const struct look *look)
{
	check_add(look->check,
		  (struct finding){
			  .severity = SEVERITY_HINT,
			  .name = "image-unchecked",
			  .where = util_copy(PATH_BOOT),
			  .what = util_format("This boot used an add-on, and none for kernel %s is here: not checked.",
					      look->release),
			  .why = "So nobody knows whether the next boot does what the policy says.",
			  .todo = util_format("If it is older than the policy or not for this kernel: vfiokit image "
					      "--kernel %s --output FILE, in place of the add-on that the boot loader "
					      "names",
					      look->release),
		  });
}

static void look_at_kernel(struct look *look)
{
	static const char *const forms[] = { "boot/initrd.img-", "boot/initramfs-", "boot/initrd-", BOOSTER_PREFIX };
	const struct check *check = look->check;
	char package[SYSFS_NAME_SIZE];

	package_name(check, look->release, package);
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		cleanup_free char *plain = util_format("%s%s", forms[i], look->release);
		cleanup_free char *suffixed = util_format("%s%s.img", forms[i], look->release);
		cleanup_free char *named = util_format("%s%s.img", forms[i], package);

		if (sysfs_exists(check->root, plain))
			look_into(look, plain, false);
		if (sysfs_exists(check->root, suffixed))
			look_into(look, suffixed, false);
		if (package[0] != '\0' && sysfs_exists(check->root, named))
			look_into(look, named, false);
	}
	if (!look->uses_addon)
		return;
	look_for_addons(look);
	if (!look->has_addon)
		add_unchecked(look);
}

/* Did this boot come by an add-on? Its report says so; without one, its command line does. */
static bool uses_addon(const struct check *check)
{
	cJSON *report = store_read(check->root);
	const char *image = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(report, "image"));
	bool uses = report != NULL ? image != NULL && streq(image, "add-on")
				   : check_has_word(check, "rdinit=/" PATH_ADDON "/vfio-bind");

	cJSON_Delete(report);
	return uses;
}

static void look_for_program(struct check *check)
{
	if (check->session.policy.n_rules > 0 && !sysfs_exists(check->root, PATH_BINDER))
		check_add(check, (struct finding){
					 .severity = SEVERITY_ERROR,
					 .name = "not-installed",
					 .where = util_copy(PATH_BINDER),
					 .what = util_copy("vfio-bind is not installed."),
					 .why = "What is not on disk does not come into an image.",
					 .todo = util_copy("make install, then make the boot images again."),
				 });
}

static void look_at_images(struct check *check)
{
	bool has_addon = uses_addon(check);

	for (size_t i = 0; i < check->n_kernels; i++) {
		const char *release = check->kernels[i].release;
		struct image_items items;
		struct look look = { check, &items, release, .uses_addon = has_addon };

		image_items_collect(&items, &check->session, check->options, release);
		look_at_kernel(&look);
		image_items_free(&items);
	}
}

const struct check_item check_image_items[] = {
	{ "the program itself", look_for_program },
	{ "the images of the kernels", look_at_images },
	{ NULL, NULL },
};
