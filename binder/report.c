/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "binder/report.h"

#include <cjson/cJSON.h>
#include <stdio.h>

#include "lib/log.h"

#define REPORT_VERSION 1

int report_exit_code(enum result result, bool has_errors)
{
	if (result == RESULT_OFF)
		return 0;
	if (has_errors)
		return 2;
	switch (result) {
	case RESULT_PARTIAL:
	case RESULT_ERROR:
		return 1;
	case RESULT_NOTHING:
		return 3;
	case RESULT_OK:
	case RESULT_OFF:
		break;
	}
	return 0;
}

/* What stands in front of the message: an address, a path, or the rule. */
static const char *subject_of(const struct plan_entry *entry)
{
	if (entry->device != NULL)
		return entry->device->address;
	return entry->absent != NULL ? entry->absent : entry->rule->name;
}

static char *line_of(const struct plan_entry *entry)
{
	const char *reason = plan_reason_name(entry);

	return util_format("%s: %s%s%s: %s", subject_of(entry), plan_verdict_name(entry->verdict),
			   reason == NULL ? "" : " ", reason == NULL ? "" : reason, entry->message);
}

/* The words that switch it off belong to every summary: somebody may read it on a dark day. */
static char *summary_of(const struct report *report)
{
	size_t counts[VERDICT_RELEASE + 1] = { 0 };

	for (size_t i = 0; i < report->plan->n_entries; i++)
		counts[report->plan->entries[i].verdict]++;
	if (counts[VERDICT_RELEASE] > 0 || streq(report->command, "release"))
		return util_format("%s: result %s: %zu given back, %zu skipped, %zu refused, %zu failed",
				   report->command, plan_result_name(report->result), counts[VERDICT_RELEASE],
				   counts[VERDICT_SKIP], counts[VERDICT_REFUSE], counts[VERDICT_FAIL]);
	return util_format("%s: result %s: %zu %s, %zu bound before, %zu skipped, %zu refused, %zu failed%s; %s",
			   report->command, plan_result_name(report->result), counts[VERDICT_BIND],
			   report->was_applied ? "bound" : "to bind", counts[VERDICT_BOUND], counts[VERDICT_SKIP],
			   counts[VERDICT_REFUSE], counts[VERDICT_FAIL],
			   report->policy->n_rules == 0 && report->problems->count == 0 ? " (no policy)" : "",
			   report->plan->is_disarmed ? "'vfiokit arm' switches it on again"
						     : "vfiokit=off on the kernel command line switches it off");
}

/* What one run has said of a device. NULL: nothing. */
static const cJSON *find_in_run(const cJSON *run, const char *address)
{
	const cJSON *device;

	cJSON_ArrayForEach(device, cJSON_GetObjectItemCaseSensitive(run, "devices"))
	{
		const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(device, "address"));

		if (text != NULL && streq(text, address))
			return device;
	}
	return NULL;
}

/* The latest word of this boot about the device. */
static const cJSON *find_earlier(const cJSON *reports, const char *address)
{
	const cJSON *runs = cJSON_GetObjectItemCaseSensitive(reports, "runs"), *found = NULL;

	for (int i = cJSON_GetArraySize(runs); i-- > 0 && found == NULL;)
		found = find_in_run(cJSON_GetArrayItem(runs, i), address);
	return found != NULL ? found : find_in_run(reports, address);
}

static bool is_same(const cJSON *device, const char *key, const char *text)
{
	const char *earlier = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(device, key));

	return streq(earlier == NULL ? "" : earlier, text == NULL ? "" : text);
}

/* What was bound then and is bound now is no news. */
static bool is_known(const struct plan_entry *entry, const struct cJSON *earlier)
{
	const cJSON *device = earlier == NULL ? NULL : find_earlier(earlier, subject_of(entry));

	if (device == NULL || !is_same(device, "reason", plan_reason_name(entry)))
		return false;
	return is_same(device, "verdict", plan_verdict_name(entry->verdict)) ||
	       (entry->verdict == VERDICT_BOUND && is_same(device, "verdict", plan_verdict_name(VERDICT_BIND)));
}

