/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vfiokit import: a policy out of what other mechanisms were told, and what to remove by hand afterwards. */
#include "host/import.h"

#include <cjson/cJSON.h>
#include <stdio.h>

#include "binder/report.h"
#include "host/commands.h"
#include "host/names.h"
#include "lib/paths.h"

struct import {
	struct inventory inventory;
	struct rivals rivals;
	struct targets targets;
	struct names *names;
	struct problems left; /* what did not become a rule */
	size_t n_rules;
};

static bool is_endpoint(const struct device *device)
{
	return !device_is_bridge(device) && !device_is_host_bridge(device);
}

/* The next device from *at on that the target names, or NULL. */
static const struct device *next_match(const struct import *import, const struct target *target, size_t *at)
{
	while (*at < import->inventory.n_devices) {
		const struct device *device = &import->inventory.devices[(*at)++];

		if (is_endpoint(device) && target_matches(target, device))
			return device;
	}
	return NULL;
}

static bool matches_class(const struct import *import, const struct target *target, unsigned int base)
{
	const struct device *device;
	size_t at = 0;

	while ((device = next_match(import, target, &at)) != NULL)
		if (device_base_class(device) == base)
			return true;
	return false;
}

/* May it share a rule with the other ids? */
static bool is_plain(const struct import *import, const struct target *target)
{
	return !target->has_address && target->class == NULL && !matches_class(import, target, CLASS_BASE_STORAGE) &&
	       !matches_class(import, target, CLASS_BASE_NETWORK);
}

/* A target that names nothing here becomes no rule; where no device can be seen, nobody knows. */
static bool check_presence(struct import *import, struct target *target)
{
	char address[BDF_TEXT_SIZE];
	size_t at = 0;

	if (import->inventory.n_devices == 0 || next_match(import, target, &at) != NULL)
		return true;
	bdf_format(&target->bdf, address);
	if (!target->has_address)
		target->problem = util_format("no device here is a %s", target->id);
	else
		target->problem = util_format("no %s is at %s", target->id != NULL ? target->id : "device", address);
	return false;
}

static void write_matches(FILE *file, const struct import *import, const struct target *target)
{
	const struct device *device;
	size_t at = 0;

	fprintf(file, "; %s from %.80s\n", target->id != NULL ? target->id : "a slot", target->source->where);
	while ((device = next_match(import, target, &at)) != NULL) {
		char name[NAME_SIZE];

		names_device(import->names, device, name);
		fprintf(file, ";   %s  %.90s%s\n", device->address, name,
			device->console ? " (the console: it stays with the host; boot-vga = allow gives it away)"
					: "");
	}
}

static void write_ids_rule(FILE *file, struct import *import)
{
	bool is_begun = false;

	for (size_t i = 0; i < import->targets.count; i++)
		if (import->targets.items[i].problem == NULL && is_plain(import, &import->targets.items[i])) {
			fprintf(file, "%s", is_begun ? "" : "\n");
			is_begun = true;
			write_matches(file, import, &import->targets.items[i]);
		}
	if (!is_begun)
		return;
	fprintf(file, "[device imported-ids]\n");
	for (size_t i = 0; i < import->targets.count; i++)
		if (import->targets.items[i].problem == NULL && is_plain(import, &import->targets.items[i]))
			fprintf(file, "id = %s\n", import->targets.items[i].id);
	import->n_rules++;
}

/* The slots, as paths that survive new cards; where no device can be seen, the address. */
static void write_slots(FILE *file, const struct import *import, const struct target *target)
{
	const struct device *device;
	char address[BDF_TEXT_SIZE];
	size_t at = 0;

	if (import->inventory.n_devices == 0 && target->has_address) {
		bdf_format(&target->bdf, address);
		fprintf(file, "address = %s\n", address);
	}
	while ((device = next_match(import, target, &at)) != NULL) {
		fprintf(file, "path  = %s ; %s\n", device->path, device->address);
		if (target->id == NULL)
			fprintf(file, "id    = %04x:%04x\n", device->vendor, device->device);
	}
	if (target->id != NULL)
		fprintf(file, "id    = %s\n", target->id);
	if (target->class != NULL)
		fprintf(file, "class = %s\n", target->class);
}

static void write_rule(FILE *file, struct import *import, const struct target *target)
{
	bool storage = matches_class(import, target, CLASS_BASE_STORAGE);
	bool network = matches_class(import, target, CLASS_BASE_NETWORK);

	fputc('\n', file);
	write_matches(file, import, target);
	fprintf(file, "[device imported-%zu]\n", ++import->n_rules);
	write_slots(file, import, target);
	if (target->takes_group)
		fprintf(file, "group = whole ; as this mechanism does\n");
	if (storage || network)
		fprintf(file, "allow =%s%s\n", storage ? " storage" : "", network ? " network" : "");
}

