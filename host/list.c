/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vfiokit list: reads everything, and hands it to the form that was asked for. */
#include "host/list.h"

#include <stdio.h>

#include "binder/modules.h"
#include "host/commands.h"
#include "lib/paths.h"

#define CMDLINE_MAX 65536

static int by_group(const void *a, const void *b)
{
	const struct device *left = *(const struct device *const *)a, *right = *(const struct device *const *)b;
	/* Those without a group come last. */
	unsigned int left_group = (unsigned int)left->iommu_group, right_group = (unsigned int)right->iommu_group;

	if (left_group != right_group)
		return left_group < right_group ? -1 : 1;
	return bdf_compare(&left->bdf, &right->bdf);
}

static void sort(struct list *list)
{
	const struct inventory *inventory = &list->session.inventory;

	list->sorted = util_alloc((inventory->n_devices + 1) * sizeof(const struct device *));
	for (size_t i = 0; i < inventory->n_devices; i++)
		list->sorted[i] = &inventory->devices[i];
	if (inventory->n_devices > 0)
		qsort(list->sorted, inventory->n_devices, sizeof(const struct device *), by_group);
}

size_t list_group_size(const struct list *list, size_t at)
{
	size_t n = 1;

	while (at + n < list->session.inventory.n_devices &&
	       list->sorted[at + n]->iommu_group == list->sorted[at]->iommu_group)
		n++;
	return n;
}

/* On the root bus the functions of one slot are parts of the chipset (audio, SMBus, SATA beside the ISA bridge). */
static bool is_of_chipset(const struct device *const *first, size_t n, const struct device *device)
{
	size_t functions = 0;

	for (size_t i = 0; i < n; i++)
		functions += bdf_same_slot(&first[i]->bdf, &device->bdf);
	return functions > 1 && strchr(device->path, '/') == NULL;
}

enum isolation list_isolation(const struct device *const *first, size_t n, size_t *ret_cards)
{
	const struct device *last = NULL;

	*ret_cards = 0;
	for (size_t i = 0; i < n; i++) {
		if (device_is_bridge(first[i]) || device_is_host_bridge(first[i]))
			continue;
		if (last == NULL || !bdf_same_slot(&last->bdf, &first[i]->bdf))
			++*ret_cards;
		last = first[i];
	}
	if (first[0]->iommu_group == DEVICE_NO_GROUP)
		return ISOLATION_NONE;
	if (*ret_cards == 0)
		return ISOLATION_BRIDGE;
	if (*ret_cards > 1)
		return ISOLATION_SHARED;
	return is_of_chipset(first, n, last) ? ISOLATION_CHIPSET : ISOLATION_CARD;
}

void list_read_resets(const struct list *list, const struct device *device, char text[static SYSFS_VALUE_SIZE])
{
	cleanup_free char *path = util_format(PATH_DEVICES "/%s/reset_method", device->address);

	if (sysfs_read(list->root, path, text, SYSFS_VALUE_SIZE) < 0)
		text[0] = '\0';
}

static bool has_acs_override(int root)
{
	char text[CMDLINE_MAX];

	return sysfs_read(root, PATH_CMDLINE, text, sizeof(text)) == 0 && strstr(text, "pcie_acs_override=") != NULL;
}

/* Like a plan, but complete for every device. */
static void read_all(struct list *list)
{
	const struct policy no_policy = { .rules = NULL };
	struct modules *modules;

	session_plan(&list->session, "list", list->options, list->root, NULL);
	/* A policy that no device meets does not look. */
	if (list->session.inventory.n_drivers == 0)
		needs_scan(&list->session.needs, list->root);
	modules = list->session.inventory.modules;
	inventory_complete(&list->session.inventory, list->root, &no_policy, true);
	if (modules != NULL && modules != list->session.inventory.modules)
		modules_close(modules);
	behind_scan(&list->behind, list->root);
	list->acs_override = has_acs_override(list->root);
	list->names = names_open();
	sort(list);
}

static int show(struct list *list)
{
	const struct options *options = list->options;

	if (options->graph != NULL && streq(options->graph, "dot"))
		list_dot(list);
	else if (options->graph != NULL)
		list_svg(list);
	else if (options->has_hostdev)
		return list_hostdev(list, &options->hostdev);
	else if (options->json)
		list_json(list);
	else
		list_text(list);
	return 0;
}

int command_list(const struct options *options, int root)
{
	struct list list = { .root = root, .options = options };
	int code;

	if ((options->graph != NULL) + options->has_hostdev + options->json > 1) {
		fprintf(stderr, "vfiokit: list: only one of --graph, --hostdev and --json; nothing was changed\n");
		return EXIT_USAGE;
	}
	read_all(&list);
	code = show(&list);
	if (code == 0 && !sysfs_exists(root, PATH_DEVICES))
		code = 1;
	names_close(list.names);
	behind_free(&list.behind);
	free(list.sorted);
	session_free(&list.session);
	return code;
}
