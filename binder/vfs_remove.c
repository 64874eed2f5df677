/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>

#include "binder/vfs_internal.h"
#include "lib/paths.h"

#define PATH_SIZE 128

/* The first virtual function that a VFIO driver has: the kernel would wait for its guest, for ever. */
static bool find_taken(const struct vfs_work *work, const struct plan_entry *entry,
		       char address[static SYSFS_NAME_SIZE])
{
	char path[PATH_SIZE], driver[SYSFS_NAME_SIZE];

	for (unsigned int i = 0; i < entry->device->vfs; i++) {
		snprintf(path, sizeof(path), PATH_DEVICES "/%s/virtfn%u", entry->device->address, i);
		if (sysfs_read_link_name(work->kernel->root, path, address, SYSFS_NAME_SIZE) < 0)
			continue;
		inventory_read_driver(work->kernel->root, address, driver);
		if (device_is_vfio_driver(driver))
			return true;
	}
	return false;
}

static void remove_all(const struct vfs_work *work, struct plan_entry *entry)
{
	char address[SYSFS_NAME_SIZE];
	unsigned int count = entry->device->vfs;
	int result;

	if (find_taken(work, entry, address)) {
		vfs_conclude(
			work, entry, VERDICT_REFUSE,
			util_format("its virtual function %s is still with vfio-pci; release that first", address));
		return;
	}
	result = vfs_write(work, entry, PREPARE_NUMVFS, "0");
	if (result == -ETIMEDOUT) {
		vfs_conclude_stuck(entry);
		return;
	}
	if (result == 0)
		result = vfs_write(work, entry, PREPARE_AUTOPROBE, "1");
	if (result < 0)
		vfs_conclude(work, entry, VERDICT_FAIL,
			     util_format("cannot take its %u virtual functions away: %s", count, strerror(-result)));
	else
		vfs_conclude(
			work, entry, VERDICT_RELEASE,
			util_format(
				"its %u virtual functions are gone; rule '%s' (%s) makes them again at the next boot",
				count, entry->next_boot->name, entry->next_boot->where));
}

void vfs_remove(const struct vfs_work *work)
{
	for (size_t i = 0; i < work->plan->n_entries; i++)
		if (vfs_is_planned(&work->plan->entries[i]))
			remove_all(work, &work->plan->entries[i]);
}