static void write_left(FILE *file, struct import *import)
{
	bool is_begun = false;

	for (size_t i = 0; i < import->targets.count; i++) {
		const struct target *target = &import->targets.items[i];

		if (target->problem == NULL)
			continue;
		fprintf(file, "%s#   %.60s: %.110s\n", is_begun ? "" : "\n# Left out:\n", target->source->where,
			target->problem);
		problem_add(&import->left, PROBLEM_MACHINE, target->source->where, "%s; it is left out",
			    target->problem);
		is_begun = true;
	}
}

static void write_removals(FILE *file, const struct import *import)
{
	if (import->rivals.count == 0)
		return;
	fprintf(file,
		"\n# Remove by hand, once 'vfio-bind plan' says what you want. vfiokit never edits these files.\n");
	for (size_t i = 0; i < import->rivals.count; i++) {
		const struct rival *rival = &import->rivals.items[i];

		fprintf(file, "#   %.80s: %.100s\n#     %s\n", rival->where, rival->text,
			rival->kind == RIVAL_BLACKLIST ? "only if it was for passthrough: a policy needs no blacklist"
						       : rival->remedy);
	}
}

static char *rules_text(struct import *import)
{
	char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	if (file == NULL)
		abort();
	for (size_t i = 0; i < import->targets.count; i++)
		if (import->targets.items[i].problem == NULL)
			(void)check_presence(import, &import->targets.items[i]);
	write_ids_rule(file, import);
	for (size_t i = 0; i < import->targets.count; i++)
		if (import->targets.items[i].problem == NULL && !is_plain(import, &import->targets.items[i]))
			write_rule(file, import, &import->targets.items[i]);
	fclose(file);
	return text;
}

/* Without a rule it must not be saved: it would empty the policy. */
static const char *heading(const struct import *import)
{
	if (import->n_rules > 0)
		return "# A policy imported by vfiokit. Nothing was changed. Save it as /etc/vfiokit/bind.conf, read "
		       "what\n"
		       "# 'vfio-bind plan' says to it, and make the boot images again.\n";
	if (import->rivals.count > 0)
		return "# There is nothing to import as a rule, so there is no policy to save. Nothing was changed.\n";
	return "# There is nothing to import: no vfio-pci.ids=, no modprobe.d, no driverctl, no Unraid list. Nothing "
	       "was\n"
	       "# changed.\n";
}

static char *policy_text(struct import *import)
{
	cleanup_free char *rules = rules_text(import);
	char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	if (file == NULL)
		abort();
	fprintf(file, "%s%s", heading(import), rules);
	write_left(file, import);
	write_removals(file, import);
	fclose(file);
	return text;
}

static void emit_json(const struct import *import, const char *text)
{
	static const char *const kinds[] = {
		[RIVAL_IDS] = "ids",           [RIVAL_SOFTDEP] = "softdep",
		[RIVAL_INSTALL] = "install",   [RIVAL_BLACKLIST] = "blacklist",
		[RIVAL_BLOCKED] = "blacklist", [RIVAL_DRIVERCTL] = "driverctl",
		[RIVAL_UNRAID] = "unraid",
	};
	cJSON *document = cJSON_CreateObject(), *sources;

	cJSON_AddNumberToObject(document, "version", 1);
	cJSON_AddStringToObject(document, "command", "import");
	cJSON_AddNumberToObject(document, "rules", (double)import->n_rules);
	cJSON_AddStringToObject(document, "policy", text);
	sources = cJSON_AddArrayToObject(document, "sources");
	for (size_t i = 0; i < import->rivals.count; i++) {
		const struct rival *rival = &import->rivals.items[i];
		cJSON *source = cJSON_CreateObject();

		cJSON_AddStringToObject(source, "where", rival->where);
		cJSON_AddStringToObject(source, "kind", kinds[rival->kind]);
		cJSON_AddStringToObject(source, "text", rival->text);
		cJSON_AddStringToObject(source, "remedy", rival->remedy);
		cJSON_AddItemToArray(sources, source);
	}
	report_add_errors(document, &import->left);
	report_emit_json(document);
}

int command_import(const struct options *options, int root)
{
	struct import import = { .n_rules = 0 };
	struct problems problems = { 0 };
	const struct policy no_policy = { .rules = NULL };
	cleanup_free char *text = NULL;
	int code;

	/* Without devices, as in an image that is being made, the lists are taken as they are. */
	if (inventory_scan(&import.inventory, root, &problems) == 0)
		inventory_complete(&import.inventory, root, &no_policy, true);
	import.names = names_open();
	rivals_find(&import.rivals, root);
	targets_read(&import.targets, &import.rivals);
	text = policy_text(&import);
	if (options->json)
		emit_json(&import, text);
	else
		fputs(text, stdout);
	code = import.n_rules > 0 && import.left.count == 0 ? 0 : 1;
	names_close(import.names);
	targets_free(&import.targets);
	rivals_free(&import.rivals);
	inventory_free(&import.inventory);
	problems_free(&import.left);
	problems_free(&problems);
	return code;
}
