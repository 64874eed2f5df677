/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vfiokit image: what belongs in an initramfs, what the next boot will do with it, and an add-on for any of them. */
#include <cjson/cJSON.h>
#include <stdio.h>

#include "binder/disarm.h"
#include "host/addon.h"
#include "host/addon_lines.h"
#include "host/booster.h"
#include "host/commands.h"
#include "host/image_items.h"
#include "host/next_boot.h"
#include "lib/paths.h"

/* Lines that --explain may take: one screen, with what stands around them. */
#define SCREEN_LINES 18

static int complain(const char *what)
{
	fprintf(stderr, "vfiokit: image: %s; nothing was changed, try 'vfiokit --help'\n", what);
	return EXIT_USAGE;
}

static const char *kernel_of(const struct session *session)
{
	return session->inventory.release[0] != '\0' ? session->inventory.release : "unknown";
}

/* Modules that have files, or those that are missing. */
static void add_modules(cJSON *document, const char *key, const struct image_items *items, bool missing)
{
	cJSON *array = cJSON_AddArrayToObject(document, key);

	for (size_t i = 0; i < items->n_modules; i++)
		if (missing ? items->modules[i].is_missing : items->modules[i].n_paths > 0)
			cJSON_AddItemToArray(array, cJSON_CreateString(items->modules[i].name));
}

/* What all forms of it begin with. */
static cJSON *begin_document(const struct session *session)
{
	cJSON *document = cJSON_CreateObject();

	cJSON_AddNumberToObject(document, "version", 1);
	cJSON_AddStringToObject(document, "command", "image");
	cJSON_AddItemToObject(document, "kernel",
			      session->inventory.release[0] != '\0' ? cJSON_CreateString(session->inventory.release)
								    : cJSON_CreateNull());
	return document;
}

static void emit_list(const struct session *session, const struct image_items *items)
{
	cJSON *document = begin_document(session), *files;

	files = cJSON_AddArrayToObject(document, "files");
	for (size_t i = 0; i < items->n_files; i++) {
		cleanup_free char *path = util_format("/%s", items->files[i]);

		cJSON_AddItemToArray(files, cJSON_CreateString(path));
	}
	add_modules(document, "modules", items, false);
	add_modules(document, "missing", items, true);
	report_emit_json(document);
}

static int show_list(const struct session *session, const struct options *options)
{
	struct image_items items;

	image_items_collect(&items, session, options, session->inventory.release);
	if (options->json)
		emit_list(session, &items);
	for (size_t i = 0; i < items.n_files && !options->json; i++)
		printf("file /%s\n", items.files[i]);
	for (size_t i = 0; i < items.n_modules && !options->json; i++)
		if (items.modules[i].n_paths > 0)
			printf("module %s\n", items.modules[i].name);
	image_items_free(&items);
	return 0;
}

static void explain_entry(const struct session *session, const struct plan_entry *entry)
{
	const char *subject = entry->device != NULL   ? entry->device->address
			      : entry->absent != NULL ? entry->absent
						      : "no device";
	const char *reason = plan_reason_name(entry);
	cleanup_free char *rival = next_boot_rival(session, entry);

	if (entry->verdict == VERDICT_BIND || entry->verdict == VERDICT_BOUND)
		printf("  give   %-14s to %s%s%s%s (rule %s)\n", subject, entry->driver,
		       rival != NULL ? ", unless the image loads " : "", rival != NULL ? rival : "",
		       rival != NULL ? " before" : "", entry->rule->name);
	else
		printf("  %-6s %-14s %s (rule %s)\n", entry->verdict == VERDICT_SKIP ? "leave" : "refuse", subject,
		       reason != NULL ? reason : "", entry->rule->name);
}

/* What the image will lack, in words. A module that no image needs is not missed. */
static void explain_missing(const struct session *session, const struct options *options)
{
	struct image_items items;

	image_items_collect(&items, session, options, session->inventory.release);
	for (size_t i = 0; i < items.n_modules; i++)
		if (items.modules[i].is_missing)
			printf("  WARNING: kernel %s has no module %s: install it and make the image again\n",
			       kernel_of(session), items.modules[i].name);
	if (!items.has_binder)
		printf("  WARNING: /" PATH_BINDER " is missing: install it and make the image again\n");
	image_items_free(&items);
}

static void explain_devices(const struct session *session)
{
	const struct plan *plan = &session->plan;

	for (size_t i = 0; i < plan->n_entries && i < SCREEN_LINES; i++)
		explain_entry(session, &plan->entries[i]);
	if (plan->n_entries > SCREEN_LINES)
		printf("  ... and %zu more: vfio-bind plan\n", plan->n_entries - SCREEN_LINES);
	if (session->inventory.n_devices == 0)
		printf("  decide when it sees the devices: none can be seen from here (is /sys mounted?)\n");
	else if (plan->n_entries == 0)
		printf("  change nothing: %s\n", session->policy.n_rules == 0
							 ? "the policy has no rule"
							 : "no rule of the policy matches a device");
	if (plan->is_disarmed)
		printf("  " DISARM_CAUSE "\n");
	else if (plan->is_off)
		printf("  It is switched off on the command line of this boot.\n");
	else if (session->inventory.n_devices > 0 && !session->inventory.has_iommu)
		printf("  WARNING: this boot has no IOMMU: without one nothing can be given to a guest\n");
}

