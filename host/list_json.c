/* SPDX-License-Identifier: GPL-2.0-or-later */
/* list, for programs: JSON, and the XML that libvirt wants. */
#include <cjson/cJSON.h>
#include <stdio.h>

#include "host/draft.h"
#include "host/list.h"

static void add_text(cJSON *object, const char *key, const char *text)
{
	cJSON_AddItemToObject(object, key,
			      text != NULL && text[0] != '\0' ? cJSON_CreateString(text) : cJSON_CreateNull());
}

static cJSON *resets_json(const struct list *list, const struct device *device)
{
	char text[SYSFS_VALUE_SIZE], *rest = NULL;
	cJSON *array = cJSON_CreateArray();

	list_read_resets(list, device, text);
	for (char *word = strtok_r(text, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest)) {
		cleanup_free char *printable = util_copy_printable(word);

		cJSON_AddItemToArray(array, cJSON_CreateString(printable));
	}
	return array;
}

static cJSON *behind_json(const struct list *list, const struct device *device)
{
	size_t n;
	const struct behind_item *items = behind_find(&list->behind, &device->bdf, &n);
	cJSON *array = cJSON_CreateArray();

	for (size_t i = 0; i < n; i++) {
		cJSON *object = cJSON_CreateObject();

		cJSON_AddStringToObject(object, "kind", behind_kind_name(items[i].kind));
		cJSON_AddStringToObject(object, "name", items[i].name);
		add_text(object, "text", items[i].text);
		cJSON_AddItemToArray(array, object);
	}
	return array;
}

static cJSON *uses_json(const struct list *list, const struct device *device)
{
	const struct needs *needs = &list->session.needs;
	cJSON *array = cJSON_CreateArray();

	for (size_t i = 0; i < needs->count; i++) {
		const struct need *need = &needs->items[i];
		cJSON *object;

		if (need->is_elsewhere || bdf_compare(&need->bdf, &device->bdf) != 0)
			continue;
		object = cJSON_CreateObject();
		cJSON_AddStringToObject(object, "kind", needs_kind_name(need->kind));
		cJSON_AddStringToObject(object, "use", need->use);
		cJSON_AddItemToArray(array, object);
	}
	return array;
}

static cJSON *device_json(const struct list *list, const struct device *device)
{
	const struct plan_entry *entry = plan_find(&list->session.plan, &device->bdf);
	cJSON *object = report_device_json(device);
	char name[NAME_SIZE];

	names_device(list->names, device, name);
	add_text(object, "name", name);
	names_class(list->names, device, name);
	add_text(object, "class_name", name);
	cJSON_AddBoolToObject(object, "bridge", device_is_bridge(device));
	cJSON_AddItemToObject(object, "reset", resets_json(list, device));
	cJSON_AddItemToObject(object, "behind", behind_json(list, device));
	cJSON_AddItemToObject(object, "in_use", uses_json(list, device));
	add_text(object, "verdict", entry != NULL ? plan_verdict_name(entry->verdict) : NULL);
	add_text(object, "reason", entry != NULL ? plan_reason_name(entry) : NULL);
	add_text(object, "rule", entry != NULL ? entry->rule->name : NULL);
	return object;
}

static cJSON *groups_json(const struct list *list)
{
	static const char *const names[] = { "none", "bridges", "card", "chipset", "shared" };
	cJSON *array = cJSON_CreateArray();
	size_t n, cards;

	for (size_t at = 0; at < list->session.inventory.n_devices; at += n) {
		cJSON *group;

		n = list_group_size(list, at);
		if (list->sorted[at]->iommu_group == DEVICE_NO_GROUP)
			continue;
		group = cJSON_CreateObject();
		cJSON_AddNumberToObject(group, "number", list->sorted[at]->iommu_group);
		cJSON_AddStringToObject(group, "isolation", names[list_isolation(list->sorted + at, n, &cards)]);
		cJSON_AddNumberToObject(group, "cards", (double)cards);
		cJSON_AddItemToArray(array, group);
	}
	return array;
}

