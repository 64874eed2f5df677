/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/cpus.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

#include "lib/file.h"
#include "lib/log.h"
#include "lib/paths.h"
#include "lib/sysfs.h"
#include "lib/util.h"

/* Where guests are unless their partition says otherwise; libvirt pins their processors in it, so it stays wide. */
#define MACHINE_SLICE "machine.slice"

/* How often the kernel is asked whether it has done what systemd promised (ns). */
#define VERIFY_INTERVAL 5000000

static int read_list(int root, const char *path, struct cpulist *ret)
{
	char text[SYSFS_VALUE_SIZE];
	int result = sysfs_read(root, path, text, sizeof(text));

	if (result < 0)
		return result;
	return cpulist_parse(text, ret) ? 0 : -EINVAL;
}

int cpus_read_machine(int root, struct isolation_machine *ret)
{
	int result = read_list(root, PATH_CPU "/possible", &ret->possible);

	return result < 0 ? result : read_list(root, PATH_CPU "/online", &ret->online);
}

void cpus_siblings(int root, const struct cpulist *cpus, struct cpulist *ret_others)
{
	struct cpulist others = { 0 };

	for (unsigned int cpu = 0; cpu < CPULIST_MAX; cpu++) {
		cleanup_free char *path = NULL;
		struct cpulist threads;

		if (!cpulist_has(cpus, cpu))
			continue;
		path = util_format(PATH_CPU "/cpu%u/topology/thread_siblings_list", cpu);
		if (read_list(root, path, &threads) == 0)
			cpulist_add(&others, &threads);
	}
	cpulist_remove(&others, cpus);
	*ret_others = others;
}

const char *cpus_why_not(int root)
{
	char text[SYSFS_VALUE_SIZE];
	char *rest = text, *word;

	if (sysfs_read(root, PATH_CGROUP "/cgroup.controllers", text, sizeof(text)) < 0)
		return "this host has no unified cgroup hierarchy (cgroup v2)";
	while ((word = strsep(&rest, " ")) != NULL)
		if (streq(word, "cpuset"))
			return NULL;
	return "the kernel's cpuset controller is not available";
}

void cpus_effective(int root, const char *unit, const struct isolation_machine *machine, struct cpulist *ret)
{
	cleanup_free char *path = util_format(PATH_CGROUP "/%s/cpuset.cpus.effective", unit);

	/* Without the controller it is as free as the root. systemd switches it off where nobody needs it. */
	if (read_list(root, path, ret) < 0)
		*ret = machine->online;
}

/* Units of other types directly below the root slice (mounts, swaps) have no tasks that last. */
static bool holds_tasks(const char *name)
{
	return ends_with(name, ".slice") || ends_with(name, ".scope") || ends_with(name, ".service");
}

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void cpus_list_units(int root, char ***ret_units, size_t *ret_n)
{
	/* A user may log in later: its slice is confined before it exists. */
	static const char *const always[] = { "init.scope", "system.slice", "user.slice" };
	DIR *directory = file_open_directory(root, PATH_CGROUP);
	const struct dirent *entry;

	*ret_units = NULL;
	*ret_n = 0;
	for (size_t i = 0; i < ARRAY_SIZE(always); i++)
		*(char **)util_append(ret_units, ret_n, sizeof(char *)) = util_copy(always[i]);
	while (directory != NULL && (entry = readdir(directory)) != NULL)
		if (holds_tasks(entry->d_name) && !streq(entry->d_name, always[0]) &&
		    !streq(entry->d_name, always[1]) && !streq(entry->d_name, always[2]))
			*(char **)util_append(ret_units, ret_n, sizeof(char *)) = util_copy(entry->d_name);
	if (directory != NULL)
		closedir(directory);
	qsort(*ret_units, *ret_n, sizeof(char *), by_bytes);
}

static bool holds_guests(const struct claims *claims, const char *unit)
{
	if (streq(unit, MACHINE_SLICE))
		return true;
	for (size_t i = 0; i < claims->count; i++)
		if (streq(claims->items[i].slice, unit))
			return true;
	return false;
}

static bool has_effect(int root, const char *unit, const struct cpulist *wanted,
		       const struct isolation_machine *machine)
{
	cleanup_free char *path = util_format(PATH_CGROUP "/%s", unit);
	struct cpulist got, all = *wanted;

	if (!sysfs_exists(root, path))
		return true; /* it has no task yet, and gets the setting with the first one */
	cpus_effective(root, unit, machine, &got);
	cpulist_keep(&all, &machine->online);
	return cpulist_equal(&got, &all);
}

static bool verify(int root, const char *unit, const struct cpulist *wanted, const struct isolation_machine *machine,
		   unsigned int patience)
{
	uint64_t deadline = claims_clock() + patience;
	const struct timespec interval = { 0, VERIFY_INTERVAL };

	while (!has_effect(root, unit, wanted, machine)) {
		if (claims_clock() >= deadline)
			return false;
		(void)nanosleep(&interval, NULL);
	}
	return true;
}