static void print_lines(const struct report *report)
{
	cleanup_free char *summary = summary_of(report);

	for (size_t i = 0; i < report->plan->n_entries; i++) {
		cleanup_free char *line = line_of(&report->plan->entries[i]);

		if (!is_known(&report->plan->entries[i], report->earlier))
			printf("%s\n", line);
	}
	for (size_t i = 0; i < report->problems->count; i++)
		printf("%s: %s\n", report->problems->items[i].where, report->problems->items[i].message);
	if (report->problems->left_out > 0)
		printf("%zu further problems are not listed\n", report->problems->left_out);
	printf("%s\n", summary);
}

static enum log_level level_of(const struct plan_entry *entry)
{
	if (entry->verdict == VERDICT_FAIL)
		return LOG_LEVEL_ERROR;
	if (entry->verdict == VERDICT_REFUSE || (entry->reason == REASON_ABSENT && !entry->rule->is_optional) ||
	    strstr(entry->message, "; warning: ") != NULL)
		return LOG_LEVEL_WARNING;
	return LOG_LEVEL_INFO;
}

void report_log(const struct report *report)
{
	cleanup_free char *summary = summary_of(report);

	for (size_t i = 0; i < report->plan->n_entries; i++) {
		cleanup_free char *line = line_of(&report->plan->entries[i]);

		log_line(level_of(&report->plan->entries[i]), "%s", line);
	}
	for (size_t i = 0; i < report->problems->count; i++)
		log_error("%s: %s", report->problems->items[i].where, report->problems->items[i].message);
	if (report->problems->left_out > 0)
		log_error("%zu further problems are not listed", report->problems->left_out);
	log_line(report->result == RESULT_OK || report->result == RESULT_OFF ? LOG_LEVEL_INFO : LOG_LEVEL_WARNING, "%s",
		 summary);
}

static void add_text(cJSON *object, const char *key, const char *text)
{
	if (text == NULL || text[0] == '\0')
		cJSON_AddNullToObject(object, key);
	else
		cJSON_AddStringToObject(object, key, text);
}

static void add_bool(cJSON *object, const char *key, const struct device *device, bool value)
{
	if (device->is_unknown)
		cJSON_AddNullToObject(object, key);
	else
		cJSON_AddBoolToObject(object, key, value);
}

cJSON *report_device_json(const struct device *device)
{
	cJSON *object = cJSON_CreateObject();
	char text[16];

	add_text(object, "address", device->address);
	add_text(object, "path", device->path);
	snprintf(text, sizeof(text), "%04x:%04x", device->vendor, device->device);
	add_text(object, "id", device->is_unknown ? NULL : text);
	snprintf(text, sizeof(text), "%04x:%04x", device->subvendor, device->subdevice);
	add_text(object, "subsystem", device->is_unknown ? NULL : text);
	snprintf(text, sizeof(text), "%06x", device->class);
	add_text(object, "class", device->is_unknown ? NULL : text);
	if (device->iommu_group == DEVICE_NO_GROUP)
		cJSON_AddNullToObject(object, "iommu_group");
	else
		cJSON_AddNumberToObject(object, "iommu_group", device->iommu_group);
	add_bool(object, "boot_vga", device, device->boot_vga);
	add_bool(object, "console", device, device->console);
	add_text(object, "driver_before", device->driver);
	return object;
}

/* The same keys for a rule that found nothing, so that every entry has the same shape. */
static cJSON *absent_json(const struct plan_entry *entry)
{
	static const char *const keys[] = { "id",       "subsystem", "class",        "iommu_group",
					    "boot_vga", "console",   "driver_before" };
	cJSON *object = cJSON_CreateObject();

	add_text(object, "address", entry->absent_is_path ? NULL : entry->absent);
	add_text(object, "path", entry->absent_is_path ? entry->absent : NULL);
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		cJSON_AddNullToObject(object, keys[i]);
	return object;
}

static void add_driver_after(cJSON *object, const struct plan_entry *entry, const struct report *report)
{
	char driver[SYSFS_NAME_SIZE] = "";

	if (entry->device != NULL && report->was_applied)
		inventory_read_driver(report->root, entry->device->address, driver);
	else if (entry->device != NULL)
		(void)util_copy_fixed(driver, sizeof(driver),
				      entry->verdict == VERDICT_BIND ? entry->driver : entry->device->driver);
	add_text(object, "driver_after", driver);
}

