/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "binder/nodes.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>

#include "binder/needs_internal.h"
#include "lib/file.h"
#include "lib/parse.h"
#include "lib/paths.h"

/* PCI function, USB hubs (five at most), interface, HID device, hidraw: deeper is nothing with a node. */
#define DEPTH_MAX 24

/* Documentation/admin-guide/devices.txt; nvidiactl is 255, nvidia-modeset 254. */
#define NVIDIA_MAJOR 195

#define NODE_FRAMEBUFFER "fb"

static struct node *add(struct nodes *nodes, size_t number, const char *name)
{
	struct node *node = util_append(&nodes->items, &nodes->count, sizeof(*node));

	node->device = number;
	/* A name that does not fit is cut: the number counts. */
	snprintf(node->name, sizeof(node->name), "%s", name);
	return node;
}

static bool was_read(struct nodes *nodes, const char *path, int result)
{
	return needs_was_read(&nodes->blind, path, result);
}

/* "226:0" */
static void read_number(struct nodes *nodes, struct node *node, int root, const char *path)
{
	char text[32], *colon;
	uint64_t major, minor;

	if (!was_read(nodes, path, sysfs_read(root, path, text, sizeof(text))) || (colon = strchr(text, ':')) == NULL)
		return;
	*colon = '\0';
	if (!parse_number(text, 10, UINT_MAX, &major) || !parse_number(colon + 1, 10, UINT_MAX, &minor))
		return;
	node->major = (unsigned int)major;
	node->minor = (unsigned int)minor;
	node->has_number = true;
}

/* What udev calls DEVNAME, or the last part of the directory's path. */
static char *name_of(struct nodes *nodes, int root, const char *directory)
{
	cleanup_free char *path = util_format("%s/uevent", directory), *text = NULL;
	const char *slash = strrchr(directory, '/');
	size_t length;

	if (was_read(nodes, path, file_read_start(root, path, SYSFS_VALUE_SIZE, &text, &length))) {
		char *name = starts_with(text, "DEVNAME=") ? text : strstr(text, "\nDEVNAME=");

		if (name != NULL) {
			name = strchr(name, '=') + 1;
			name[strcspn(name, "\n")] = '\0';
			return util_copy_printable(name);
		}
	}
	return util_copy_printable(slash != NULL ? slash + 1 : directory);
}

static void take_node(struct nodes *nodes, int root, const char *directory, size_t number)
{
	cleanup_free char *link = util_format("%s/subsystem", directory), *path = util_format("%s/dev", directory);
	cleanup_free char *name = NULL;
	char subsystem[SYSFS_NAME_SIZE];
	struct node *node;

	(void)was_read(nodes, link, sysfs_read_link_name(root, link, subsystem, sizeof(subsystem)));
	/* A keyboard that is pulled out hangs up on whoever reads it (evdev_disconnect() and the like). */
	if (streq(subsystem, "input"))
		return;
	name = name_of(nodes, root, directory);
	node = add(nodes, number, name);
	node->is_block = streq(subsystem, "block");
	read_number(nodes, node, root, path);
}

/* Directories only: links lead to other devices. */
static void walk(struct nodes *nodes, int root, const char *directory, size_t number, int depth)
{
	DIR *list = file_open_directory(root, directory);
	const struct dirent *entry;

	while (list != NULL && (errno = 0, entry = readdir(list)) != NULL) {
		if (entry->d_type == DT_DIR && entry->d_name[0] != '.' && depth < DEPTH_MAX) {
			cleanup_free char *below = util_format("%s/%s", directory, entry->d_name);

			walk(nodes, root, below, number, depth + 1);
		} else if (streq(entry->d_name, "dev")) {
			take_node(nodes, root, directory, number);
		}
	}
	(void)was_read(nodes, directory, -errno);
	if (list != NULL)
		closedir(list);
}

/* The namespaces of a multipath disk are below its NVMe subsystem, which has a link to each of its controllers. */
static void walk_subsystems(struct nodes *nodes, int root, const struct device *device, size_t number)
{
	cleanup_free char *part = util_format("/%s/", device->address);
	struct needs_list all = needs_list(&nodes->blind, root, PATH_NVME_SUBSYSTEM);
	const char *name, *entry;

	while ((name = needs_list_next(&all)) != NULL) {
		cleanup_free char *path = util_format(PATH_NVME_SUBSYSTEM "/%s", name);
		struct needs_list list = needs_list(&nodes->blind, root, path);
		bool is_ours = false;

		while ((entry = needs_list_next(&list)) != NULL) {
			cleanup_free char *link = util_format("%s/%s", path, entry);
			char target[PATH_MAX];

			is_ours |= was_read(nodes, link, sysfs_read_link(root, link, target, sizeof(target))) &&
				   strstr(target, part) != NULL;
		}
		if (is_ours)
			walk(nodes, root, path, number, 0);
	}
}

