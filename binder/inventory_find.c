/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What others ask the inventory. No I/O. */
#include <stdio.h>

#include "binder/inventory.h"

static int compare_address(const void *bdf, const void *device)
{
	return bdf_compare(bdf, &((const struct device *)device)->bdf);
}

const struct device *inventory_find(const struct inventory *inventory, const struct bdf *bdf)
{
	if (inventory->n_devices == 0)
		return NULL;
	return bsearch(bdf, inventory->devices, inventory->n_devices, sizeof(struct device), compare_address);
}

const struct device *inventory_find_unknown(const struct inventory *inventory, const struct bdf *bdf)
{
	for (size_t i = 0; i < inventory->n_unread; i++)
		if (inventory->unread[i].is_unknown && bdf_compare(&inventory->unread[i].bdf, bdf) == 0)
			return &inventory->unread[i];
	return NULL;
}

const struct device *inventory_find_unread(const struct inventory *inventory, const struct device *device)
{
	const struct device *mate = NULL;

	if (device->unread != NULL)
		return device;
	for (size_t i = 0; i < inventory->n_unread; i++) {
		const struct device *unread = &inventory->unread[i];

		if (device->iommu_group != DEVICE_NO_GROUP && device->iommu_group == unread->iommu_group)
			return unread;
		if (mate == NULL && bdf_same_slot(&unread->bdf, &device->bdf))
			mate = unread;
	}
	return mate;
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

size_t inventory_group_count(const struct inventory *inventory)
{
	int largest = 0;

	for (size_t i = 0; i < inventory->n_devices; i++)
		if (inventory->devices[i].iommu_group > largest)
			largest = inventory->devices[i].iommu_group;
	for (size_t i = 0; i < inventory->n_unread; i++)
		if (inventory->unread[i].iommu_group > largest)
			largest = inventory->unread[i].iommu_group;
	return (size_t)largest + 1;
}
