/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/status.h"

#include <cjson/cJSON.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "hooks/conf.h"
#include "hooks/cpus.h"
#include "hooks/reconcile.h"
#include "hooks/records.h"
#include "lib/file.h"
#include "lib/paths.h"
#include "lib/root.h"
#include "lib/util.h"

#define BUS_TIME 2000

static void add_list(cJSON *object, const char *name, const struct cpulist *list)
{
	cleanup_free char *text = cpulist_format(list);

	cJSON_AddStringToObject(object, name, text);
}

static const char *guard_state(struct host *host, const char *uuid, char **ret)
{
	cleanup_free char *unit = reconcile_guard_unit(uuid);
	struct bus *bus = host_bus(host, BUS_TIME);

	*ret = NULL;
	return bus != NULL && bus_unit_state(bus, unit, ret) == 0 ? *ret : "unknown";
}

static cJSON *describe_claim(struct host *host, const struct claim *claim)
{
	cJSON *object = cJSON_CreateObject(), *disks;
	cleanup_free char *name = util_copy_printable(claim->name), *state = NULL;
	cleanup_free char *inhibit = conf_inhibit_words(claim->inhibit);

	cJSON_AddStringToObject(object, "guest", name);
	cJSON_AddStringToObject(object, "uuid", claim->uuid);
	cJSON_AddStringToObject(object, "state",
				!claims_is_alive(host->root, claim) ? "ended"
				: claim->is_running                 ? "running"
								    : "pending");
	cJSON_AddNumberToObject(object, "pid", claim->pid);
	add_list(object, "cpus", &claim->cpus);
	cJSON_AddStringToObject(object, "inhibit", inhibit);
	disks = cJSON_AddArrayToObject(object, "disks");
	for (size_t i = 0; i < claim->n_disks; i++)
		if (claim->disks[i].is_held)
			cJSON_AddItemToArray(disks, cJSON_CreateString(claim->disks[i].path));
	cJSON_AddStringToObject(object, "guard", guard_state(host, claim->uuid, &state));
	return object;
}

/* "foreign": somebody else has changed what we wrote; "ignored": the kernel does not do what systemd says. */
static const char *unit_state(struct host *host, const char *unit, const struct unit_record *record,
			      const struct cpulist *effective)
{
	struct bus *bus = host_bus(host, BUS_TIME);
	struct cpulist allowed;

	if (record == NULL)
		return "untouched";
	if (bus != NULL && bus_get_allowed_cpus(bus, unit, &allowed) == 0 &&
	    !cpulist_equal(&allowed, &record->written) && !cpulist_equal(&allowed, &record->next))
		return "foreign";
	return cpulist_is_subset(effective, &record->written) ? "confined" : "ignored";
}

static cJSON *describe_units(struct host *host, const struct isolation_machine *machine)
{
	cJSON *array = cJSON_CreateArray();
	struct unit_records records;
	char **units;
	size_t n;

	records_read(host->root, &records);
	cpus_list_units(host->root, &units, &n);
	for (size_t i = 0; i < n; i++) {
		const struct unit_record *record = records_find(&records, units[i]);
		cJSON *object = cJSON_CreateObject();
		struct cpulist effective;

		cpus_effective(host->root, units[i], machine, &effective);
		cJSON_AddStringToObject(object, "unit", units[i]);
		add_list(object, "effective", &effective);
		if (record != NULL)
			add_list(object, "former", &record->former);
		cJSON_AddStringToObject(object, "state", unit_state(host, units[i], record, &effective));
		cJSON_AddItemToArray(array, object);
		free(units[i]);
	}
	free(units);
	records_free(&records);
	return array;
}