/* --- what was there before -------------------------------------------------------------------------------------- */

#define HEADER "vfiokit-cpus 1"
#define RECORDS_MAX (1024 * 1024)

static bool take_list(char **line, struct cpulist *ret)
{
	char *word = strsep(line, " ");

	return word != NULL && word[0] != '\0' && cpulist_parse(streq(word, "-") ? "" : word, ret);
}

bool cpus_parse_records(struct unit_records *records, const char *text, size_t length)
{
	cleanup_free char *copy = util_copy(text);
	char *rest = copy, *line = strsep(&rest, "\n");

	*records = (struct unit_records){ 0 };
	if (strlen(text) != length || !streq(line, HEADER))
		return false;
	while ((line = strsep(&rest, "\n")) != NULL && line[0] != '\0') {
		char *unit = strsep(&line, " ");
		struct unit_record record = { 0 };

		if (unit[0] == '\0' || unit[0] == '.' || strchr(unit, '/') != NULL ||
		    !take_list(&line, &record.former) || !take_list(&line, &record.written) ||
		    !take_list(&line, &record.next) || line != NULL) {
			cpus_free_records(records);
			return false;
		}
		record.unit = util_copy(unit);
		*(struct unit_record *)util_append(&records->items, &records->count, sizeof(record)) = record;
	}
	return true;
}

static void add_list(char **text, const struct cpulist *list, const char *end)
{
	cleanup_free char *cpus = cpulist_format(list);
	char *longer = util_format("%s%s%s", *text, cpus[0] != '\0' ? cpus : "-", end);

	free(*text);
	*text = longer;
}

char *cpus_format_records(const struct unit_records *records)
{
	char *text = util_copy(HEADER "\n");

	for (size_t i = 0; i < records->count; i++) {
		char *longer = util_format("%s%s ", text, records->items[i].unit);

		free(text);
		text = longer;
		add_list(&text, &records->items[i].former, " ");
		add_list(&text, &records->items[i].written, " ");
		add_list(&text, &records->items[i].next, "\n");
	}
	return text;
}

void cpus_read_records(int root, struct unit_records *ret)
{
	cleanup_free char *text = NULL;
	size_t length = 0;

	*ret = (struct unit_records){ 0 };
	if (file_read(root, PATH_CPUS, RECORDS_MAX, &text, &length) == 0)
		(void)cpus_parse_records(ret, text, length);
}

void cpus_free_records(struct unit_records *records)
{
	for (size_t i = 0; i < records->count; i++)
		free(records->items[i].unit);
	free(records->items);
	*records = (struct unit_records){ 0 };
}

static struct unit_record *find_record(const struct unit_records *records, const char *unit)
{
	for (size_t i = 0; i < records->count; i++)
		if (streq(records->items[i].unit, unit))
			return &records->items[i];
	return NULL;
}

static void drop_record(struct unit_records *records, const char *unit)
{
	struct unit_record *record = find_record(records, unit);

	if (record == NULL)
		return;
	free(record->unit);
	*record = records->items[records->count - 1];
	records->count--;
}

static int write_records(int root, const struct unit_records *records)
{
	cleanup_free char *text = cpus_format_records(records);

	if (records->count == 0)
		return file_remove(root, PATH_CPUS, 0);
	return file_write(root, PATH_CPUS, text, strlen(text));
}

/* --- one unit after the other ----------------------------------------------------------------------------------- */

struct work {
	int root;
	const struct cpus_control *control;
	struct isolation_machine machine;
	struct cpulist taken;
	struct unit_records records;
	int result; /* of the first thing that went wrong */
};

static void went_wrong(struct work *work, int error)
{
	if (work->result == 0)
		work->result = error;
}

/* The record is written first: if we are killed behind that, the next call knows that either value may be ours. */
static bool set_unit(struct work *work, const char *unit, const struct cpulist *former, const struct cpulist *value)
{
	struct unit_record *record = find_record(&work->records, unit);
	cleanup_free char *text = cpulist_format(value);
	int result;

	if (record == NULL) {
		record = util_append(&work->records.items, &work->records.count, sizeof(*record));
		record->unit = util_copy(unit);
		record->former = *former;
		record->written = *former;
	}
	record->next = *value;
	result = write_records(work->root, &work->records);
	if (result == 0)
		result = work->control->set_allowed(work->control->context, unit, value);
	if (result < 0) {
		log_warning("%s: cannot set AllowedCPUs to '%s': %s; it was left as it is", unit, text,
			    strerror(-result));
		went_wrong(work, result);
		return false;
	}
	record->written = *value;
	return true;
}

