/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "binder/inventory.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>

#include "binder/console.h"
#include "binder/holders.h"
#include "binder/modules.h"
#include "lib/file.h"
#include "lib/parse.h"
#include "lib/paths.h"

#define ATTRIBUTE_PATH_SIZE 128

/* The kernel numbers groups from 0 in order, so tables by number stay small. A larger one is junk. */
#define GROUP_MAX (1 << 20)

static void attribute_path(char path[static ATTRIBUTE_PATH_SIZE], const char *address, const char *name)
{
	snprintf(path, ATTRIBUTE_PATH_SIZE, PATH_DEVICES "/%s/%s", address, name);
}

/* "10DE:13C2" */
static bool parse_id_pair(const char *text, uint16_t *ret_a, uint16_t *ret_b)
{
	char copy[16], *colon;
	uint64_t a, b;

	if (!util_copy_fixed(copy, sizeof(copy), text))
		return false;
	colon = strchr(copy, ':');
	if (colon == NULL)
		return false;
	*colon++ = '\0';
	if (!parse_number(copy, 16, UINT16_MAX, &a) || !parse_number(colon, 16, UINT16_MAX, &b))
		return false;
	*ret_a = (uint16_t)a;
	*ret_b = (uint16_t)b;
	return true;
}

/* The uevent file holds class, ids and driver; its hex is upper case without leading zeros (Linux 6.1, 6.12). */
static bool parse_uevent(struct device *device, char *text)
{
	bool has_class = false, has_id = false;
	char *line, *next;
	uint64_t class;

	for (line = text; line != NULL; line = next) {
		next = strchr(line, '\n');
		if (next != NULL)
			*next++ = '\0';
		if (starts_with(line, "DRIVER=")) {
			free(device->driver);
			device->driver = util_copy_printable(line + strlen("DRIVER="));
		} else if (starts_with(line, "PCI_CLASS=")) {
			has_class = parse_number(line + strlen("PCI_CLASS="), 16, 0xffffff, &class);
			if (has_class)
				device->class = (uint32_t) class;
		} else if (starts_with(line, "PCI_ID=")) {
			has_id = parse_id_pair(line + strlen("PCI_ID="), &device->vendor, &device->device);
		} else if (starts_with(line, "PCI_SUBSYS_ID=")) {
			if (!parse_id_pair(line + strlen("PCI_SUBSYS_ID="), &device->subvendor, &device->subdevice))
				return false;
		}
	}
	return has_class && has_id && (device->driver == NULL || strlen(device->driver) < SYSFS_NAME_SIZE);
}

/* ../../../devices/pci0000:00/0000:00:01.1/0000:06:00.0 becomes 0000:00:01.1/00.0 */
static char *normal_path(const char *link, const char *address)
{
	char result[PATH_MAX] = "";
	size_t used = 0;

	for (const char *part = link; part != NULL && *part != '\0';) {
		const char *slash = strchr(part, '/');
		size_t length = slash != NULL ? (size_t)(slash - part) : strlen(part);
		char name[BDF_TEXT_SIZE + 1], text[BDF_TEXT_SIZE];
		struct bdf bdf;

		if (length < sizeof(name)) {
			memcpy(name, part, length);
			name[length] = '\0';
			if (bdf_parse(name, &bdf)) {
				bdf_format(&bdf, text);
				used += (size_t)snprintf(result + used, sizeof(result) - used, "%s%s",
							 used == 0 ? "" : "/",
							 used == 0 ? text : strrchr(text, ':') + 1);
			}
		}
		part = slash != NULL ? slash + 1 : NULL;
	}
	return util_copy(used == 0 ? address : result);
}

static int read_group(int root, const char *address)
{
	char path[ATTRIBUTE_PATH_SIZE], name[16];
	uint64_t group;

	attribute_path(path, address, "iommu_group");
	if (sysfs_read_link_name(root, path, name, sizeof(name)) < 0 || !parse_number(name, 10, GROUP_MAX, &group))
		return DEVICE_NO_GROUP;
	return (int)group;
}

