/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "binder/late.h"

#include <limits.h>
#include <stdio.h>

#include "binder/kernel.h"
#include "lib/child.h"
#include "lib/file.h"
#include "lib/parse.h"
#include "lib/paths.h"

#define PATH_SIZE 192

/* linux/if.h: the administrator's "up" */
#define INTERFACE_UP 1

/* Is the device on the way from the class's link to where it leads? */
static bool is_below(int root, const char *directory, const char *name, const char *address)
{
	char path[PATH_MAX], target[PATH_MAX];
	cleanup_free char *part = util_format("/%s/", address);

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return sysfs_read_link(root, path, target, sizeof(target)) == 0 && strstr(target, part) != NULL;
}

/* An interface that does not say whether it is up counts as up. */
static bool is_up(int root, const char *name)
{
	char path[PATH_MAX], text[32];
	uint64_t flags;

	snprintf(path, sizeof(path), PATH_NET "/%s/flags", name);
	return sysfs_read(root, path, text, sizeof(text)) < 0 || !starts_with(text, "0x") ||
	       !parse_number(text + 2, 16, UINT32_MAX, &flags) || (flags & INTERFACE_UP) != 0;
}

/* The first of a class that lies below the device and counts. Owned by the caller; NULL if there is none. */
static char *find_below(int root, const char *directory, const char *address,
			bool (*counts)(int root, const char *name))
{
	DIR *list = file_open_directory(root, directory);
	const struct dirent *entry;
	char *found = NULL;

	while (list != NULL && found == NULL && (entry = readdir(list)) != NULL)
		if (entry->d_name[0] != '.' && is_below(root, directory, entry->d_name, address) &&
		    (counts == NULL || counts(root, entry->d_name)))
			found = util_copy_printable(entry->d_name);
	if (list != NULL)
		closedir(list);
	return found;
}

/* What the host may be using, as far as a look at sysfs tells. */
static char *find_use(int root, const struct device *device)
{
	cleanup_free char *disk = NULL, *interface = NULL;

	if (device_base_class(device) == CLASS_BASE_STORAGE)
		return util_copy("it is a storage controller");
	disk = find_below(root, PATH_BLOCK, device->address, NULL);
	if (disk != NULL)
		return util_format("block device %s is below it", disk);
	interface = find_below(root, PATH_NET, device->address, is_up);
	if (interface != NULL)
		return util_format("network interface %s below it is up", interface);
	return NULL;
}

static bool has_tag(int root, const struct device *device)
{
	char path[PATH_SIZE];

	snprintf(path, sizeof(path), PATH_LATE "/+pci:%s", device->address);
	return sysfs_exists(root, path);
}

void late_mark(struct inventory *inventory, int root, const struct bdf *bdf)
{
	const struct device *late = inventory_find(inventory, bdf);

	for (size_t i = 0; i < inventory->n_devices && late != NULL; i++) {
		struct device *device = &inventory->devices[i];
		bool is_mate = bdf_same_slot(&device->bdf, bdf) ||
			       (device->iommu_group != DEVICE_NO_GROUP && device->iommu_group == late->iommu_group);

		device->is_late = device == late || (is_mate && has_tag(root, device));
		if (device->is_late && device->driver[0] != '\0')
			device->late_keep = find_use(root, device);
	}
}

void late_give_back(struct session *session, const struct bdf *bdf, uint64_t deadline)
{
	const struct plan_entry *found = plan_find(&session->plan, bdf);
	struct kernel_context context = { session->root, session->inventory.modules };
	struct kernel kernel = kernel_real(&context);
	char path[PATH_SIZE], text[SYSFS_NAME_SIZE], driver[SYSFS_NAME_SIZE], holder[SYSFS_NAME_SIZE + 16];
	struct plan_entry *entry;
	char *message, *end;

	if (found == NULL || (found->verdict != VERDICT_SKIP && found->verdict != VERDICT_REFUSE))
		return;
	entry = &session->plan.entries[found - session->plan.entries];
	snprintf(path, sizeof(path), PATH_DEVICES "/%s/driver_override", entry->device->address);
	if (sysfs_read(session->root, path, text, sizeof(text)) < 0 || !streq(text, entry->driver))
		return;
	(void)kernel.write(kernel.context, path, "\n", deadline);
	inventory_read_driver(session->root, entry->device->address, driver);
	if (driver[0] == '\0')
		(void)kernel.write(kernel.context, PATH_PROBE, entry->device->address, deadline);
	inventory_read_driver(session->root, entry->device->address, driver);
	end = strrchr(entry->message, ';');
	if (end != NULL)
		*end = '\0'; /* what held it */
	message = util_format("%s; the override that udev wrote was taken back; %s", entry->message,
			      plan_holder(driver, holder, sizeof(holder)));
	free(entry->message);
	entry->message = message;
}

void late_print_properties(const struct session *session, const struct bdf *bdf)
{
	const struct plan_entry *entry = plan_find(&session->plan, bdf);

	/* Nothing to do, nothing to tell: then no unit need start. */
	if (entry == NULL || entry->verdict == VERDICT_BOUND || entry->reason == REASON_CMDLINE)
		return;
	printf("VFIOKIT_RULE=%s\nVFIOKIT_VERDICT=%s\n", entry->rule->name, plan_verdict_name(entry->verdict));
	if (entry->verdict == VERDICT_BIND && !session->switches.plan_only)
		printf("VFIOKIT_DRIVER=%s\n", entry->driver);
}
