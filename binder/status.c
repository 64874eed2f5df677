/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What was reported at this boot, compared with what is. Works from the kept reports alone, so it needs no policy. */
#include <cjson/cJSON.h>
#include <stdio.h>

#include "binder/commands.h"
#include "binder/disarm.h"
#include "binder/initramfs.h"
#include "binder/report.h"
#include "binder/store.h"
#include "lib/child.h"
#include "lib/paths.h"

/* How long to wait for a run that is busy (milliseconds). */
#define ADOPT_TIMEOUT 1000

#define SWITCH_OFF "vfiokit=off on the kernel command line switches vfiokit off"

/* The last word on a subject. */
struct promise {
	const cJSON *device; /* borrowed */
	bool was_applied;    /* not by a run that only planned (vfiokit=plan) */
};

struct status {
	void (*show_line)(const char *line);
	struct promise *devices; /* owned */
	size_t count;
	bool has_changed;
	const char *rebuild; /* what to type because the image holds another policy; NULL if it does not */
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

/* Rules that found nothing count for the last run only: the device may have come since. */
static void take_run(struct status *status, const cJSON *run, bool is_last)
{
	bool was_applied = !streq(text_of(run, "command"), "plan");
	const cJSON *device;

	cJSON_ArrayForEach(device, cJSON_GetObjectItemCaseSensitive(run, "devices"))
	{
		size_t i = 0;

		if (!is_last && streq(text_of(device, "reason"), "absent"))
			continue;
		while (i < status->count && !streq(subject_of(status->devices[i].device), subject_of(device)))
			i++;
		if (i == status->count)
			(void)util_append(&status->devices, &status->count, sizeof(*status->devices));
		status->devices[i] = (struct promise){ device, was_applied };
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
static bool is_kept(const struct promise *promise, const char *driver)
{
	const char *verdict = text_of(promise->device, "verdict");

	return !promise->was_applied || (!streq(verdict, "bind") && !streq(verdict, "bound")) ||
	       streq(text_of(promise->device, "driver_after"), driver);
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

static void show_as_it_is(const char *line)
{
	puts(line);
}

/* The file may hold anything; a terminal must not get it. Takes the line over. */
static void print_line(const struct status *status, char *line)
{
	cleanup_free char *printable = util_copy_printable(line);

	free(line);
	status->show_line(printable);
}

static void show_device(const struct status *status, const cJSON *device, const char *driver, bool has_address,
			bool kept)
{
	const char *reason = text_of(device, "reason");

	const char *holder = driver[0] != '\0' ? driver : "no driver", *change = "";

	if (!kept)
		change = "; CHANGED since then: ";
	else if (has_address && !streq(driver, text_of(device, "driver_after")))
		change = "; now ";
	print_line(status, util_format("%s: %s%s%s: %s%s%s%s", subject_of(device), text_of(device, "verdict"),
				       reason[0] != '\0' ? " " : "", reason, text_of(device, "message"), change,
				       change[0] != '\0' ? holder : "",
				       !kept               ? " holds it now"
				       : change[0] != '\0' ? " holds it"
							   : ""));
}

/* first and last: the first run of this boot and the last one; NULL where there was none. */
static cJSON *begin_document(const cJSON *first, const cJSON *last)
{
	cJSON *document = cJSON_CreateObject();

	cJSON_AddNumberToObject(document, "version", 1);
	cJSON_AddStringToObject(document, "command", "status");
	if (first != NULL)
		cJSON_AddStringToObject(document, "kernel", text_of(first, "kernel"));
	else
		cJSON_AddNullToObject(document, "kernel");
	cJSON_AddStringToObject(document, "result", last != NULL ? text_of(last, "result") : "nothing");
	return document;
}

/*
 * The image of this boot and the policy as it is now. Where the image was made again since, only the next boot will
 * show it, so this is no error.
 */
static const char *find_rebuild(const cJSON *first, int root)
{
	const char *generator = text_of(first, "image"), *command = initramfs_rebuild_command(generator);
	const struct policy_source source = { root, NULL };
	const struct switches no_switches = { 0 };
	struct problems problems = { 0 };
	struct policy policy = { 0 };
	char digest[POLICY_DIGEST_SIZE];

	if (command == NULL || text_of(first, "policy_digest")[0] == '\0')
		return NULL;
	policy_read(&policy, &source, &no_switches, &problems);
	policy_format_digest(&policy, digest);
	policy_free(&policy);
	problems_free(&problems);
	return streq(digest, text_of(first, "policy_digest")) ? NULL : command;
}

/* Of the policy as it is now: what is in the image cannot be seen from here. */
static char *explain_disarm(int root)
{
	const struct policy_source source = { root, NULL };
	const struct switches no_switches = { 0 };
	struct problems problems = { 0 };
	struct policy policy = { 0 };
	char *text;

	policy_read(&policy, &source, &no_switches, &problems);
	text = disarm_explain(root, policy.disarm_after);
	policy_free(&policy);
	problems_free(&problems);
	return text;
}

static void end_document(cJSON *document, const cJSON *last, const struct status *status, int root)
{
	cleanup_free char *disarm = NULL;
	cJSON *errors = last != NULL ? cJSON_Duplicate(cJSON_GetObjectItemCaseSensitive(last, "errors"), true) : NULL;

	cJSON_AddItemToObject(document, "errors", errors != NULL ? errors : cJSON_CreateArray());
	cJSON_AddBoolToObject(document, "changed", status->has_changed);
	if (status->rebuild != NULL)
		cJSON_AddStringToObject(document, "rebuild", status->rebuild);
	else
		cJSON_AddNullToObject(document, "rebuild");
	disarm = explain_disarm(root);
	cJSON_AddStringToObject(document, "disarm", disarm);
	cJSON_AddStringToObject(document, "switch_off", SWITCH_OFF);
}

static cJSON *show(struct status *status, const cJSON *first, const cJSON *last, int root, bool as_json)
{
	cJSON *document = begin_document(first, last);
	cJSON *devices = cJSON_AddArrayToObject(document, "devices");

	for (size_t i = 0; i < status->count; i++) {
		char driver[SYSFS_NAME_SIZE];
		const cJSON *device = status->devices[i].device;
		bool has_address = read_driver_now(device, root, driver);
		bool kept = is_kept(&status->devices[i], driver);

		status->has_changed |= !kept;
		cJSON_AddItemToArray(devices, device_json(device, driver, has_address, kept));
		if (!as_json)
			show_device(status, device, driver, has_address, kept);
	}
	end_document(document, last, status, root);
	return document;
}

static void show_errors(const struct status *status, const cJSON *run)
{
	const cJSON *error;

	cJSON_ArrayForEach(error, cJSON_GetObjectItemCaseSensitive(run, "errors"))
	{
		const char *where = text_of(error, "where");

		print_line(status,
			   util_format("%s%s%s", where, where[0] != '\0' ? ": " : "", text_of(error, "message")));
	}
}

static void show_summary(const struct status *status, const cJSON *first, const cJSON *last)
{
	show_errors(status, last);
	char *later = last == first ? util_copy("")
				    : util_format(", %s of the last run, '%s'", text_of(last, "result"),
						  text_of(last, "command"));

	print_line(status,
		   util_format("result %s of '%s'%s%s; " SWITCH_OFF, text_of(first, "result"),
			       text_of(first, "command"), later, status->has_changed ? "; CHANGED since then" : ""));
	free(later);
}

static int code_of(const char *result)
{
	if (streq(result, "ok") || streq(result, "off"))
		return 0;
	return streq(result, "nothing") ? 3 : 1;
}

/* A killed run leaves its journal, but no report. */
static int status_without_report(const struct status *status, int root, bool as_json)
{
	bool has_begun = sysfs_exists(root, PATH_RUN "/" NAME_JOURNAL) ||
			 sysfs_exists(root, PATH_RUN_PID1 "/" NAME_JOURNAL);
	cJSON *document = begin_document(NULL, NULL);

	cJSON_AddArrayToObject(document, "devices");
	end_document(document, NULL, status, root);
	if (as_json) {
		report_emit_json(document);
		return has_begun ? 1 : code_of("nothing");
	}
	cJSON_Delete(document);
	print_line(status, explain_disarm(root));
	if (has_begun) {
		status->show_line("A run began at this boot and left no report, but its journal in /" PATH_RUN
				  " or /" PATH_RUN_PID1 "; 'vfiokit list' shows what holds each device. " SWITCH_OFF
				  ".");
		return 1;
	}
	status->show_line("vfiokit did nothing at this boot: there is no report in /run/vfiokit. " SWITCH_OFF ".");
	return code_of("nothing");
}

/* Needs root; without, the report is read where it is. Not while another run may write its own. */
static void adopt(int root)
{
	struct store_lock lock;

	if (!sysfs_exists(root, PATH_RUN_PID1 "/" NAME_REPORT))
		return;
	store_lock(&lock, root, PATH_RUN, child_now() + ADOPT_TIMEOUT);
	(void)store_adopt(root);
	store_unlock(&lock);
}

int command_status(const struct options *options, int root)
{
	struct status status = { .show_line = options->show_line != NULL ? options->show_line : show_as_it_is };
	const cJSON *run, *last;
	cJSON *first, *document;
	int code;

	adopt(root);
	first = store_read(root);
	if (first == NULL)
		return status_without_report(&status, root, options->json);
	last = first;
	cJSON_ArrayForEach(run, cJSON_GetObjectItemCaseSensitive(first, "runs")) last = run;
	take_run(&status, first, last == first);
	cJSON_ArrayForEach(run, cJSON_GetObjectItemCaseSensitive(first, "runs")) take_run(&status, run, run == last);
	status.rebuild = find_rebuild(first, root);
	document = show(&status, first, last, root, options->json);
	code = status.has_changed ? 1 : code_of(text_of(last, "result"));
	if (options->json) {
		report_emit_json(document);
	} else {
		if (status.rebuild != NULL)
			print_line(&status,
				   util_format("/etc/vfiokit/bind.conf and its drop-ins are not what the image "
					       "of this boot holds. Unless it was made again since: %s",
					       status.rebuild));
		print_line(&status, explain_disarm(root));
		show_summary(&status, first, last);
		cJSON_Delete(document);
	}
	free(status.devices);
	cJSON_Delete(first);
	return code;
}
