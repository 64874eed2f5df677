/* SPDX-License-Identifier: GPL-2.0-or-later */
/* list, for people: two lines or more for each function, of at most 80 columns. */
#include <stdio.h>

#include "host/list.h"
#include "host/paint.h"

/* Where the details of a function begin. */
#define INDENT 16

static void print_detail(const char *label, const char *text)
{
	cleanup_free char *line = util_format("%s%s", label, text);

	printf("%*s", INDENT, "");
	paint_paragraph_behind(INDENT, line);
}

static void print_name(const struct list *list, const struct device *device)
{
	char name[NAME_SIZE], class[NAME_SIZE];
	cleanup_free char *line = NULL;

	names_short(list->names, device, name);
	names_class(list->names, device, class);
	line = util_format("%s%s%s", class, class[0] != '\0' && name[0] != '\0' ? ": " : "", name);
	if (line[0] != '\0')
		print_detail("", line);
}

static void print_behind(const struct list *list, const struct device *device)
{
	size_t n;
	const struct behind_item *items = behind_find(&list->behind, &device->bdf, &n);

	for (size_t i = 0; i < n; i++) {
		cleanup_free char *line = util_format("%s%s%s%s", items[i].name, items[i].text[0] != '\0' ? " (" : "",
						      items[i].text, items[i].text[0] != '\0' ? ")" : "");
		cleanup_free char *label = util_format("%s ", behind_kind_name(items[i].kind));

		print_detail(label, line);
	}
}

/* What the host uses it for: of endpoints, for a bridge repeats all that is below it. */
static void print_uses(const struct list *list, const struct device *device)
{
	const struct needs *needs = &list->session.needs;

	for (size_t i = 0; i < needs->count && !device_is_bridge(device); i++)
		if (!needs->items[i].is_elsewhere && needs->items[i].kind != NEED_DATA &&
		    needs->items[i].kind != NEED_CONSOLE && bdf_compare(&needs->items[i].bdf, &device->bdf) == 0)
			print_detail("in use: ", needs->items[i].use);
}

static void print_verdict(const struct list *list, const struct device *device)
{
	const struct plan_entry *entry = plan_find(&list->session.plan, &device->bdf);
	const char *reason;

	if (entry == NULL)
		return;
	reason = plan_reason_name(entry);
	printf(" %s[%s%s%s]%s",
	       paint_on(entry->verdict <= VERDICT_BOUND    ? PAINT_GREEN
			: entry->verdict == VERDICT_REFUSE ? PAINT_RED
							   : PAINT_DIM),
	       plan_verdict_name(entry->verdict), reason != NULL ? " " : "", reason != NULL ? reason : "", paint_off());
}

static void print_device(const struct list *list, const struct device *device)
{
	bool is_bridge = device_is_bridge(device) || device_is_host_bridge(device);
	char resets[SYSFS_VALUE_SIZE], class[NAME_SIZE];

	printf("  %s%s%s  %04x:%04x  %06x  %s%s%s%s", paint_on(is_bridge ? PAINT_DIM : PAINT_BOLD), device->address,
	       paint_off(), device->vendor, device->device, device->class,
	       device->driver[0] != '\0' ? device->driver : "-", device->console ? paint_on(PAINT_BLUE) : "",
	       device->console ? " [console]" : "", device->console ? paint_off() : "");
	print_verdict(list, device);
	if (is_bridge) {
		names_class(list->names, device, class);
		printf("  %s%.30s%s", paint_on(PAINT_DIM), class[0] != '\0' ? class : "bridge", paint_off());
	}
	putchar('\n');
	if (!is_bridge || list->options->verbose)
		print_name(list, device);
	list_read_resets(list, device, resets);
	if (resets[0] != '\0' && !is_bridge)
		print_detail("reset: ", resets);
	print_behind(list, device);
	print_uses(list, device);
	if (!list->options->verbose)
		return;
	print_detail("path ", device->path);
	printf("%*ssubsystem %04x:%04x\n", INDENT, "", device->subvendor, device->subdevice);
	if (device->console)
		print_detail("console: ", device->console_sign);
	if (device->serial != NULL)
		print_detail("serial ", device->serial);
}

static void print_heading(const struct list *list, size_t at, size_t n)
{
	size_t cards;
	enum isolation isolation = list_isolation(list->sorted + at, n, &cards);

	printf("%s", paint_on(PAINT_BOLD));
	if (isolation == ISOLATION_NONE)
		printf("No IOMMU group%s", paint_off());
	else
		printf("Group %d%s", list->sorted[at]->iommu_group, paint_off());
	if (isolation == ISOLATION_CARD && list->acs_override)
		printf("  one card, if pcie_acs_override= did not split it off");
	else if (isolation == ISOLATION_CARD)
		printf("  %sone card%s", paint_on(PAINT_GREEN), paint_off());
	else if (isolation == ISOLATION_CHIPSET)
		printf("  a slot of the chipset, no card");
	else if (isolation == ISOLATION_SHARED)
		printf("  %s%zu cards, which go to one guest together%s", paint_on(PAINT_YELLOW), cards, paint_off());
	putchar('\n');
}

void list_text(const struct list *list)
{
	const struct problems *problems = &list->session.problems;
	size_t n;

	paint_setup();
	for (size_t at = 0; at < list->session.inventory.n_devices; at += n) {
		n = list_group_size(list, at);
		print_heading(list, at, n);
		for (size_t i = 0; i < n; i++)
			print_device(list, list->sorted[at + i]);
	}
	for (size_t i = 0; i < problems->count; i++)
		printf("%s: %s\n", problems->items[i].where, problems->items[i].message);
	if (!list->session.inventory.has_iommu)
		printf("There is no IOMMU: no device can be given to a guest (switch it on in the\nfirmware; Intel "
		       "also "
		       "needs intel_iommu=on).\n");
}
