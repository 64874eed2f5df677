/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What was reported at this boot, compared with what is. Works from the kept reports alone, so it needs no policy. */
#include <cjson/cJSON.h>
#include <stdio.h>

#include "binder/commands.h"
#include "binder/report.h"
#include "binder/store.h"

#define SWITCH_OFF "vfiokit=off on the kernel command line switches vfiokit off"

struct status {
	const cJSON **devices; /* owned array of borrowed entries: the last word on each subject */
	size_t count;
	bool has_changed;
};

static const char *text_of(const cJSON *object, const char *key)
{
	const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));

	return text != NULL ? text : "";
}

/* What an entry is about: an address, else a path, else the rule that found nothing. */
static const char *subject_of(const cJSON *device)
{
	static const char *const keys[] = { "address", "path", "rule" };

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (text_of(device, keys[i])[0] != '\0')
			return text_of(device, keys[i]);
	return "?";
}

static void take_run(struct status *status, const cJSON *run)
{
	const cJSON *device;

	cJSON_ArrayForEach(device, cJSON_GetObjectItemCaseSensitive(run, "devices"))
	{
		size_t i = 0;

		while (i < status->count && !streq(subject_of(status->devices[i]), subject_of(device)))
			i++;
		if (i == status->count)
			(void)util_append(&status->devices, &status->count, sizeof(*status->devices));
		status->devices[i] = device;
	}
}

/* An address from a file that anybody may have damaged must not become a path. */
static bool read_driver_now(const cJSON *device, int root, char driver[static SYSFS_NAME_SIZE])
{
	char address[BDF_TEXT_SIZE];
	struct bdf bdf;

	driver[0] = '\0';
	if (!bdf_parse(text_of(device, "address"), &bdf))
		return false;
	bdf_format(&bdf, address);
	inventory_read_driver(root, address, driver);
	return true;
}

/* Only what we gave to vfio-pci is a promise: a driver that takes a skipped device later is the host's business. */
static bool is_kept(const cJSON *device, const char *driver)
{
	const char *verdict = text_of(device, "verdict");

	return (!streq(verdict, "bind") && !streq(verdict, "bound")) || streq(text_of(device, "driver_after"), driver);
}

static cJSON *device_json(const cJSON *device, const char *driver, bool has_address, bool kept)
{
	cJSON *object = cJSON_Duplicate(device, true);

	if (has_address && driver[0] != '\0')
		cJSON_AddStringToObject(object, "driver_now", driver);
	else
		cJSON_AddNullToObject(object, "driver_now");
	cJSON_AddBoolToObject(object, "still", kept);
	return object;
}

static void show_device(const cJSON *device, const char *driver, bool has_address, bool kept)
{
	const char *reason = text_of(device, "reason");

	printf("%s: %s%s%s: %s", subject_of(device), text_of(device, "verdict"), reason[0] != '\0' ? " " : "", reason,
	       text_of(device, "message"));
	if (!kept)
		printf("; CHANGED since then: %s%s holds it now", driver[0] != '\0' ? "" : "no driver", driver);
	else if (has_address && !streq(driver, text_of(device, "driver_after")))
		printf("; now %s holds it", driver[0] != '\0' ? driver : "no driver");
	printf("\n");
}

static cJSON *show(struct status *status, const cJSON *first, int root, bool as_json)
{
	cJSON *document = cJSON_CreateObject(), *devices;

	cJSON_AddNumberToObject(document, "version", 1);
	cJSON_AddStringToObject(document, "command", "status");
	cJSON_AddStringToObject(document, "kernel", text_of(first, "kernel"));
	cJSON_AddStringToObject(document, "result", text_of(first, "result"));
	devices = cJSON_AddArrayToObject(document, "devices");
	for (size_t i = 0; i < status->count; i++) {
		char driver[SYSFS_NAME_SIZE];
		bool has_address = read_driver_now(status->devices[i], root, driver);
		bool kept = is_kept(status->devices[i], driver);

		status->has_changed |= !kept;
		cJSON_AddItemToArray(devices, device_json(status->devices[i], driver, has_address, kept));
		if (!as_json)
			show_device(status->devices[i], driver, has_address, kept);
	}
	cJSON_AddItemToObject(document, "errors",
			      cJSON_Duplicate(cJSON_GetObjectItemCaseSensitive(first, "errors"), true));
	cJSON_AddBoolToObject(document, "changed", status->has_changed);
	cJSON_AddStringToObject(document, "switch_off", SWITCH_OFF);
	return document;
}

static void show_errors(const cJSON *first)
{
	const cJSON *error;

	cJSON_ArrayForEach(error, cJSON_GetObjectItemCaseSensitive(first, "errors"))
		printf("%s: %s\n", text_of(error, "where"), text_of(error, "message"));
}

static int code_of(const char *result)
{
	if (streq(result, "ok") || streq(result, "off"))
		return 0;
	return streq(result, "nothing") ? 3 : 1;
}

int command_status(const struct options *options, int root)
{
	cJSON *first = store_read(root), *document;
	struct status status = { 0 };
	const cJSON *run;
	int code;

	if (first == NULL) {
		if (options->json)
			report_emit_json(cJSON_Parse("{\"version\":1,\"command\":\"status\",\"result\":\"nothing\","
						     "\"devices\":[],\"errors\":[]}"));
		else
			printf("vfiokit did nothing at this boot: there is no report in /run/vfiokit. " SWITCH_OFF
			       ".\n");
		return code_of("nothing");
	}
	take_run(&status, first);
	cJSON_ArrayForEach(run, cJSON_GetObjectItemCaseSensitive(first, "runs")) take_run(&status, run);
	document = show(&status, first, root, options->json);
	code = status.has_changed ? 1 : code_of(text_of(first, "result"));
	if (options->json) {
		report_emit_json(document);
	} else {
		show_errors(first);
		printf("result %s at boot%s; " SWITCH_OFF "\n", text_of(first, "result"),
		       status.has_changed ? ", CHANGED since then" : "");
		cJSON_Delete(document);
	}
	free(status.devices);
	cJSON_Delete(first);
	return code;
}
