/* SPDX-License-Identifier: GPL-2.0-or-later */
/* check: is what the images hold what is on disk? */
#include <errno.h>
#include <stdio.h>

#include "host/archive.h"
#include "host/check.h"
#include "host/image_items.h"
#include "lib/file.h"
#include "lib/paths.h"

/* Of the program, the policy and the record: none is larger. */
#define FILE_MAX (16 * 1024 * 1024)

#define DIGEST_START 0xcbf29ce484222325

/* A file that belongs in the image, and what was found there. */
struct copy {
	const char *path; /* borrowed */
	uint64_t wanted, digest;
	bool is_there;
};

struct comparison {
	struct copy *copies; /* owned */
	size_t n_copies;
	struct copy *now; /* whose content comes; NULL: of no interest */
	bool has_modules; /* vfio-pci's, whatever it is called */
};

/* FNV-1a: tells two files apart; nothing is proven by it. */
static void digest_add(uint64_t *digest, const char *data, size_t size)
{
	for (size_t i = 0; i < size; i++)
		*digest = (*digest ^ (unsigned char)data[i]) * 0x100000001b3;
}

/* /usr may be merged or not, in the image and on disk. */
static const char *without_usr(const char *path)
{
	return starts_with(path, "usr/") ? path + strlen("usr/") : path;
}

static void take_name(const char *name, void *context)
{
	struct comparison *comparison = context;

	comparison->now = NULL;
	if (strstr(name, "/vfio-pci.ko") != NULL)
		comparison->has_modules = true;
	for (size_t i = 0; i < comparison->n_copies; i++) {
		if (!streq(without_usr(comparison->copies[i].path), without_usr(name)))
			continue;
		comparison->now = &comparison->copies[i];
		comparison->now->is_there = true;
		comparison->now->digest = DIGEST_START;
	}
}

static void take_content(const char *data, size_t size, void *context)
{
	struct comparison *comparison = context;

	if (comparison->now != NULL)
		digest_add(&comparison->now->digest, data, size);
}

static void add_copy(struct comparison *comparison, int root, const char *path)
{
	struct copy *copy = util_append(&comparison->copies, &comparison->n_copies, sizeof(*copy));
	cleanup_free char *text = NULL;
	size_t length = 0;

	copy->path = path;
	copy->wanted = DIGEST_START;
	if (file_read(root, path, FILE_MAX, &text, &length) == 0)
		digest_add(&copy->wanted, text, length);
}

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

static void judge(struct check *check, const char *image, const struct comparison *comparison, bool wants_module)
{
	for (size_t i = 0; i < comparison->n_copies; i++) {
		const struct copy *copy = &comparison->copies[i];

		if (!copy->is_there)
			add_image(check, SEVERITY_ERROR, "image-lacks", image,
				  util_format("/%s is not in this image.", copy->path),
				  "A boot with it binds nothing, or not what the policy says.");
		else if (copy->digest != copy->wanted)
			add_image(check, SEVERITY_ERROR, "image-old", image,
				  util_format("It holds another /%s than the disk.", copy->path),
				  "The next boot does what the old file says.");
	}
	if (wants_module && !comparison->has_modules)
		add_image(check, SEVERITY_ERROR, "image-lacks", image,
			  util_copy("The module vfio-pci is not in this image."),
			  "vfio-bind cannot bind anything in the initramfs without it.");
}

static void look_into(struct check *check, const char *image, const struct image_items *items)
{
	struct comparison comparison = { .copies = NULL };
	struct archive_visitor visitor = { take_name, take_content, &comparison };
	bool wants_module = false;
	int result;

	for (size_t i = 0; i < items->n_files; i++)
		add_copy(&comparison, check->root, items->files[i]);
	for (size_t i = 0; i < items->n_modules; i++)
		wants_module |= streq(items->modules[i].name, "vfio_pci") && items->modules[i].n_paths > 0;
	result = archive_read_image(check->root, image, &visitor);
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
		judge(check, image, &comparison, wants_module);
	free(comparison.copies);
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

	if (check->session.policy.n_rules == 0)
		return;
	image_items_collect(&items, &check->session, check->options);
	if (!items.has_binder)
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