/* systemd answers before the kernel was asked, and only logs what the kernel refuses: look at what is in force. */
static bool verify_unit(struct work *work, const char *unit, const struct cpulist *wanted)
{
	cleanup_free char *want = cpulist_format(wanted), *have = NULL;
	struct cpulist got;

	if (verify(work->root, unit, wanted, &work->machine, work->control->patience))
		return true;
	cpus_effective(work->root, unit, &work->machine, &got);
	have = cpulist_format(&got);
	log_warning("%s: AllowedCPUs was set to '%s', but its tasks may use '%s'; see 'systemctl status %s'", unit,
		    want, have, unit);
	went_wrong(work, -EIO);
	return false;
}

static void clear_unit(struct work *work, const char *unit, const struct unit_decision *decision)
{
	static const struct cpulist nothing;

	if (!set_unit(work, unit, &decision->former, &decision->value) || !verify_unit(work, unit, &decision->value) ||
	    !set_unit(work, unit, &decision->former, &nothing) || !verify_unit(work, unit, &decision->value))
		return;
	drop_record(&work->records, unit);
	log_info("%s: may use all CPUs again", unit);
}

static void write_unit(struct work *work, const char *unit, const struct unit_decision *decision)
{
	cleanup_free char *value = cpulist_format(&decision->value);

	if (!set_unit(work, unit, &decision->former, &decision->value) || !verify_unit(work, unit, &decision->value))
		return;
	if (cpulist_is_empty(&work->taken))
		drop_record(&work->records, unit);
	log_info("%s: may use CPUs %s%s", unit, value, cpulist_is_empty(&work->taken) ? " again" : "");
}

static void apply_unit(struct work *work, const char *unit)
{
	const struct unit_record *record = find_record(&work->records, unit);
	struct unit_decision decision;
	struct cpulist current;
	int result;

	if (record == NULL && cpulist_is_empty(&work->taken))
		return;
	result = work->control->get_allowed(work->control->context, unit, &current);
	if (result == -ENOENT) {
		drop_record(&work->records, unit);
		return;
	}
	if (result < 0) {
		log_warning("%s: cannot ask systemd for its AllowedCPUs: %s; it was left as it is", unit,
			    strerror(-result));
		went_wrong(work, result);
		return;
	}
	isolation_decide(&work->machine, &work->taken, &current, record, &decision);
	switch (decision.step) {
	case STEP_NONE:
		if (record != NULL)
			(void)verify_unit(work, unit, &record->written);
		break;
	case STEP_WRITE:
		write_unit(work, unit, &decision);
		break;
	case STEP_CLEAR:
		clear_unit(work, unit, &decision);
		break;
	case STEP_FORGET:
		log_warning("%s: somebody else has changed its AllowedCPUs meanwhile; it was left as it is", unit);
		drop_record(&work->records, unit);
		break;
	case STEP_FOREIGN:
		log_warning(
			"%s: somebody else has changed its AllowedCPUs; it was left as it is, and its tasks may run on "
			"CPUs of guests",
			unit);
		went_wrong(work, -EBUSY);
		break;
	case STEP_NO_ROOM:
		log_warning("%s: its AllowedCPUs are all claimed by guests; it was left as it is", unit);
		went_wrong(work, -ENOSPC);
		break;
	}
}

static bool is_listed(char *const *units, size_t n, const char *unit)
{
	for (size_t i = 0; i < n; i++)
		if (streq(units[i], unit))
			return true;
	return false;
}

/* The units that are there, and those that were: a slice comes back with the setting that it had. */
static void apply_units(struct work *work, const struct claims *claims)
{
	size_t n;
	char **units;

	cpus_list_units(work->root, &units, &n);
	for (size_t i = 0; i < work->records.count; i++) {
		const char *unit = work->records.items[i].unit;

		if (!is_listed(units, n, unit))
			*(char **)util_append(&units, &n, sizeof(char *)) = util_copy(unit);
	}
	for (size_t i = 0; i < n; i++) {
		if (!holds_guests(claims, units[i]))
			apply_unit(work, units[i]);
		free(units[i]);
	}
	free(units);
}

int cpus_apply(int root, const struct claims *claims, const struct cpus_control *control)
{
	struct work work = { .root = root, .control = control };
	const char *why_not;

	for (size_t i = 0; i < claims->count; i++)
		cpulist_add(&work.taken, &claims->items[i].cpus);
	cpus_read_records(root, &work.records);
	if (cpulist_is_empty(&work.taken) && work.records.count == 0)
		return 0;
	why_not = cpus_why_not(root);
	work.result = why_not != NULL ? -EOPNOTSUPP : cpus_read_machine(root, &work.machine);
	if (work.result == 0) {
		apply_units(&work, claims);
		(void)write_records(root, &work.records);
	} else {
		log_warning("CPU isolation does not work here: %s; nothing was changed",
			    why_not != NULL ? why_not : strerror(-work.result));
	}
	cpus_free_records(&work.records);
	return work.result;
}