void list_json(const struct list *list)
{
	const struct inventory *inventory = &list->session.inventory;
	cJSON *document = cJSON_CreateObject(), *devices;

	cJSON_AddNumberToObject(document, "version", 1);
	cJSON_AddStringToObject(document, "command", "list");
	add_text(document, "kernel", inventory->release);
	cJSON_AddBoolToObject(document, "iommu", inventory->has_iommu);
	cJSON_AddBoolToObject(document, "acs_override", list->acs_override);
	cJSON_AddItemToObject(document, "groups", groups_json(list));
	devices = cJSON_AddArrayToObject(document, "devices");
	for (size_t i = 0; i < inventory->n_devices; i++)
		cJSON_AddItemToArray(devices, device_json(list, &inventory->devices[i]));
	report_add_errors(document, &list->session.problems);
	report_emit_json(document);
}

/* A comment must not hold two hyphens in a row, nor end with one. */
static void print_comment(const char *text)
{
	char last = ' ';

	for (; *text != '\0'; text++) {
		putchar(*text == '-' && last == '-' ? '.' : *text);
		last = *text;
	}
}

static void print_hostdev(const struct list *list, const struct device *device)
{
	char name[NAME_SIZE];

	names_device(list->names, device, name);
	printf("<!-- %s ", device->address);
	print_comment(name);
	printf(" -->\n<hostdev mode='subsystem' type='pci' managed='yes'>\n  <source>\n"
	       "    <address domain='0x%04x' bus='0x%02x' slot='0x%02x' function='0x%x'/>\n  </source>\n</hostdev>\n",
	       device->bdf.domain, device->bdf.bus, device->bdf.slot, device->bdf.function);
}

static int complain(const struct bdf *bdf, const char *what)
{
	char address[BDF_TEXT_SIZE];

	bdf_format(bdf, address);
	fprintf(stderr, "vfiokit: list: %s %s; nothing was changed\n", address, what);
	return 1;
}

/* Says it on standard error, where it does not spoil the XML. */
static void warn(const struct device *device, const char *what, const char *detail)
{
	fprintf(stderr, "vfiokit: list: warning: %s %s%s\n", device->address, what, detail);
}

/* Returns how many there were. */
static int warn_of_uses(const struct list *list, const struct device *device)
{
	static const enum need_kind kinds[] = { NEED_STORAGE, NEED_NETWORK, NEED_KEYBOARD };
	int warnings = 0;

	if (device->console) {
		warn(device, "is the GPU of the console: ", device->console_sign);
		warnings++;
	}
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		const struct need *need = needs_find(&list->session.needs, &device->bdf, kinds[i]);

		if (need == NULL)
			continue;
		warn(device, "is in use by the host: ", need->use);
		warnings++;
	}
	if (device->iommu_group == DEVICE_NO_GROUP) {
		warn(device, "has no IOMMU group, and no guest can have it", "");
		warnings++;
	}
	return warnings;
}

int list_hostdev(const struct list *list, const struct bdf *bdf)
{
	const struct inventory *inventory = &list->session.inventory;
	struct draft draft = { .lead = inventory_find(inventory, bdf) };
	int warnings = 0;

	if (draft.lead == NULL)
		return complain(bdf, "is not the address of a device here, 'vfiokit list' shows them");
	if (device_is_bridge(draft.lead) || device_is_host_bridge(draft.lead))
		return complain(bdf, "is a bridge, which cannot be given to a guest");
	draft_make(&draft, inventory);
	for (size_t i = 0; i < draft.n_members; i++) {
		print_hostdev(list, draft.members[i]);
		warnings += warn_of_uses(list, draft.members[i]);
	}
	for (size_t i = 0; i < draft.n_pulled; i++) {
		warn(draft.pulled[i], "is in the same IOMMU group, and has to go along: no group is divided", "");
		warnings += 1 + warn_of_uses(list, draft.pulled[i]);
	}
	draft_free(&draft);
	return warnings > 0 ? 1 : 0;
}
