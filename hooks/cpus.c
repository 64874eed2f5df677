/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/cpus.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

#include "hooks/records.h"
#include "lib/file.h"
#include "lib/log.h"
#include "lib/paths.h"
#include "lib/sysfs.h"
#include "lib/util.h"

/* How soon the kernel is asked again whether it has done what systemd promised, and how seldom at last (ns). */
#define VERIFY_FIRST 500000
#define VERIFY_LAST 8000000

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

void cpus_absent(int root, const struct cpulist *cpus, struct cpulist *ret)
{
	struct cpulist present;

	*ret = (struct cpulist){ 0 };
	if (read_list(root, PATH_CPU "/present", &present) < 0)
		return;
	*ret = *cpus;
	cpulist_remove(ret, &present);
}

void cpus_siblings(int root, const struct cpulist *cpus, struct cpulist *ret_others)
{
	struct cpulist others = { 0 };

	for (unsigned int cpu = cpulist_next(cpus, 0); cpu < CPULIST_MAX; cpu = cpulist_next(cpus, cpu + 1)) {
		cleanup_free char *path = util_format(PATH_CPU "/cpu%u/topology/thread_siblings_list", cpu);
		struct cpulist threads;

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

/* libvirt pins the processors of guests within their slice, so that stays wide. */
static bool holds_guests(const struct claims *claims, const char *unit)
{
	if (streq(unit, DOMAIN_SLICE))
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
	struct timespec interval = { 0, VERIFY_FIRST };

	while (!has_effect(root, unit, wanted, machine)) {
		if (claims_clock() >= deadline)
			return false;
		(void)nanosleep(&interval, NULL);
		if (interval.tv_nsec < VERIFY_LAST)
			interval.tv_nsec *= 2;
	}
	return true;
}

/* --- all units, one step after the other ---------------------------------------------------------------------------
 */

/*
 * Each step is done for all units before the next one: systemd works while it is asked for the others, so that their
 * kernel files are waited for once a step, not once a unit.
 */
struct task {
	char *unit;    /* owned */
	bool restores; /* it gets back what it had */
	struct unit_decision decision;
	bool is_well; /* no step of it has failed */
};

struct work {
	int root;
	const struct cpus_control *control;
	struct isolation_machine machine;
	struct cpulist taken;
	struct unit_records records;
	struct task *tasks; /* owned */
	size_t n_tasks;
	int result; /* of the first thing that went wrong */
};

static void went_wrong(struct work *work, int error)
{
	if (work->result == 0)
		work->result = error;
}

static struct unit_record *record_of(struct work *work, const struct task *task)
{
	struct unit_record *record = records_find(&work->records, task->unit);

	if (record == NULL) {
		record = util_append(&work->records.items, &work->records.count, sizeof(*record));
		record->unit = util_copy(task->unit);
		record->former = task->decision.former;
		record->written = task->decision.former;
	}
	return record;
}

static void set_unit(struct work *work, struct task *task, const struct cpulist *value, int written)
{
	struct unit_record *record = record_of(work, task);
	cleanup_free char *text = NULL;
	int result = written;

	if (result == 0)
		result = work->control->set_allowed(work->control->context, task->unit, value);
	if (result == 0) {
		record->written = *value;
		return;
	}
	text = cpulist_format(value);
	log_warning("%s: cannot set AllowedCPUs to '%s': %s; it was left as it is", task->unit, text,
		    strerror(-result));
	went_wrong(work, result);
	task->is_well = false;
}

/* systemd answers before the kernel was asked, and only logs what the kernel refuses: look at what is in force. */
static void verify_unit(struct work *work, struct task *task, const struct cpulist *wanted)
{
	cleanup_free char *want = NULL, *have = NULL;
	struct cpulist got;

	if (verify(work->root, task->unit, wanted, &work->machine, work->control->patience))
		return;
	cpus_effective(work->root, task->unit, &work->machine, &got);
	want = cpulist_format(wanted);
	have = cpulist_format(&got);
	log_warning("%s: AllowedCPUs was set to '%s', but its tasks may use '%s'; see 'systemctl status %s'",
		    task->unit, want, have, task->unit);
	went_wrong(work, -EIO);
	task->is_well = false;
}

static bool is_to_be_set(const struct task *task, bool empties)
{
	return task->is_well && (task->decision.step == STEP_CLEAR || (task->decision.step == STEP_WRITE && !empties));
}

/*
 * One step: the values of all decisions, or (empties) nothing where there was nothing before. The records are written
 * first: if we are killed behind that, the next call knows that either value may be ours.
 */
static void set_units(struct work *work, bool empties)
{
	static const struct cpulist nothing;
	bool has_any = false;
	int written;

	for (size_t i = 0; i < work->n_tasks; i++) {
		struct task *task = &work->tasks[i];

		if (!is_to_be_set(task, empties))
			continue;
		record_of(work, task)->next = empties ? nothing : task->decision.value;
		has_any = true;
	}
	if (!has_any)
		return;
	written = records_write(work->root, &work->records);
	for (size_t i = 0; i < work->n_tasks; i++)
		if (is_to_be_set(&work->tasks[i], empties))
			set_unit(work, &work->tasks[i], empties ? &nothing : &work->tasks[i].decision.value, written);
	for (size_t i = 0; i < work->n_tasks; i++)
		if (is_to_be_set(&work->tasks[i], empties))
			verify_unit(work, &work->tasks[i], &work->tasks[i].decision.value);
}

static void conclude(struct work *work, const struct task *task)
{
	cleanup_free char *value = cpulist_format(&task->decision.value);

	if (task->decision.step == STEP_CLEAR)
		log_info("%s: may use all CPUs again", task->unit);
	else
		log_info("%s: may use CPUs %s%s", task->unit, value, task->restores ? " again" : "");
	if (task->restores)
		records_drop(&work->records, task->unit);
}

/* What is not to be set. */
static void settle(struct work *work, struct task *task)
{
	const struct unit_record *record = records_find(&work->records, task->unit);

	switch (task->decision.step) {
	case STEP_NONE:
		if (record != NULL)
			verify_unit(work, task, &record->written);
		break;
	case STEP_WRITE:
	case STEP_CLEAR:
		break;
	case STEP_FORGET:
		log_warning("%s: somebody else has changed its AllowedCPUs meanwhile; it was left as it is",
			    task->unit);
		records_drop(&work->records, task->unit);
		break;
	case STEP_FOREIGN:
		log_warning(
			"%s: somebody else has changed its AllowedCPUs; it was left as it is, and its tasks may run on "
			"CPUs of guests",
			task->unit);
		went_wrong(work, -EBUSY);
		break;
	case STEP_NO_ROOM:
		log_warning("%s: its AllowedCPUs are all claimed by guests; it was left as it is", task->unit);
		went_wrong(work, -ENOSPC);
		break;
	}
}

/* taken: what it is not to use; empty: it gets back what it had. */
static void add_task(struct work *work, const char *unit, const struct cpulist *taken)
{
	const struct unit_record *record = records_find(&work->records, unit);
	struct cpulist current;
	struct task *task;
	int result;

	if (record == NULL && cpulist_is_empty(taken))
		return;
	result = work->control->get_allowed(work->control->context, unit, &current);
	if (result == -ENOENT) {
		records_drop(&work->records, unit);
		return;
	}
	if (result < 0) {
		log_warning("%s: cannot ask systemd for its AllowedCPUs: %s; it was left as it is", unit,
			    strerror(-result));
		went_wrong(work, result);
		return;
	}
	task = util_append(&work->tasks, &work->n_tasks, sizeof(*task));
	task->unit = util_copy(unit);
	task->restores = cpulist_is_empty(taken);
	task->is_well = true;
	isolation_decide(&work->machine, taken, &current, record, &task->decision);
}

static void run_tasks(struct work *work)
{
	set_units(work, false);
	set_units(work, true);
	for (size_t i = 0; i < work->n_tasks; i++) {
		struct task *task = &work->tasks[i];

		if (is_to_be_set(task, false))
			conclude(work, task);
		else if (task->is_well)
			settle(work, task);
		free(task->unit);
	}
	free(work->tasks);
}

static bool is_listed(char *const *units, size_t n, const char *unit)
{
	for (size_t i = 0; i < n; i++)
		if (streq(units[i], unit))
			return true;
	return false;
}

/*
 * The units that are there, and those that were: a slice comes back with the setting that it had. One that was confined
 * may hold a guest meanwhile.
 */
static void apply_units(struct work *work, const struct claims *claims)
{
	static const struct cpulist nothing;
	size_t n;
	char **units;

	cpus_list_units(work->root, &units, &n);
	for (size_t i = 0; i < work->records.count; i++) {
		const char *unit = work->records.items[i].unit;

		if (!is_listed(units, n, unit))
			*(char **)util_append(&units, &n, sizeof(char *)) = util_copy(unit);
	}
	for (size_t i = 0; i < n; i++) {
		add_task(work, units[i], holds_guests(claims, units[i]) ? &nothing : &work->taken);
		free(units[i]);
	}
	free(units);
	run_tasks(work);
}

int cpus_apply(int root, const struct claims *claims, const struct cpus_control *control)
{
	struct work work = { .root = root, .control = control };
	const char *why_not;

	for (size_t i = 0; i < claims->count; i++)
		cpulist_add(&work.taken, &claims->items[i].cpus);
	records_read(root, &work.records);
	if (cpulist_is_empty(&work.taken) && work.records.count == 0)
		return 0;
	why_not = cpus_why_not(root);
	work.result = why_not != NULL ? -EOPNOTSUPP : cpus_read_machine(root, &work.machine);
	if (work.result == 0) {
		apply_units(&work, claims);
		(void)records_write(root, &work.records);
	} else {
		log_warning("CPU isolation does not work here: %s; nothing was changed",
			    why_not != NULL ? why_not : strerror(-work.result));
	}
	records_free(&work.records);
	return work.result;
}