/* The plan's document, and what the image will lack. */
static int explain_json(const struct session *session, const struct options *options)
{
	struct report report = session_report(session);
	cJSON *document = report_json(&report);
	struct image_items items;

	image_items_collect(&items, session, options, session->inventory.release);
	cJSON_ReplaceItemInObjectCaseSensitive(document, "command", cJSON_CreateString("image"));
	cJSON_AddBoolToObject(document, "program", items.has_binder);
	add_modules(document, "missing", &items, true);
	image_items_free(&items);
	report_emit_json(document);
	return problem_count(&session->problems, PROBLEM_POLICY) > 0 ? EXIT_USAGE : 0;
}

/* The policy's errors come last, where a long build's output is looked at. */
static int explain(const struct session *session, const struct options *options)
{
	int code = 0;

	printf("vfiokit: the next boot (kernel %s) will\n", kernel_of(session));
	explain_devices(session);
	explain_missing(session, options);
	for (size_t i = 0; i < session->problems.count; i++) {
		const struct problem *problem = &session->problems.items[i];

		if (problem->kind != PROBLEM_POLICY)
			continue;
		printf("%s: %s\n", problem->where, problem->message);
		code = EXIT_USAGE;
	}
	return code;
}

/* What was written, and the lines that boot loaders need. */
static void addon_json(const struct session *session, const struct options *options, size_t bytes)
{
	cJSON *document = begin_document(session);
	cleanup_free char *output = util_copy_printable(options->output);
	struct image_items items;

	image_items_collect(&items, session, options, session->inventory.release);
	cJSON_AddStringToObject(document, "output", output);
	cJSON_AddBoolToObject(document, "written", bytes > 0);
	cJSON_AddNumberToObject(document, "bytes", (double)bytes);
	cJSON_AddItemToObject(document, "loaders", addon_lines_json(output, kernel_of(session)));
	add_modules(document, "missing", &items, true);
	report_add_errors(document, &session->problems);
	image_items_free(&items);
	report_emit_json(document);
}

/* A broken policy is written all the same, and named last; a build that must not have that asks for it. */
static int addon(const struct session *session, const struct options *options)
{
	const char *strict = getenv("VFIOKIT_STRICT");
	bool is_broken = problem_count(&session->problems, PROBLEM_POLICY) > 0;
	bool is_refused = is_broken && strict != NULL && streq(strict, "1");
	size_t bytes = 0;
	int code = is_refused ? EXIT_USAGE : addon_write(session, options, &bytes);

	if (options->json) {
		addon_json(session, options, bytes);
		return code == 0 && is_broken ? EXIT_USAGE : code;
	}
	if (code != 0 && !is_refused)
		return code;
	if (!is_refused) {
		addon_lines_print(options->output, session->inventory.release, bytes);
		printf("\n");
	}
	return explain(session, options);
}

static int booster_json(const struct session *session, const struct options *options)
{
	cJSON *document = begin_document(session);
	int code = booster_show(session, options, document);
	struct image_items items;

	image_items_collect(&items, session, options, session->inventory.release);
	add_modules(document, "missing", &items, true);
	image_items_free(&items);
	report_emit_json(document);
	return code;
}

int command_image(const struct options *options, int root)
{
	int modes = options->list + options->explain + options->booster + (options->output != NULL);
	struct session session;
	int code;

	if (modes != 1)
		return complain("one of --list, --explain, --output FILE and --booster is needed");
	if (options->n_words > 0 && !options->booster)
		return complain("only --booster takes the name of an image");
	if (options->policy != NULL && options->list)
		return complain("--list is about the installed policy, and takes no --policy");
	if (options->kernel != NULL && (options->kernel[0] == '\0' || strchr(options->kernel, '/') != NULL ||
					strlen(options->kernel) >= SYSFS_NAME_SIZE))
		return complain("--kernel takes a release as 'uname -r' prints it");
	session_plan(&session, "plan", options, root, NULL);
	if (options->explain || options->output != NULL)
		next_boot_plan(&session);
	if (options->list)
		code = show_list(&session, options);
	else if (options->explain)
		code = options->json ? explain_json(&session, options) : explain(&session, options);
	else if (options->booster)
		code = options->json ? booster_json(&session, options) : booster_show(&session, options, NULL);
	else
		code = addon(&session, options);
	session_free(&session);
	return code;
}
