/* SPDX-License-Identifier: GPL-2.0-or-later */
/* check: is what the images hold what is on disk? */
#include <cjson/cJSON.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "binder/initramfs.h"
#include "binder/store.h"
#include "host/check.h"
#include "host/image_compare.h"
#include "host/image_find.h"
#include "host/lines.h"
#include "lib/paths.h"

/* The images of one kernel. */
struct look {
	struct check *check;
	const struct image_items *items;
	const struct check_kernel *kernel;
	size_t n_images; /* that were found by their names */
	bool uses_addon; /* this boot did */
	bool has_addon;  /* one for this kernel was found and compared */
};

/* An image says who made it; booster's are known by their names, too. NULL: nobody knows. */
static const char *rebuild_command(const char *image, const struct image_comparison *comparison)
{
	if (comparison->has_addon)
		return initramfs_rebuild_command("add-on");
	if (comparison->generator == NULL && strstr(image, "/booster-") != NULL)
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
		else if (copy->is_there && !copy->is_unread && !image_compare_is_same(copy))
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

	image_compare_begin(&comparison, look->check->root, look->kernel->release, look->items);
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
					      look->kernel->release),
			  .why = "So nobody knows whether the next boot does what the policy says.",
			  .todo = util_format("If it is older than the policy or not for this kernel: vfiokit image "
					      "--kernel %s --output FILE, in place of the add-on that the boot loader "
					      "names",
					      look->kernel->release),
		  });
}

static void add_no_image(const struct look *look)
{
	check_add(
		look->check,
		(struct finding){
			.severity = SEVERITY_WARNING,
			.name = "no-image",
			.where = util_copy(PATH_BOOT),
			.what = util_format("There is no image (initramfs) for kernel %s, in /boot, /efi or /boot/efi.",
					    look->kernel->release),
			.why = "A boot without one starts no vfio-bind, and where drivers are not built in it may not "
			       "start at all.",
			.todo = util_format("Is /boot mounted? Then make it (Debian: update-initramfs -c -k %s; dracut "
					    "--force --kver %s; mkinitcpio -P).",
					    look->kernel->release, look->kernel->release),
		});
}

static void add_unseen(const struct look *look, const char *why, const char *todo)
{
	check_add(look->check, (struct finding){
				       .severity = SEVERITY_HINT,
				       .name = "image-unchecked",
				       .where = util_copy(PATH_BOOT),
				       .what = util_format("The image of kernel %s was not found: %s. Not checked.",
							   look->kernel->release, why),
				       .why = "So nobody knows whether the next boot does what the policy says.",
				       .todo = util_copy(todo),
			       });
}

static void on_image(const char *path, void *context)
{
	struct look *look = context;

	look->n_images++;
	look_into(look, path, false);
}

static void look_at_kernel(struct look *look)
{
	const struct check *check = look->check;
	const char *unseen;

	image_find_each(check->root, look->kernel->release, on_image, look);
	if (look->uses_addon) {
		look_for_addons(look);
		if (!look->has_addon)
			add_unchecked(look);
		return;
	}
	/* With the modules of a kernel its image goes, too. */
	if (look->n_images > 0 || check->session.policy.n_rules == 0 || !look->kernel->has_modules)
		return;
	unseen = image_find_why_unseen(check->root);
	if (image_find_is_denied(check->root))
		add_unseen(look, "not all places may be read", "sudo vfiokit check");
	else if (unseen != NULL)
		add_unseen(look, unseen, "If it is older than the policy, make it again; after a boot: vfiokit status");
	else
		add_no_image(look);
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
		const struct check_kernel *kernel = &check->kernels[i];
		struct image_items items;
		struct look look = { check, &items, kernel, .uses_addon = has_addon };

		image_items_collect(&items, &check->session, check->options, kernel->release);
		look_at_kernel(&look);
		image_items_free(&items);
	}
}

const struct check_item check_image_items[] = {
	{ "the program itself", look_for_program },
	{ "the images of the kernels", look_at_images },
	{ NULL, NULL },
};
