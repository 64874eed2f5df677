/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "binder/late.h"

#include <limits.h>
#include <stdio.h>

#include "binder/kernel.h"
#include "lib/child.h"
#include "lib/file.h"
#include "lib/paths.h"

#define PATH_SIZE 192

/* Is the device on the way from the class's link to where it leads? */
static bool is_below(int root, const char *directory, const char *name, const char *address)
{
	char path[PATH_MAX], target[PATH_MAX];
	cleanup_free char *part = util_format("/%s/", address);

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return sysfs_read_link(root, path, target, sizeof(target)) == 0 && strstr(target, part) != NULL;
}

/* The first block device below the device. Owned by the caller; NULL if there is none. */
static char *find_disk(int root, const char *address)
{
	DIR *list = file_open_directory(root, PATH_BLOCK);
	const struct dirent *entry;
	char *found = NULL;

	while (list != NULL && found == NULL && (entry = readdir(list)) != NULL)
		if (entry->d_name[0] != '.' && is_below(root, PATH_BLOCK, entry->d_name, address))
			found = util_copy_printable(entry->d_name);
	if (list != NULL)
		closedir(list);
	return found;
}

char *late_find_blind_use(int root, const struct device *device, const struct needs *needs)
{
	cleanup_free char *disk = NULL;

	if (device->driver[0] == '\0' || needs->knows_storage)
		return NULL;
	if (needs->blind != NULL)
		return util_format("nobody can tell: %s", needs->blind);
	disk = find_disk(root, device->address);
	if (disk != NULL)
		return util_format("nobody can tell what uses %s", disk);
	return device_base_class(device) == CLASS_BASE_STORAGE ? util_copy("nobody can tell what is behind it") : NULL;
}

static bool has_tag(int root, const struct device *device)
{
	char path[PATH_SIZE];

	snprintf(path, sizeof(path), PATH_LATE "/+pci:%s", device->address);
	return sysfs_exists(root, path);
}

void late_mark(struct inventory *inventory, int root, const struct bdf *bdf, const struct needs *needs)
{
	const struct device *late = inventory_find(inventory, bdf);

	for (size_t i = 0; i < inventory->n_devices && late != NULL; i++) {
		struct device *device = &inventory->devices[i];
		bool is_mate = bdf_same_slot(&device->bdf, bdf) ||
			       (device->iommu_group != DEVICE_NO_GROUP && device->iommu_group == late->iommu_group);

		device->is_late = device == late || (is_mate && has_tag(root, device));
		if (device->is_late)
			device->blind_use = late_find_blind_use(root, device, needs);
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
	if (entry->reason == REASON_VFS)
		printf("VFIOKIT_VFS=%u\n", entry->rule->vfs);
	if (entry->verdict == VERDICT_BIND && !session->switches.plan_only)
		printf("VFIOKIT_DRIVER=%s\n", entry->driver);
}