/* Not below the function in sysfs: the driver, which is not the kernel's, makes them by itself. */
static void add_nvidia(struct nodes *nodes, int root, const struct device *device, size_t number)
{
	cleanup_free char *path = util_format(PATH_NVIDIA "/%s/information", device->address), *text = NULL;
	struct node *node = add(nodes, number, "nvidia");
	char *line;
	size_t length;
	uint64_t minor;

	node->major = NVIDIA_MAJOR;
	node->has_number = true;
	node->is_any_minor = true;
	if (file_read_start(root, path, SYSFS_VALUE_SIZE, &text, &length) < 0)
		return;
	line = strstr(text, "Device Minor:");
	if (line == NULL)
		return;
	line += strlen("Device Minor:");
	line += strspn(line, " \t");
	line[strcspn(line, " \t\n")] = '\0';
	if (!parse_number(line, 10, UINT8_MAX, &minor))
		return;
	node->minor = (unsigned int)minor;
	node->is_any_minor = false;
	snprintf(node->name, sizeof(node->name), "nvidia%u", node->minor);
}

/* Whoever has the group open owns all of its members, and no native driver can be bound meanwhile. */
static void add_group(struct nodes *nodes, int root, const struct device *device, size_t number)
{
	cleanup_free char *name = util_format(NODE_VFIO "%d", device->iommu_group);
	cleanup_free char *path = util_format(PATH_VFIO_CLASS "/%d/dev", device->iommu_group);

	read_number(nodes, add(nodes, number, name), root, path);
}

void nodes_find(struct nodes *nodes, int root, const struct device *device, size_t number)
{
	cleanup_free char *directory = util_format(PATH_DEVICES "/%s", device->address);

	walk(nodes, root, directory, number, 0);
	walk_subsystems(nodes, root, device, number);
	if (streq(device->driver, "nvidia"))
		add_nvidia(nodes, root, device, number);
	if (device_is_vfio_driver(device->driver) && device->iommu_group != DEVICE_NO_GROUP)
		add_group(nodes, root, device, number);
}

void nodes_free(struct nodes *nodes)
{
	free(nodes->items);
	free(nodes->blind);
	*nodes = (struct nodes){ 0 };
}

bool nodes_has_name(const struct node *node, const char *link)
{
	const char *rest;

	if (!starts_with(link, DEV_PREFIX) || !starts_with(link + strlen(DEV_PREFIX), node->name))
		return false;
	rest = link + strlen(DEV_PREFIX) + strlen(node->name);
	return node->is_any_minor || rest[0] == '\0' || streq(rest, " (deleted)");
}

/* The number of a framebuffer's node; false for any other node. */
static bool is_framebuffer(const char *name, uint64_t *ret)
{
	return starts_with(name, NODE_FRAMEBUFFER) && parse_number(name + strlen(NODE_FRAMEBUFFER), 10, UINT8_MAX, ret);
}

static bool is_console_bound(struct nodes *nodes, int root)
{
	struct needs_list list = needs_list(&nodes->blind, root, PATH_CONSOLES);
	const char *entry;
	bool found = false;

	while ((entry = needs_list_next(&list)) != NULL) {
		cleanup_free char *name = util_format(PATH_CONSOLES "/%s/name", entry);
		cleanup_free char *bound = util_format(PATH_CONSOLES "/%s/bind", entry);
		char text[SYSFS_NAME_SIZE], is_bound[8];

		found |= was_read(nodes, name, sysfs_read(root, name, text, sizeof(text))) &&
			 strstr(text, "frame buffer") != NULL &&
			 (sysfs_read(root, bound, is_bound, sizeof(is_bound)) < 0 || !streq(is_bound, "0"));
	}
	return found;
}

/* The lowest number of all framebuffers; none at all: one that no framebuffer has. */
static uint64_t first_framebuffer(struct nodes *nodes, int root)
{
	struct needs_list list = needs_list(&nodes->blind, root, PATH_FRAMEBUFFERS);
	const char *entry;
	uint64_t first = UINT64_MAX, n;

	while ((entry = needs_list_next(&list)) != NULL)
		if (is_framebuffer(entry, &n) && n < first)
			first = n;
	return first;
}

static bool has_console_map(int root)
{
	cleanup_free char *text = NULL;
	size_t length;

	return file_read_start(root, PATH_CMDLINE, 65536, &text, &length) < 0 || strstr(text, "fbcon=map") != NULL;
}

bool nodes_has_console(struct nodes *nodes, int root, size_t number)
{
	uint64_t first, n;

	for (size_t i = 0; i < nodes->count; i++) {
		if (nodes->items[i].device != number || !is_framebuffer(nodes->items[i].name, &n))
			continue;
		first = first_framebuffer(nodes, root);
		if (is_console_bound(nodes, root) && (n <= first || has_console_map(root)))
			return true;
	}
	return false;
}
