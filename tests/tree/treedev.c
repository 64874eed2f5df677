/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A device of a fixture: its directory and uevent file, and the links that the kernel makes for
 * it (driver, subsystem, IOMMU group, bus or class, and back).
 */
#include "tests/tree/tree-internal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#define DEVICES "sys/devices"
#define GROUPS TREE_GROUPS
#define PCI_BUS TREE_PCI_BUS

int tree_make_driver(const struct tree *tree, const char *driver)
{
	static const char *const files[] = { "bind", "unbind", "new_id" };
	char path[PATH_MAX];
	int r = 0;

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]) && r >= 0; i++) {
		r = tree_format(path, sizeof(path), PCI_BUS "/drivers/%s/%s", driver, files[i]);
		if (r >= 0)
			r = tree_write_file(tree, path, "", 0, 0);
	}
	return r;
}

/* A link NAME below the device to TARGET, and one called after the device below BACK. */
static int link_device(const struct tree *tree, const char *name, const char *target, const char *back)
{
	const struct tree_device *dev = &tree->dev;
	char path[PATH_MAX];
	int r = 0;

	if (name) {
		if (tree_format(path, sizeof(path), "%s/%s", dev->path, name) < 0)
			return tree_fail(tree, ENAMETOOLONG, "path too long");
		r = tree_make_root_link(tree, path, target);
	}
	if (r < 0 || !back)
		return r;
	if (tree_format(path, sizeof(path), "%s/%s", back, tree_last_name(dev->path)) < 0)
		return tree_fail(tree, ENAMETOOLONG, "path too long");
	return tree_make_root_link(tree, path, dev->path);
}

static int finish_pci(const struct tree *tree)
{
	const struct tree_device *dev = &tree->dev;
	char path[PATH_MAX];
	char back[PATH_MAX];
	int r;

	r = link_device(tree, "subsystem", PCI_BUS, PCI_BUS "/devices");
	if (r >= 0 && !dev->has_override) {
		tree_format(path, sizeof(path), "%s/driver_override", dev->path);
		r = tree_write_file(tree, path, "(null)\n", 7, O_TRUNC);
	}
	if (r >= 0 && dev->driver[0]) {
		tree_format(path, sizeof(path), PCI_BUS "/drivers/%s", dev->driver);
		r = tree_make_driver(tree, dev->driver);
		if (r >= 0)
			r = link_device(tree, "driver", path, path);
	}
	if (r >= 0 && dev->group[0]) {
		tree_format(path, sizeof(path), GROUPS "/%s", dev->group);
		tree_format(back, sizeof(back), GROUPS "/%s/devices", dev->group);
		r = link_device(tree, "iommu_group", path, back);
	}
	return r;
}

/* The subsystem of anything else: a bus (usb, platform ...) or a class (net, block, input ...). */
static int finish_other(const struct tree *tree)
{
	static const char *const buses[] = { "acpi", "hid", "i2c", "platform", "scsi", "serio", "usb", "virtio" };
	const char *name = tree->dev.subsystem;
	char target[PATH_MAX];
	char back[PATH_MAX];

	if (!name[0])
		return 0;
	tree_format(target, sizeof(target), "sys/class/%s", name);
	tree_format(back, sizeof(back), "sys/class/%s", name);
	for (size_t i = 0; i < sizeof(buses) / sizeof(buses[0]); i++) {
		if (strcmp(name, buses[i]) != 0)
			continue;
		tree_format(target, sizeof(target), "sys/bus/%s", name);
		tree_format(back, sizeof(back), "sys/bus/%s/devices", name);
	}
	return link_device(tree, "subsystem", target, back);
}

int tree_device_end(struct tree *tree)
{
	struct tree_device *dev = &tree->dev;
	char path[PATH_MAX];
	char text[PATH_MAX * 2];
	int r;

	if (!dev->path[0])
		return 0;
	tree_format(text, sizeof(text), "%s%s%s%s", dev->driver[0] ? "DRIVER=" : "", dev->driver,
		    dev->driver[0] ? "\n" : "", dev->uevent);
	if (tree_format(path, sizeof(path), "%s/uevent", dev->path) < 0)
		return tree_fail(tree, ENAMETOOLONG, "path too long");
	r = tree_write_file(tree, path, text, strlen(text), O_TRUNC);
	if (r >= 0)
		r = dev->is_pci ? finish_pci(tree) : finish_other(tree);
	dev->path[0] = '\0';
	return r;
}

int tree_device_begin(struct tree *tree, const char *path)
{
	struct tree_device *dev = &tree->dev;
	int r = tree_device_end(tree);

	if (r < 0)
		return r;
	memset(dev, 0, sizeof(*dev));
	if (tree_format(dev->path, sizeof(dev->path), DEVICES "/%s", path) < 0)
		return tree_fail(tree, ENAMETOOLONG, "path too long");
	dev->is_pci = tree_is_address(tree_last_name(dev->path));
	return tree_make_dirs(tree, dev->path);
}
