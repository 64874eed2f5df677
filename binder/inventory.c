/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "binder/inventory.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>

#include "binder/console.h"
#include "binder/holders.h"
#include "binder/identity.h"
#include "binder/modules.h"
#include "lib/file.h"
#include "lib/parse.h"
#include "lib/paths.h"

#define ATTRIBUTE_PATH_SIZE 128

/* The kernel numbers groups from 0 in order, so tables by number stay small. A larger one is junk. */
#define GROUP_MAX (1 << 20)

/* While scanning: the link of its group could not be read. */
#define GROUP_UNREAD (-2)

static void attribute_path(char path[static ATTRIBUTE_PATH_SIZE], const char *address, const char *name)
{
	snprintf(path, ATTRIBUTE_PATH_SIZE, PATH_DEVICES "/%s/%s", address, name);
}

/* The first one is told. */
static void note_unread(struct device *device, const char *file, int result)
{
	if (device->unread != NULL)
		return;
	device->unread = file;
	device->unread_error = -result;
}

/* Only what is not there counts as no group. */
static int read_group(int root, struct device *device)
{
	char path[ATTRIBUTE_PATH_SIZE], name[16];
	uint64_t group;
	int result;

	attribute_path(path, device->address, "iommu_group");
	result = sysfs_read_link_name(root, path, name, sizeof(name));
	if (result == 0 && parse_number(name, 10, GROUP_MAX, &group))
		return (int)group;
	if (result == -ENOENT)
		return DEVICE_NO_GROUP;
	note_unread(device, "iommu_group", result == 0 ? -EBADMSG : result);
	return GROUP_UNREAD;
}

static bool is_gone(int root, const char *address)
{
	char path[ATTRIBUTE_PATH_SIZE];

	attribute_path(path, address, "");
	return sysfs_find(root, path) == -ENOENT;
}

static void read_driver(struct device *device, int root)
{
	char driver[SYSFS_NAME_SIZE];
	int result = inventory_read_driver(root, device->address, driver);

	device->is_driver_unread = result < 0;
	if (result < 0)
		note_unread(device, "driver", result);
	if (driver[0] == '\0')
		return;
	free(device->driver);
	device->driver = util_copy_printable(driver);
}

/* Returns false if it is no function at all. What could not be read is noted in it. */
static bool read_device(struct device *device, int root, const char *name, struct problems *problems)
{
	const char *file;
	int result;

	if (bdf_parse(name, &device->bdf))
		bdf_format(&device->bdf, device->address);
	if (!streq(name, device->address)) {
		problem_add(problems, PROBLEM_MACHINE, PATH_DEVICES,
			    "'%.40s' is not a PCI address as the kernel writes it; left out", name);
		return false;
	}
	result = identity_read(device, root, &file);
	if (result < 0 && is_gone(root, device->address)) {
		problem_add(problems, PROBLEM_MACHINE, device->address, "it was listed, but is gone; left out");
		return false;
	}
	if (result < 0) {
		note_unread(device, file, result);
		device->is_unknown = true;
		device->class = device->vendor = device->device = device->subvendor = device->subdevice = 0;
	}
	if (device->driver == NULL)
		device->driver = util_copy("");
	device->iommu_group = read_group(root, device);
	if (device->unread != NULL)
		problem_add(problems, PROBLEM_MACHINE, device->address,
			    "its %s cannot be read (%s); nothing in its slot or IOMMU group is bound", device->unread,
			    device_unread_cause(device));
	return true;
}

static void read_path(struct device *device, int root)
{
	char path[ATTRIBUTE_PATH_SIZE], link[PATH_MAX];
	int result;

	if (device->path != NULL)
		return;
	snprintf(path, sizeof(path), PATH_DEVICES "/%s", device->address);
	result = sysfs_read_link(root, path, link, sizeof(link));
	/* EINVAL: in a folder made by hand it is no link. */
	if (result < 0 && result != -EINVAL)
		note_unread(device, "link in " PATH_DEVICES, result);
	device->path = identity_path(link, device->address);
}