/* Takes one field of a modalias: a letter or two, then digits in hex. Returns what follows, or NULL. */
static const char *take_field(const char *text, const char *letters, int digits, uint32_t *ret)
{
	uint32_t value = 0;

	if (text == NULL || !starts_with(text, letters))
		return NULL;
	text += strlen(letters);
	for (int i = 0; i < digits; i++, text++) {
		int digit = parse_hex_digit(*text);

		if (digit < 0)
			return NULL;
		value = value << 4 | (uint32_t)digit;
	}
	*ret = value;
	return text;
}

/* "pci:v000010DEd000013C2sv00001043sd00008508bc03sc00i00": all ids in one read that takes no lock. */
static bool parse_modalias(struct device *device, const char *text)
{
	uint32_t ids[4], class[3];

	if (!starts_with(text, "pci:"))
		return false;
	text = take_field(text + strlen("pci:"), "v", 8, &ids[0]);
	text = take_field(text, "d", 8, &ids[1]);
	text = take_field(text, "sv", 8, &ids[2]);
	text = take_field(text, "sd", 8, &ids[3]);
	text = take_field(text, "bc", 2, &class[0]);
	text = take_field(text, "sc", 2, &class[1]);
	text = take_field(text, "i", 2, &class[2]);
	if (text == NULL || *text != '\0')
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(ids); i++)
		if (ids[i] > UINT16_MAX)
			return false;
	device->vendor = (uint16_t)ids[0];
	device->device = (uint16_t)ids[1];
	device->subvendor = (uint16_t)ids[2];
	device->subdevice = (uint16_t)ids[3];
	device->class = class[0] << 16 | class[1] << 8 | class[2];
	return true;
}

/*
 * Reading a uevent waits for the device's lock (measured on Linux 6.1.192), and so for ever behind an unbind that
 * hangs; modalias does not. A folder made by hand may have uevent only.
 */
static const char *read_identity(struct device *device, int root)
{
	char path[ATTRIBUTE_PATH_SIZE], text[SYSFS_VALUE_SIZE];
	int result;

	attribute_path(path, device->address, "modalias");
	result = sysfs_read(root, path, text, sizeof(text));
	if (result == 0)
		return parse_modalias(device, text) ? NULL : "its modalias has no class or id that can be read";
	if (result != -ENOENT)
		return "its modalias cannot be read";
	attribute_path(path, device->address, "uevent");
	result = sysfs_read(root, path, text, sizeof(text));
	if (result < 0)
		return result == -ENOENT ? "it has no uevent" : "its uevent cannot be read";
	return parse_uevent(device, text) ? NULL : "its uevent has no class or id that can be read";
}

/* Returns false if the function must be left out. */
static bool read_device(struct device *device, int root, const char *name, struct problems *problems)
{
	const char *wrong;

	if (bdf_parse(name, &device->bdf))
		bdf_format(&device->bdf, device->address);
	if (!streq(name, device->address)) {
		problem_add(problems, PROBLEM_MACHINE, PATH_DEVICES,
			    "'%.40s' is not a PCI address as the kernel writes it; left out", name);
		return false;
	}
	wrong = read_identity(device, root);
	if (wrong != NULL) {
		problem_add(problems, PROBLEM_MACHINE, device->address, "%s; this device is left out", wrong);
		return false;
	}
	if (device->driver == NULL)
		device->driver = util_copy("");
	device->iommu_group = read_group(root, device->address);
	return true;
}