/* Only where something has the device open. */
static void add_holders(cJSON *object, const struct device *device)
{
	cJSON *list = device != NULL && device->n_holders > 0 ? cJSON_AddArrayToObject(object, "holders") : NULL;

	for (size_t i = 0; list != NULL && i < device->n_holders; i++) {
		const struct holder *holder = &device->holders[i];
		cJSON *item = cJSON_CreateObject();

		if (holder->pid > 0)
			cJSON_AddNumberToObject(item, "pid", holder->pid);
		else
			cJSON_AddNullToObject(item, "pid");
		add_text(item, "command", holder->command);
		add_text(item, "node", holder->node);
		add_text(item, "message", holder->words);
		cJSON_AddItemToArray(list, item);
	}
}

/* Only where something was set, or set back. */
static void add_changes(cJSON *object, const struct plan_entry *entry)
{
	cJSON *list = entry->n_changes > 0 ? cJSON_AddArrayToObject(object, "prepared") : NULL;

	for (size_t i = 0; list != NULL && i < entry->n_changes; i++) {
		cJSON *item = cJSON_CreateObject();

		add_text(item, "attribute", prepare_attribute(entry->changes[i].step));
		add_text(item, "before", entry->changes[i].before);
		add_text(item, "now", entry->changes[i].now);
		cJSON_AddItemToArray(list, item);
	}
}

static cJSON *entry_json(const struct plan_entry *entry, const struct report *report)
{
	cJSON *object = entry->device != NULL ? report_device_json(entry->device) : absent_json(entry);

	add_driver_after(object, entry, report);
	add_text(object, "verdict", plan_verdict_name(entry->verdict));
	add_text(object, "reason", plan_reason_name(entry));
	add_text(object, "rule", entry->rule->name);
	add_text(object, "message", entry->message);
	add_holders(object, entry->device);
	add_changes(object, entry);
	return object;
}

void report_add_errors(cJSON *document, const struct problems *problems)
{
	cJSON *errors = cJSON_AddArrayToObject(document, "errors");
	char text[64];

	for (size_t i = 0; i < problems->count; i++) {
		cJSON *error = cJSON_CreateObject();

		add_text(error, "where", problems->items[i].where);
		add_text(error, "message", problems->items[i].message);
		cJSON_AddItemToArray(errors, error);
	}
	if (problems->left_out > 0) {
		cJSON *error = cJSON_CreateObject();

		snprintf(text, sizeof(text), "%zu further problems are not listed", problems->left_out);
		cJSON_AddNullToObject(error, "where");
		add_text(error, "message", text);
		cJSON_AddItemToArray(errors, error);
	}
}

cJSON *report_json(const struct report *report)
{
	cJSON *document = cJSON_CreateObject(), *policy, *devices;
	char digest[POLICY_DIGEST_SIZE];

	cJSON_AddNumberToObject(document, "version", REPORT_VERSION);
	add_text(document, "command", report->command);
	add_text(document, "kernel", report->inventory->release);
	add_text(document, "result", plan_result_name(report->result));
	policy = cJSON_AddArrayToObject(document, "policy");
	for (size_t i = 0; i < report->policy->n_files; i++)
		cJSON_AddItemToArray(policy, cJSON_CreateString(report->policy->files[i]));
	policy_format_digest(report->policy, digest);
	add_text(document, "policy_digest", digest);
	add_text(document, "image", report->generator);
	add_text(document, "probation", report->probation);
	devices = cJSON_AddArrayToObject(document, "devices");
	for (size_t i = 0; i < report->plan->n_entries; i++)
		cJSON_AddItemToArray(devices, entry_json(&report->plan->entries[i], report));
	report_add_errors(document, report->problems);
	return document;
}

void report_emit_json(cJSON *document)
{
	char *text = cJSON_Print(document);

	if (text != NULL)
		printf("%s\n", text);
	cJSON_free(text);
	cJSON_Delete(document);
}

void report_emit(const struct report *report, bool as_json)
{
	if (as_json)
		report_emit_json(report_json(report));
	else
		print_lines(report);
}
