/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/status_tuning.h"

#include <stdio.h>

#include "hooks/irqbalance.h"
#include "hooks/irqs.h"
#include "hooks/settings.h"
#include "lib/paths.h"
#include "lib/sysfs.h"
#include "lib/util.h"

static const char *balancer_state(int root, const struct irqs_memory *memory)
{
	uint64_t started = 0;
	pid_t pid = irqbalance_find(root, &started);

	if (pid == 0)
		return "absent";
	return pid == memory->pid && started == memory->started && cpulist_equal(&memory->written, &memory->next)
		       ? "told"
		       : "not told";
}

static void add_interrupts(cJSON *document, int root, const struct setting_records *records)
{
	struct irqs_memory memory;
	size_t moved = 0;
	bool has_any = false;
	cJSON *object;

	for (size_t i = 0; i < records->count; i++) {
		const struct setting_record *record = &records->items[i];

		moved += record->format == SETTING_IRQ && !streq(record->written, record->former);
		has_any = has_any || record->format == SETTING_IRQ || streq(record->path, PATH_IRQ_DEFAULT);
	}
	irqs_recall(root, &memory);
	if (!has_any && memory.pid == 0 && memory.kept == 0) {
		cJSON_AddNullToObject(document, "interrupts");
		return;
	}
	object = cJSON_AddObjectToObject(document, "interrupts");
	cJSON_AddNumberToObject(object, "moved", (double)moved);
	cJSON_AddNumberToObject(object, "kept", (double)memory.kept);
	cJSON_AddStringToObject(object, "irqbalance", balancer_state(root, &memory));
}

static void add_setting(cJSON *array, int root, const struct setting_record *record)
{
	cleanup_free char *now = settings_read(root, record->path, record->format);
	cleanup_free char *path = util_format("/%s", record->path);
	cJSON *object = cJSON_CreateObject();
	bool is_ours = now != NULL && (streq(now, record->written) || streq(now, record->next));
	const char *state = is_ours ? "set" : "foreign";

	if (now == NULL && settings_is_offline(root, record->path))
		state = "offline";
	cJSON_AddStringToObject(object, "setting", path);
	cJSON_AddStringToObject(object, "value", now != NULL ? now : "");
	cJSON_AddStringToObject(object, "former", record->former);
	cJSON_AddStringToObject(object, "state", state);
	cJSON_AddItemToArray(array, object);
}

void status_tuning_add(cJSON *document, int root)
{
	struct setting_records records;
	cJSON *array;

	settings_read_records(root, &records);
	add_interrupts(document, root, &records);
	array = cJSON_AddArrayToObject(document, "settings");
	for (size_t i = 0; i < records.count; i++)
		if (records.items[i].format != SETTING_IRQ)
			add_setting(array, root, &records.items[i]);
	settings_free_records(&records);
}

static const char *text_of(const cJSON *object, const char *name)
{
	const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));

	return text != NULL ? text : "";
}

static int number_of(const cJSON *object, const char *name)
{
	return (int)cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(object, name));
}

void status_tuning_print(const cJSON *document)
{
	const cJSON *interrupts = cJSON_GetObjectItemCaseSensitive(document, "interrupts"), *object;

	if (cJSON_IsObject(interrupts))
		printf("interrupts: %d moved, %d kept by the kernel, irqbalance %s\n", number_of(interrupts, "moved"),
		       number_of(interrupts, "kept"), text_of(interrupts, "irqbalance"));
	cJSON_ArrayForEach(object, cJSON_GetObjectItemCaseSensitive(document, "settings"))
		printf("%s: '%s' (was '%s'), %s\n", text_of(object, "setting"), text_of(object, "value"),
		       text_of(object, "former"), text_of(object, "state"));
}

bool status_tuning_is_wrong(const cJSON *document)
{
	const cJSON *interrupts = cJSON_GetObjectItemCaseSensitive(document, "interrupts"), *object;
	bool is_wrong = streq(text_of(interrupts, "irqbalance"), "not told");

	cJSON_ArrayForEach(object, cJSON_GetObjectItemCaseSensitive(document, "settings"))
		is_wrong = is_wrong || streq(text_of(object, "state"), "foreign");
	return is_wrong;
}
