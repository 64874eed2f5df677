/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/status.h"

#include <cjson/cJSON.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "hooks/conf.h"
#include "hooks/cpus.h"
#include "hooks/daemon.h"
#include "hooks/held.h"
#include "hooks/memory_status.h"
#include "hooks/profiles.h"
#include "hooks/reconcile.h"
#include "hooks/records.h"
#include "hooks/status_tuning.h"
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

struct inhibitors {
	struct bus_inhibitor *items; /* owned */
	size_t count;
	bool is_known;
};

static void read_inhibitors(struct host *host, const struct claims *claims, struct inhibitors *ret)
{
	struct bus *bus;
	bool is_needed = false;

	*ret = (struct inhibitors){ 0 };
	for (size_t i = 0; i < claims->count; i++)
		is_needed = is_needed || claims->items[i].inhibit != 0;
	if (!is_needed)
		return;
	bus = host_bus(host, BUS_TIME);
	ret->is_known = bus != NULL && bus_list_inhibitors(bus, &ret->items, &ret->count) == 0;
}

static void free_inhibitors(struct inhibitors *inhibitors)
{
	for (size_t i = 0; i < inhibitors->count; i++) {
		free(inhibitors->items[i].what);
		free(inhibitors->items[i].who);
		free(inhibitors->items[i].why);
	}
	free(inhibitors->items);
}

/* logind keeps the words in an order of its own. */
static bool has_words(const char *all, const char *words)
{
	cleanup_free char *copy = util_copy(words), *in = util_format(":%s:", all);
	char *rest = copy, *word;

	while ((word = strsep(&rest, ":")) != NULL) {
		cleanup_free char *part = util_format(":%s:", word);

		if (strstr(in, part) == NULL)
			return false;
	}
	return true;
}

static const char *inhibitor_state(const struct inhibitors *inhibitors, const struct claim *claim, const char *words)
{
	cleanup_free char *name = util_copy_printable(claim->name), *why = util_format(CLAIM_INHIBITOR_WHY, name);

	if (claim->inhibit == 0)
		return "none";
	if (!inhibitors->is_known)
		return "unknown";
	for (size_t i = 0; i < inhibitors->count; i++)
		if (streq(inhibitors->items[i].who, CLAIM_INHIBITOR_WHO) && streq(inhibitors->items[i].why, why) &&
		    has_words(inhibitors->items[i].what, words))
			return "held";
	return "missing";
}

/* The claim says what should be held, its guard what is. */
static cJSON *describe_disks(int root, const struct claim *claim)
{
	static const char *const names[] = {
		[HELD_MISSING] = "missing", [HELD_ABSENT] = "absent", [HELD_HELD] = "held"
	};
	enum held_state *states = held_read(root, claim);
	cJSON *disks = cJSON_CreateArray();

	for (size_t i = 0; i < claim->n_disks; i++) {
		cJSON *object = claim->disks[i].is_held ? cJSON_CreateObject() : NULL;

		if (object == NULL)
			continue;
		cJSON_AddStringToObject(object, "path", claim->disks[i].path);
		cJSON_AddStringToObject(object, "state", names[states[i]]);
		cJSON_AddItemToArray(disks, object);
	}
	free(states);
	return disks;
}

static cJSON *describe_claim(struct host *host, const struct claim *claim, const struct inhibitors *inhibitors,
			     const struct profiles_view *profiles)
{
	cJSON *object = cJSON_CreateObject();
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
	cJSON_AddStringToObject(object, "inhibitor", inhibitor_state(inhibitors, claim, inhibit));
	cJSON_AddStringToObject(object, "profile", profiles_state(host, profiles, claim));
	cJSON_AddItemToObject(object, "disks", describe_disks(host->root, claim));
	memory_describe(host->root, claim, object);
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

static const char *answer_name(enum daemon_answer answer)
{
	return answer == DAEMON_YES ? "yes" : answer == DAEMON_NO ? "no" : "unknown";
}

static cJSON *describe_daemon(const struct daemon_view *view)
{
	cJSON *object = cJSON_CreateObject();

	if (view->name == NULL) {
		cJSON_Delete(object);
		return cJSON_CreateNull();
	}
	cJSON_AddStringToObject(object, "name", view->name);
	cJSON_AddStringToObject(object, "sees_hook", answer_name(view->sees_hook));
	cJSON_AddStringToObject(object, "may_run_hook", answer_name(view->may_run));
	cJSON_AddItemToObject(object, "confinement",
			      view->label != NULL ? cJSON_CreateString(view->label) : cJSON_CreateNull());
	return object;
}

static const char *text_of(const cJSON *object, const char *name)
{
	const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));

	return text != NULL && text[0] != '\0' ? text : "-";
}

static void print_daemon(const cJSON *daemon)
{
	const char *name = text_of(daemon, "name");

	printf("%s: confined as '%s'\n", name, text_of(daemon, "confinement"));
	if (streq(text_of(daemon, "sees_hook"), "no"))
		printf("%s does not call us: it was started before the hook was installed; run 'systemctl reload %s'\n",
		       name, name);
	if (streq(text_of(daemon, "may_run_hook"), "no"))
		printf("%s may not run the hook where it is; install vfiokit with PREFIX=/usr\n", name);
}

