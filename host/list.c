/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vfiokit list: every function by IOMMU group, with the names of the system's pci.ids. */
#include <cjson/cJSON.h>
#include <errno.h>
#include <stdio.h>

#include "binder/report.h"
#include "host/commands.h"
#include "host/names.h"

static int by_group(const void *a, const void *b)
{
	const struct device *left = *(const struct device *const *)a, *right = *(const struct device *const *)b;
	/* Those without a group come last. */
	unsigned int left_group = (unsigned int)left->iommu_group, right_group = (unsigned int)right->iommu_group;

	if (left_group != right_group)
		return left_group < right_group ? -1 : 1;
	return bdf_compare(&left->bdf, &right->bdf);
}

static void print_device(struct names *names, const struct device *device, bool verbose)
{
	char name[NAME_SIZE], class[NAME_SIZE];

	names_device(names, device, name);
	names_class(names, device, class);
	printf("  %s  %04x:%04x  %06x  %-14s %s%s%s%s%s\n", device->address, device->vendor, device->device,
	       device->class, device->driver[0] != '\0' ? device->driver : "-", device->console ? "[console] " : "",
	       class, class[0] != '\0' && name[0] != '\0' ? ": " : "", name,
	       device_is_bridge(device) && class[0] == '\0' ? "bridge" : "");
	if (verbose)
		printf("                path %s, subsystem %04x:%04x%s%s\n", device->path, device->subvendor,
		       device->subdevice, device->console ? ", console: " : "",
		       device->console ? device->console_sign : "");
}

static void print_groups(struct names *names, const struct inventory *inventory, bool verbose)
{
	const struct device **sorted = util_alloc((inventory->n_devices + 1) * sizeof(*sorted));
	int group = -2;

	for (size_t i = 0; i < inventory->n_devices; i++)
		sorted[i] = &inventory->devices[i];
	if (inventory->n_devices > 0)
		qsort(sorted, inventory->n_devices, sizeof(*sorted), by_group);
	for (size_t i = 0; i < inventory->n_devices; i++) {
		if (sorted[i]->iommu_group != group) {
			group = sorted[i]->iommu_group;
			if (group == DEVICE_NO_GROUP)
				printf("No IOMMU group\n");
			else
				printf("Group %d\n", group);
		}
		print_device(names, sorted[i], verbose);
	}
	free(sorted);
}

static cJSON *list_json(struct names *names, const struct inventory *inventory, const struct problems *problems)
{
	cJSON *document = cJSON_CreateObject(), *devices;
	char name[NAME_SIZE];

	cJSON_AddNumberToObject(document, "version", 1);
	cJSON_AddStringToObject(document, "command", "list");
	if (inventory->release[0] != '\0')
		cJSON_AddStringToObject(document, "kernel", inventory->release);
	else
		cJSON_AddNullToObject(document, "kernel");
	cJSON_AddBoolToObject(document, "iommu", inventory->has_iommu);
	devices = cJSON_AddArrayToObject(document, "devices");
	for (size_t i = 0; i < inventory->n_devices; i++) {
		cJSON *object = report_device_json(&inventory->devices[i]);

		names_device(names, &inventory->devices[i], name);
		if (name[0] != '\0')
			cJSON_AddStringToObject(object, "name", name);
		else
			cJSON_AddNullToObject(object, "name");
		cJSON_AddBoolToObject(object, "bridge", device_is_bridge(&inventory->devices[i]));
		cJSON_AddItemToArray(devices, object);
	}
	report_add_errors(document, problems);
	return document;
}

int command_list(const struct options *options, int root)
{
	struct inventory inventory;
	struct problems problems = { 0 };
	struct names *names = names_open();
	const struct policy no_policy = { .rules = NULL };
	int result = inventory_scan(&inventory, root, &problems);

	if (result < 0)
		problem_add(&problems, PROBLEM_MACHINE, "sys/bus/pci/devices", "cannot list the PCI devices: %s",
			    strerror(-result));
	inventory_complete(&inventory, root, &no_policy, true);
	if (options->json) {
		report_emit_json(list_json(names, &inventory, &problems));
	} else {
		print_groups(names, &inventory, options->verbose);
		for (size_t i = 0; i < problems.count; i++)
			printf("%s: %s\n", problems.items[i].where, problems.items[i].message);
		if (!inventory.has_iommu)
			printf("There is no IOMMU: no device can be given to a guest (switch it on in the firmware; "
			       "Intel "
			       "also needs intel_iommu=on).\n");
	}
	names_close(names);
	inventory_free(&inventory);
	problems_free(&problems);
	return result < 0 ? 1 : 0;
}