/* libvirt runs every executable regular file there, links included; it looks for the directory when it starts. */
static bool is_installed(int root)
{
	DIR *directory = file_open_directory(root, PATH_LIBVIRT_HOOKS);
	cleanup_close int ours = root_open(root, PATH_HOOK, O_PATH, 0);
	struct stat hook, info;
	const struct dirent *entry;
	bool found = false;

	if (ours < 0 || fstat(ours, &hook) < 0)
		hook = (struct stat){ 0 };
	while (directory != NULL && (entry = readdir(directory)) != NULL) {
		cleanup_free char *path = util_format(PATH_LIBVIRT_HOOKS "/%s", entry->d_name);
		cleanup_close int fd = entry->d_name[0] != '.' ? root_open(root, path, O_PATH, 0) : -1;

		if (fd >= 0 && fstat(fd, &info) == 0 && info.st_ino == hook.st_ino && info.st_dev == hook.st_dev &&
		    (info.st_mode & 0111) != 0)
			found = true;
	}
	if (directory != NULL)
		closedir(directory);
	return found;
}

static const char *text_of(const cJSON *object, const char *name)
{
	const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));

	return text != NULL && text[0] != '\0' ? text : "-";
}

static void print_lines(const cJSON *document)
{
	const cJSON *object, *claims = cJSON_GetObjectItemCaseSensitive(document, "claims");
	const cJSON *why_not = cJSON_GetObjectItemCaseSensitive(document, "no_isolation");

	if (!cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(document, "installed")))
		printf("libvirt does not call us: " PATH_LIBVIRT_HOOKS " has no link to " PATH_HOOK "\n");
	if (cJSON_IsString(why_not))
		printf("no CPU can be isolated: %s\n", why_not->valuestring);
	if (cJSON_GetArraySize(claims) == 0)
		printf("no guest claims anything\n");
	cJSON_ArrayForEach(object, claims)
	{
		const cJSON *disk;

		printf("guest %s: %s, guard %s, CPUs %s, inhibits %s", text_of(object, "guest"),
		       text_of(object, "state"), text_of(object, "guard"), text_of(object, "cpus"),
		       text_of(object, "inhibit"));
		cJSON_ArrayForEach(disk, cJSON_GetObjectItemCaseSensitive(object, "disks"))
			printf(", holds %s", disk->valuestring);
		printf("\n");
	}
	cJSON_ArrayForEach(object, cJSON_GetObjectItemCaseSensitive(document, "units")) printf(
		"%s: CPUs %s, %s\n", text_of(object, "unit"), text_of(object, "effective"), text_of(object, "state"));
}

/* A guest that has ended, a guard that is not there, a unit that is not confined. */
static bool is_wrong(const cJSON *document)
{
	const cJSON *object;

	cJSON_ArrayForEach(object,
			   cJSON_GetObjectItemCaseSensitive(
				   document, "claims")) if (streq(text_of(object, "state"), "ended") ||
							    !streq(text_of(object, "guard"), "active")) return true;
	cJSON_ArrayForEach(object,
			   cJSON_GetObjectItemCaseSensitive(
				   document, "units")) if (streq(text_of(object, "state"), "foreign") ||
							   streq(text_of(object, "state"), "ignored")) return true;
	return false;
}

int status_print(struct host *host, bool json)
{
	cJSON *document = cJSON_CreateObject(), *array = cJSON_CreateArray();
	const char *why_not = cpus_why_not(host->root);
	struct isolation_machine machine = { 0 };
	struct claims claims;
	bool wrong;

	(void)cpus_read_machine(host->root, &machine);
	claims_read(host->root, &claims);
	cJSON_AddNumberToObject(document, "version", 1);
	cJSON_AddBoolToObject(document, "installed", is_installed(host->root));
	cJSON_AddItemToObject(document, "no_isolation",
			      why_not != NULL ? cJSON_CreateString(why_not) : cJSON_CreateNull());
	cJSON_AddItemToObject(document, "claims", array);
	for (size_t i = 0; i < claims.count; i++)
		cJSON_AddItemToArray(array, describe_claim(host, &claims.items[i]));
	cJSON_AddItemToObject(document, "units", describe_units(host, &machine));
	claims_free(&claims);
	if (json) {
		char *text = cJSON_Print(document);

		puts(text);
		free(text);
	} else {
		print_lines(document);
	}
	wrong = is_wrong(document);
	cJSON_Delete(document);
	return wrong ? EXIT_FAILURE : EXIT_SUCCESS;
}