static void print_disks(const cJSON *claim)
{
	const cJSON *disk;

	cJSON_ArrayForEach(disk, cJSON_GetObjectItemCaseSensitive(claim, "disks"))
	{
		const char *path = text_of(disk, "path"), *state = text_of(disk, "state");

		if (streq(state, "held"))
			printf(", holds %s", path);
		else
			printf(", disk %s (%s)", path, state);
	}
}

static void print_lines(const cJSON *document)
{
	const cJSON *object, *claims = cJSON_GetObjectItemCaseSensitive(document, "claims");
	const cJSON *why_not = cJSON_GetObjectItemCaseSensitive(document, "no_isolation");
	const cJSON *daemon = cJSON_GetObjectItemCaseSensitive(document, "daemon");

	if (!cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(document, "installed")))
		printf("libvirt does not call us: " PATH_LIBVIRT_HOOKS " has no link to " PATH_HOOK "\n");
	if (cJSON_IsObject(daemon))
		print_daemon(daemon);
	if (cJSON_IsString(why_not))
		printf("no CPU can be isolated: %s\n", why_not->valuestring);
	if (cJSON_GetArraySize(claims) == 0)
		printf("no guest claims anything\n");
	cJSON_ArrayForEach(object, claims)
	{
		printf("guest %s: %s, guard %s, CPUs %s, inhibits %s", text_of(object, "guest"),
		       text_of(object, "state"), text_of(object, "guard"), text_of(object, "cpus"),
		       text_of(object, "inhibit"));
		if (!streq(text_of(object, "inhibitor"), "none"))
			printf(" (%s)", text_of(object, "inhibitor"));
		if (!streq(text_of(object, "profile"), "none"))
			printf(", profile performance (%s)", text_of(object, "profile"));
		print_disks(object);
		memory_print(object);
		printf("\n");
	}
	cJSON_ArrayForEach(object, cJSON_GetObjectItemCaseSensitive(document, "units")) printf(
		"%s: CPUs %s, %s\n", text_of(object, "unit"), text_of(object, "effective"), text_of(object, "state"));
	status_tuning_print(document);
}

static bool has_state(const cJSON *array, const char *state)
{
	const cJSON *object;

	cJSON_ArrayForEach(object, array)
	{
		if (streq(text_of(object, "state"), state))
			return true;
	}
	return false;
}

/* A guest that has ended; a guard, a disk, an inhibitor or a profile that is not there. */
static bool is_claim_wrong(const cJSON *claim)
{
	return streq(text_of(claim, "state"), "ended") || !streq(text_of(claim, "guard"), "active") ||
	       streq(text_of(claim, "inhibitor"), "missing") || streq(text_of(claim, "profile"), "missing") ||
	       streq(text_of(claim, "profile"), "overruled") ||
	       has_state(cJSON_GetObjectItemCaseSensitive(claim, "disks"), "missing");
}

/* Such a claim, or a unit that is not confined. */
static bool is_wrong(const cJSON *document)
{
	const cJSON *claim, *units = cJSON_GetObjectItemCaseSensitive(document, "units");

	cJSON_ArrayForEach(claim, cJSON_GetObjectItemCaseSensitive(document, "claims"))
	{
		if (is_claim_wrong(claim))
			return true;
	}
	return has_state(units, "foreign") || has_state(units, "ignored") || status_tuning_is_wrong(document);
}

int status_print(struct host *host, bool json)
{
	cJSON *document = cJSON_CreateObject(), *array = cJSON_CreateArray();
	const char *why_not = cpus_why_not(host->root);
	struct isolation_machine machine = { 0 };
	struct inhibitors inhibitors;
	struct profiles_view profiles;
	struct daemon_view view;
	struct claims claims;
	bool wrong;

	daemon_look(host, &view);
	(void)cpus_read_machine(host->root, &machine);
	claims_read(host->root, &claims);
	read_inhibitors(host, &claims, &inhibitors);
	profiles_look(host, &claims, &profiles);
	cJSON_AddNumberToObject(document, "version", 1);
	cJSON_AddBoolToObject(document, "installed", view.is_installed);
	cJSON_AddItemToObject(document, "daemon", describe_daemon(&view));
	cJSON_AddItemToObject(document, "no_isolation",
			      why_not != NULL ? cJSON_CreateString(why_not) : cJSON_CreateNull());
	cJSON_AddItemToObject(document, "claims", array);
	for (size_t i = 0; i < claims.count; i++)
		cJSON_AddItemToArray(array, describe_claim(host, &claims.items[i], &inhibitors, &profiles));
	cJSON_AddItemToObject(document, "units", describe_units(host, &machine));
	status_tuning_add(document, host->root);
	claims_free(&claims);
	free_inhibitors(&inhibitors);
	profiles_free(&profiles);
	daemon_free(&view);
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