static void read_path(struct device *device, int root)
{
	char path[ATTRIBUTE_PATH_SIZE], link[PATH_MAX];

	if (device->path != NULL)
		return;
	snprintf(path, sizeof(path), PATH_DEVICES "/%s", device->address);
	if (sysfs_read_link(root, path, link, sizeof(link)) < 0)
		link[0] = '\0';
	device->path = normal_path(link, device->address);
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

int inventory_scan(struct inventory *inventory, int root, struct problems *problems)
{
	DIR *directory = file_open_directory(root, PATH_DEVICES);
	int error = errno;
	const struct dirent *entry;

	*inventory = (struct inventory){ .has_iommu = any_group(root) };
	read_release(inventory, root);
	if (directory == NULL)
		return -error;
	while ((entry = readdir(directory)) != NULL) {
		struct device *device;

		if (entry->d_name[0] == '.')
			continue;
		device = util_append(&inventory->devices, &inventory->n_devices, sizeof(*device));
		if (!read_device(device, root, entry->d_name, problems)) {
			free_device(device);
			inventory->n_devices--;
		}
	}
	closedir(directory);
	if (inventory->n_devices > 0)
		qsort(inventory->devices, inventory->n_devices, sizeof(*inventory->devices), by_address);
	console_find(inventory, root);
	return 0;
}

static void complete_device(struct device *device, int root, bool with_serial)
{
	char path[ATTRIBUTE_PATH_SIZE], text[SYSFS_NAME_SIZE];
	uint64_t vfs;

	device->is_complete = true;
	inventory_identify(device, root, with_serial);
	attribute_path(path, device->address, "secondary_bus_number");
	device->has_secondary_bus = sysfs_exists(root, path);
	if (!device->is_taken) {
		inventory_read_driver(root, device->address, text);
		if (text[0] != '\0') {
			free(device->driver);
			device->driver = util_copy_printable(text);
		}
		/* Takes the device's lock (sriov_numvfs_show() in Linux 6.1): not behind an unbind that hangs. */
		attribute_path(path, device->address, "sriov_numvfs");
		if (sysfs_read_number(root, path, &vfs) == 0 && vfs <= UINT16_MAX)
			device->vfs = (unsigned int)vfs;
	}
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

size_t inventory_group_count(const struct inventory *inventory)
{
	int largest = 0;

	for (size_t i = 0; i < inventory->n_devices; i++)
		if (inventory->devices[i].iommu_group > largest)
			largest = inventory->devices[i].iommu_group;
	return (size_t)largest + 1;
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
	if (!touched)
		return;
	complete_groups(inventory, root, with_serial);
	complete_drivers(inventory, root, policy);
}

void inventory_free(struct inventory *inventory)
{
	for (size_t i = 0; i < inventory->n_devices; i++)
		free_device(&inventory->devices[i]);
	free(inventory->devices);
	free(inventory->drivers);
	if (inventory->modules != NULL)
		modules_close(inventory->modules);
	*inventory = (struct inventory){ 0 };
}

const struct device *inventory_find(const struct inventory *inventory, const struct bdf *bdf)
{
	struct device key = { .bdf = *bdf };

	if (inventory->n_devices == 0)
		return NULL;
	return bsearch(&key, inventory->devices, inventory->n_devices, sizeof(key), by_address);
}

enum known inventory_driver(const struct inventory *inventory, const char *name)
{
	for (size_t i = 0; i < inventory->n_drivers; i++)
		if (streq(inventory->drivers[i].name, name))
			return inventory->drivers[i].available;
	return KNOWN_NOT;
}

void inventory_format_alias(const struct device *device, const char *prefix, char alias[static INVENTORY_ALIAS_SIZE])
{
	snprintf(alias, INVENTORY_ALIAS_SIZE, "%s:v%08Xd%08Xsv%08Xsd%08Xbc%02Xsc%02Xi%02X", prefix, device->vendor,
		 device->device, device->subvendor, device->subdevice, device->class >> 16, device->class >> 8 & 0xff,
		 device->class & 0xff);
}

bool inventory_has(int root, const char *address)
{
	char path[ATTRIBUTE_PATH_SIZE];

	snprintf(path, sizeof(path), PATH_DEVICES "/%s", address);
	return sysfs_exists(root, path);
}

void inventory_read_driver(int root, const char *address, char driver[static SYSFS_NAME_SIZE])
{
	char path[ATTRIBUTE_PATH_SIZE];

	attribute_path(path, address, "driver");
	if (sysfs_read_link_name(root, path, driver, SYSFS_NAME_SIZE) < 0)
		driver[0] = '\0';
}
