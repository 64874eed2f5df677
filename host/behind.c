/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/behind.h"

#include <limits.h>
#include <stdio.h>

#include "host/lines.h"
#include "lib/paths.h"
#include "lib/sysfs.h"

/* The last PCI address on the path: the controller, not the bridges above it. */
static bool find_controller(const char *path, struct bdf *ret)
{
	bool found = false;

	for (const char *part = path; part != NULL && *part != '\0';) {
		size_t length = strcspn(part, "/");
		char name[BDF_TEXT_SIZE];

		if (length < sizeof(name)) {
			memcpy(name, part, length);
			name[length] = '\0';
			/* Sysfs always writes the domain. "0:0.0" of another bus must not be taken for an address. */
			if (length >= strlen("0000:00:00.0") && bdf_parse(name, ret))
				found = true;
		}
		part += length;
		part += *part == '/';
	}
	return found;
}

/* An attribute without blanks at its ends; "" if there is none. Owned by the caller. */
static char *read_text(int root, const char *directory, const char *name, const char *attribute)
{
	cleanup_free char *path = util_format("%s/%s/%s", directory, name, attribute);
	char text[SYSFS_VALUE_SIZE];
	size_t length, skip;

	if (sysfs_read(root, path, text, sizeof(text)) < 0)
		return util_copy("");
	for (length = strlen(text); length > 0 && text[length - 1] == ' '; length--)
		text[length - 1] = '\0';
	skip = strspn(text, " ");
	return util_copy_printable(text + skip);
}

/* size counts sectors of 512 bytes, whatever the disk's are. */
static char *describe_disk(int root, const char *name)
{
	cleanup_free char *path = util_format(PATH_BLOCK "/%s/size", name);
	cleanup_free char *model = read_text(root, PATH_BLOCK, name, "device/model");
	uint64_t sectors;

	if (sysfs_read_number(root, path, &sectors) < 0)
		return util_copy(model);
	return util_format("%s%s%.*f GB", model, model[0] != '\0' ? ", " : "", sectors < 20000000 ? 1 : 0,
			   (double)sectors * 512 / 1e9);
}

static char *describe_interface(int root, const char *name)
{
	return read_text(root, PATH_NET, name, "operstate");
}

static char *describe_usb(int root, const char *name)
{
	cleanup_free char *vendor = read_text(root, PATH_USB_DEVICES, name, "idVendor");
	cleanup_free char *device = read_text(root, PATH_USB_DEVICES, name, "idProduct");
	cleanup_free char *maker = read_text(root, PATH_USB_DEVICES, name, "manufacturer");
	cleanup_free char *product = read_text(root, PATH_USB_DEVICES, name, "product");
	bool has_maker = maker[0] != '\0' && !starts_with(product, maker);

	return util_format("%s%s%s%s%s%s%s", vendor, vendor[0] != '\0' ? ":" : "", device, has_maker ? " " : "",
			   has_maker ? maker : "", product[0] != '\0' ? " " : "", product);
}

struct place {
	const char *directory;
	enum behind_kind kind;
	char *(*describe)(int root, const char *name);
	bool (*is_wanted)(int root, const char *name);
};

static bool is_disk(int root, const char *name)
{
	cleanup_free char *path = util_format(PATH_BLOCK "/%s/partition", name);

	return !sysfs_exists(root, path);
}

static bool is_any(int root, const char *name)
{
	(void)root;
	(void)name;
	return true;
}

/* Not interfaces of devices ("3-2:1.0"), and not the root hubs ("usb3"), which every controller has. */
static bool is_usb_device(int root, const char *name)
{
	(void)root;
	return strchr(name, ':') == NULL && strchr(name, '-') != NULL;
}

static void scan_place(struct behind *behind, int root, const struct place *place)
{
	size_t n;
	char **names = lines_list_directory(root, place->directory, "", &n);

	for (size_t i = 0; i < n; i++) {
		cleanup_free char *path = util_format("%s/%s", place->directory, names[i]);
		char target[PATH_MAX];
		struct bdf bdf;

		if (sysfs_read_link(root, path, target, sizeof(target)) == 0 && find_controller(target, &bdf) &&
		    place->is_wanted(root, names[i])) {
			struct behind_item *item = util_append(&behind->items, &behind->count, sizeof(*behind->items));

			*item = (struct behind_item){ bdf, place->kind, util_copy_printable(names[i]),
						      place->describe(root, names[i]) };
		}
		free(names[i]);
	}
	free(names);
}

static int by_address(const void *a, const void *b)
{
	const struct behind_item *left = a, *right = b;
	int order = bdf_compare(&left->bdf, &right->bdf);

	if (order == 0)
		order = (int)left->kind - (int)right->kind;
	return order != 0 ? order : strverscmp(left->name, right->name);
}

void behind_scan(struct behind *behind, int root)
{
	static const struct place places[] = {
		{ PATH_BLOCK, BEHIND_DISK, describe_disk, is_disk },
		{ PATH_NET, BEHIND_INTERFACE, describe_interface, is_any },
		{ PATH_USB_DEVICES, BEHIND_USB, describe_usb, is_usb_device },
	};

	*behind = (struct behind){ .items = NULL };
	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		scan_place(behind, root, &places[i]);
	if (behind->items != NULL)
		qsort(behind->items, behind->count, sizeof(*behind->items), by_address);
}

void behind_free(struct behind *behind)
{
	for (size_t i = 0; i < behind->count; i++) {
		free(behind->items[i].name);
		free(behind->items[i].text);
	}
	free(behind->items);
}

const struct behind_item *behind_find(const struct behind *behind, const struct bdf *bdf, size_t *ret_count)
{
	size_t low = 0, high = behind->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (bdf_compare(&behind->items[middle].bdf, bdf) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*ret_count = 0;
	while (low + *ret_count < behind->count && bdf_compare(&behind->items[low + *ret_count].bdf, bdf) == 0)
		++*ret_count;
	return *ret_count > 0 ? &behind->items[low] : NULL;
}

const char *behind_kind_name(enum behind_kind kind)
{
	static const char *const names[] = { "disk", "interface", "usb" };

	return names[kind];
}