void inventory_identify(struct device *device, int root, bool with_serial)
{
	char path[ATTRIBUTE_PATH_SIZE], text[SYSFS_NAME_SIZE];

	read_path(device, root);
	attribute_path(path, device->address, "serial_number");
	if (with_serial && device->serial == NULL && sysfs_read(root, path, text, sizeof(text)) == 0 && text[0] != '\0')
		device->serial = util_copy_printable(text);
}

static void free_device(struct device *device)
{
	free(device->driver);
	free(device->path);
	free(device->serial);
	free(device->variant);
	free(device->blind_use);
	holders_free(device);
}

static int by_address(const void *a, const void *b)
{
	return bdf_compare(&((const struct device *)a)->bdf, &((const struct device *)b)->bdf);
}

static bool any_group(int root)
{
	DIR *directory = file_open_directory(root, PATH_GROUPS);
	const struct dirent *entry;
	bool found = false;

	if (directory == NULL)
		return false;
	while (!found && (entry = readdir(directory)) != NULL)
		found = isdigit((unsigned char)entry->d_name[0]) != 0;
	closedir(directory);
	return found;
}

static void read_release(struct inventory *inventory, int root)
{
	char text[SYSFS_NAME_SIZE + 2];

	/* It becomes part of a path. */
	if (sysfs_read(root, PATH_RELEASE, text, sizeof(text)) == 0 && text[0] != '.' &&
	    strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+~-") == strlen(text))
		(void)util_copy_fixed(inventory->release, sizeof(inventory->release), text);
}

/* The other way round: which group lists the device? */
static int find_group(int root, const char *address)
{
	DIR *directory = file_open_directory(root, PATH_GROUPS);
	const struct dirent *entry;
	int found = DEVICE_NO_GROUP;

	while (directory != NULL && found == DEVICE_NO_GROUP && (entry = readdir(directory)) != NULL) {
		char path[ATTRIBUTE_PATH_SIZE];
		uint64_t group;

		snprintf(path, sizeof(path), PATH_GROUPS "/%.16s/devices/%s", entry->d_name, address);
		if (parse_number(entry->d_name, 10, GROUP_MAX, &group) && sysfs_find(root, path) == 0)
			found = (int)group;
	}
	if (directory != NULL)
		closedir(directory);
	return found;
}

static struct device *add_unread(struct inventory *inventory, int root, const struct device *device)
{
	struct device *unread = util_append(&inventory->unread, &inventory->n_unread, sizeof(*unread));

	*unread = (struct device){ .bdf = device->bdf,
				   .iommu_group = device->iommu_group,
				   .driver = util_copy(""),
				   .unread = device->unread,
				   .unread_error = device->unread_error,
				   .is_unknown = device->is_unknown,
				   .is_complete = true };
	bdf_format(&unread->bdf, unread->address);
	read_driver(unread, root);
	read_path(unread, root);
	return unread;
}

/* Takes the last device out of the list, if nobody can tell what it is. One in an unknown group is in both. */
static void keep_unread(struct inventory *inventory, int root)
{
	struct device *last = &inventory->devices[inventory->n_devices - 1];
	struct device *unread = add_unread(inventory, root, last);

	if (last->iommu_group == GROUP_UNREAD) {
		last->iommu_group = DEVICE_NO_GROUP;
		unread->iommu_group = find_group(root, last->address);
	}
	if (!last->is_unknown)
		return;
	free_device(last);
	inventory->n_devices--;
}

/* What turned out to be unreadable after the scan. */
static void collect_unread(struct inventory *inventory, int root)
{
	size_t known = inventory->n_unread;

	for (size_t i = 0; i < inventory->n_devices; i++) {
		const struct device *device = &inventory->devices[i];
		bool is_new = device->unread != NULL;

		for (size_t j = 0; j < known && is_new; j++)
			is_new = bdf_compare(&inventory->unread[j].bdf, &device->bdf) != 0;
		if (is_new)
			(void)add_unread(inventory, root, device);
	}
}

static void free_devices(struct inventory *inventory)
{
	for (size_t i = 0; i < inventory->n_devices; i++)
		free_device(&inventory->devices[i]);
	for (size_t i = 0; i < inventory->n_unread; i++)
		free_device(&inventory->unread[i]);
	free(inventory->devices);
	free(inventory->unread);
	inventory->devices = inventory->unread = NULL;
	inventory->n_devices = inventory->n_unread = 0;
}

/* Half a list would make groups look smaller than they are. */
static int read_devices(struct inventory *inventory, int root, DIR *directory, struct problems *problems)
{
	const struct dirent *entry;

	while ((errno = 0, entry = readdir(directory)) != NULL) {
		struct device *device;

		if (entry->d_name[0] == '.')
			continue;
		device = util_append(&inventory->devices, &inventory->n_devices, sizeof(*device));
		if (!read_device(device, root, entry->d_name, problems)) {
			free_device(device);
			inventory->n_devices--;
		} else if (device->unread != NULL) {
			keep_unread(inventory, root);
		}
	}
	return -errno;
}

int inventory_scan(struct inventory *inventory, int root, struct problems *problems)
{
	DIR *directory = file_open_directory(root, PATH_DEVICES);
	int result = directory == NULL ? -errno : 0;

	*inventory = (struct inventory){ .has_iommu = any_group(root) };
	read_release(inventory, root);
	if (directory == NULL)
		return result;
	result = read_devices(inventory, root, directory, problems);
	closedir(directory);
	if (result < 0) {
		free_devices(inventory);
		return result;
	}
	if (inventory->n_devices > 0)
		qsort(inventory->devices, inventory->n_devices, sizeof(*inventory->devices), by_address);
	console_find(inventory, root);
	return 0;
}

/* What takes the device's lock is not asked behind an unbind that hangs (sriov_numvfs_show() in Linux 6.1). */
static void read_state(struct device *device, int root)
{
	char path[ATTRIBUTE_PATH_SIZE];
	uint64_t vfs;
	int result;

	read_driver(device, root);
	attribute_path(path, device->address, "sriov_numvfs");
	result = sysfs_read_number(root, path, &vfs);
	if (result == 0 && vfs <= UINT16_MAX)
		device->vfs = (unsigned int)vfs;
	else if (result != -ENOENT)
		note_unread(device, "sriov_numvfs", result == 0 ? -EBADMSG : result);
}

static void complete_device(struct device *device, int root, bool with_serial)
{
	char path[ATTRIBUTE_PATH_SIZE];
	int result;

	device->is_complete = true;
	inventory_identify(device, root, with_serial);
	attribute_path(path, device->address, "secondary_bus_number");
	result = sysfs_find(root, path);
	device->has_secondary_bus = result == 0;
	if (result < 0 && result != -ENOENT)
		note_unread(device, "secondary_bus_number", result);
	if (!device->is_taken)
		read_state(device, root);
}

/* May the policy touch it, now that its serial number (if any rule asks for one) is known? */
static bool is_matched(const struct device *device, const struct policy *policy)
{
	const char *wrong;

	if (device->is_followed)
		return true;
	for (size_t i = 0; i < policy->n_rules; i++)
		if (!policy->rules[i].is_broken &&
		    selectors_match(&policy->rules[i].selectors, device, &wrong) != MATCH_NONE)
			return true;
	return false;
}

static void complete_groups(struct inventory *inventory, int root, bool with_serial)
{
	cleanup_free bool *touched = util_alloc(inventory_group_count(inventory));

	for (size_t i = 0; i < inventory->n_devices; i++)
		if (inventory->devices[i].is_complete && inventory->devices[i].iommu_group >= 0)
			touched[inventory->devices[i].iommu_group] = true;
	for (size_t i = 0; i < inventory->n_devices; i++) {
		struct device *device = &inventory->devices[i];

		if (!device->is_complete && device->iommu_group >= 0 && touched[device->iommu_group])
			complete_device(device, root, with_serial);
	}
}

static struct driver_choice *want_driver(struct inventory *inventory, const char *name)
{
	struct driver_choice *choice;

	for (size_t i = 0; i < inventory->n_drivers; i++)
		if (streq(inventory->drivers[i].name, name))
			return &inventory->drivers[i];
	choice = util_append(&inventory->drivers, &inventory->n_drivers, sizeof(*choice));
	(void)util_copy_fixed(choice->name, sizeof(choice->name), name);
	return choice;
}

static bool is_registered(int root, const char *driver)
{
	char path[ATTRIBUTE_PATH_SIZE];

	snprintf(path, sizeof(path), PATH_DRIVERS "/%s", driver);
	return sysfs_exists(root, path);
}

bool inventory_find_driver(int root, char name[static SYSFS_NAME_SIZE])
{
	char dashed[SYSFS_NAME_SIZE];

	if (is_registered(root, name))
		return true;
	memcpy(dashed, name, sizeof(dashed));
	for (char *c = dashed; *c != '\0'; c++)
		*c = *c == '_' ? '-' : *c;
	if (!is_registered(root, dashed))
		return false;
	memcpy(name, dashed, sizeof(dashed));
	return true;
}

static enum known driver_available(int root, struct modules *modules, const char *name)
{
	return is_registered(root, name) ? KNOWN_YES : modules_can_find(modules, name);
}

static void complete_drivers(struct inventory *inventory, int root, const struct policy *policy)
{
	struct modules *modules = modules_open(root, inventory->release);
	char text[16];

	inventory->modules = modules;
	(void)want_driver(inventory, POLICY_DRIVER_DEFAULT);
	for (size_t i = 0; i < policy->n_rules; i++) {
		const char *driver = policy->rules[i].settings.driver;

		if (!streq(driver, POLICY_DRIVER_AUTO)) {
			(void)want_driver(inventory, driver);
			continue;
		}
		for (size_t j = 0; j < inventory->n_devices; j++) {
			struct device *device = &inventory->devices[j];

			if (device->is_complete && device->variant == NULL)
				device->variant = modules_find_variant(modules, device);
		}
	}
	for (size_t i = 0; i < inventory->n_drivers; i++)
		inventory->drivers[i].available = driver_available(root, modules, inventory->drivers[i].name);
	inventory->has_vfio_ids = modules_have_ids(modules);
	inventory->ignores_denylist = sysfs_read(root, PATH_DISABLE_DENYLIST, text, sizeof(text)) == 0 &&
				      (text[0] == 'Y' || text[0] == '1');
}

void inventory_complete(struct inventory *inventory, int root, const struct policy *policy, bool all)
{
	bool with_serial = all || policy_uses_serials(policy), with_path = policy_uses_paths(policy);
	bool touched = false;

	for (size_t i = 0; i < inventory->n_devices; i++) {
		struct device *device = &inventory->devices[i];

		if (with_path)
			read_path(device, root);
		if (all || with_serial)
			complete_device(device, root, true);
		else if (is_matched(device, policy))
			complete_device(device, root, false);
		touched |= device->is_complete;
	}
	if (touched) {
		complete_groups(inventory, root, with_serial);
		complete_drivers(inventory, root, policy);
	}
	collect_unread(inventory, root);
}

void inventory_free(struct inventory *inventory)
{
	free_devices(inventory);
	free(inventory->drivers);
	if (inventory->modules != NULL)
		modules_close(inventory->modules);
	*inventory = (struct inventory){ 0 };
}

bool inventory_has(int root, const char *address)
{
	char path[ATTRIBUTE_PATH_SIZE];

	snprintf(path, sizeof(path), PATH_DEVICES "/%s", address);
	return sysfs_exists(root, path);
}

int inventory_read_driver(int root, const char *address, char driver[static SYSFS_NAME_SIZE])
{
	char path[ATTRIBUTE_PATH_SIZE];
	int result;

	attribute_path(path, address, "driver");
	result = sysfs_read_link_name(root, path, driver, SYSFS_NAME_SIZE);
	return result == -ENOENT ? 0 : result;
}
