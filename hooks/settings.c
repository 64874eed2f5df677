/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/settings.h"

#include <errno.h>

#include "lib/file.h"
#include "lib/log.h"
#include "lib/paths.h"
#include "lib/sysfs.h"
#include "lib/util.h"

#define HEADER "vfiokit-settings 1"
#define RECORDS_MAX (1024 * 1024)

static const char *const formats[] = { [SETTING_IRQ] = "irq", [SETTING_MASK] = "mask", [SETTING_WORD] = "word" };

struct setting *settings_add(struct settings *settings, const char *path, enum setting_format format)
{
	struct setting *setting = util_append(&settings->items, &settings->count, sizeof(*setting));

	setting->path = util_copy(path);
	setting->format = format;
	setting->is_wanted = true;
	return setting;
}

void settings_free(struct settings *settings)
{
	for (size_t i = 0; i < settings->count; i++)
		free(settings->items[i].path);
	free(settings->items);
	*settings = (struct settings){ 0 };
}

/* --- what is remembered ------------------------------------------------------------------------------------------ */

static void free_record(struct setting_record *record)
{
	free(record->path);
	free(record->former);
	free(record->written);
	free(record->next);
}

void settings_free_records(struct setting_records *records)
{
	for (size_t i = 0; i < records->count; i++)
		free_record(&records->items[i]);
	free(records->items);
	*records = (struct setting_records){ 0 };
}

static bool take_format(char **line, enum setting_format *ret)
{
	const char *word = strsep(line, " ");

	for (size_t i = 0; word != NULL && i < ARRAY_SIZE(formats); i++)
		if (streq(word, formats[i])) {
			*ret = (enum setting_format)i;
			return true;
		}
	return false;
}

/* A path below the root, without a way out of it. */
static bool take_path(char **line, char **ret)
{
	const char *word = strsep(line, " ");

	if (word == NULL || word[0] == '\0' || word[0] == '/' || strstr(word, "..") != NULL)
		return false;
	*ret = util_copy(word);
	return true;
}

static bool take_value(char **line, enum setting_format format, char **ret)
{
	const char *word = strsep(line, " ");

	if (word == NULL || word[0] == '\0')
		return false;
	/* As we write it, also what is a mask for the kernel. */
	*ret = setting_parse(format == SETTING_MASK ? SETTING_IRQ : format, word);
	return *ret != NULL;
}

static bool take_record(char *line, struct setting_record *record)
{
	*record = (struct setting_record){ 0 };
	return take_format(&line, &record->format) && take_path(&line, &record->path) &&
	       take_value(&line, record->format, &record->former) &&
	       take_value(&line, record->format, &record->written) &&
	       take_value(&line, record->format, &record->next) && line == NULL;
}

bool settings_parse_records(struct setting_records *records, const char *text, size_t length)
{
	cleanup_free char *copy = util_copy(text);
	char *rest = copy, *line = strsep(&rest, "\n");

	*records = (struct setting_records){ 0 };
	if (strlen(text) != length || !streq(line, HEADER))
		return false;
	while ((line = strsep(&rest, "\n")) != NULL && line[0] != '\0') {
		struct setting_record record;

		if (!take_record(line, &record)) {
			free_record(&record);
			settings_free_records(records);
			return false;
		}
		*(struct setting_record *)util_append(&records->items, &records->count, sizeof(record)) = record;
	}
	return true;
}

char *settings_format_records(const struct setting_records *records)
{
	char *text = util_copy(HEADER "\n");

	for (size_t i = 0; i < records->count; i++) {
		const struct setting_record *record = &records->items[i];
		char *longer = util_format("%s%s %s %s %s %s\n", text, formats[record->format], record->path,
					   record->former, record->written, record->next);

		free(text);
		text = longer;
	}
	return text;
}

void settings_read_records(int root, struct setting_records *ret)
{
	cleanup_free char *text = NULL;
	size_t length = 0;

	*ret = (struct setting_records){ 0 };
	if (file_read(root, PATH_SETTINGS, RECORDS_MAX, &text, &length) == 0)
		(void)settings_parse_records(ret, text, length);
}

static int write_records(int root, const struct setting_records *records)
{
	cleanup_free char *text = settings_format_records(records);

	if (records->count == 0)
		return file_remove(root, PATH_SETTINGS, 0);
	return file_write(root, PATH_SETTINGS, text, strlen(text));
}

struct setting_record *settings_find_record(const struct setting_records *records, const char *path)
{
	for (size_t i = 0; i < records->count; i++)
		if (streq(records->items[i].path, path))
			return &records->items[i];
	return NULL;
}

static void drop_record(struct setting_records *records, const char *path)
{
	for (size_t i = 0; i < records->count; i++)
		if (streq(records->items[i].path, path)) {
			free_record(&records->items[i]);
			records->items[i] = records->items[--records->count];
			return;
		}
}

static void replace(char **field, const char *value)
{
	free(*field);
	*field = util_copy(value);
}

/* --- the kernel -------------------------------------------------------------------------------------------------- */

/*
 * Of unbound work the kernel shows what is in force: what was written last, without the CPUs of isolated partitions.
 * Since Linux 6.8 (fe28f631fa94) it also shows what was written, which is what partitions are taken from, today and
 * tomorrow. What stands there is compared and remembered, so that a partition which comes or goes is nobody's change,
 * and is not given back as if it had been asked for.
 */
static const char *shown_at(int root, const char *path)
{
	return streq(path, PATH_WORKQUEUE_CPUS) && sysfs_exists(root, PATH_WORKQUEUE_REQUESTED)
		       ? PATH_WORKQUEUE_REQUESTED
		       : path;
}

char *settings_read(int root, const char *path, enum setting_format format)
{
	char text[SYSFS_VALUE_SIZE];

	path = shown_at(root, path);
	return sysfs_read(root, path, text, sizeof(text)) == 0 ? setting_parse(format, text) : NULL;
}

bool settings_is_offline(int root, const char *path)
{
	char text[SYSFS_VALUE_SIZE];

	return sysfs_read(root, path, text, sizeof(text)) == -EBUSY;
}

struct task {
	const struct setting *setting;
	struct setting_decision decision;
	char *current; /* owned */
};

struct work {
	int root;
	struct setting_records records;
	struct task *tasks; /* owned */
	size_t n_tasks;
	size_t refused;
	int result; /* of the first thing that went wrong */
};

static void went_wrong(struct work *work, int error)
{
	if (work->result == 0)
		work->result = error;
}

static struct setting_record *add_record(struct work *work, const struct setting *setting, const char *former,
					 const char *current)
{
	struct setting_record *record = util_append(&work->records.items, &work->records.count, sizeof(*record));

	record->path = util_copy(setting->path);
	record->format = setting->format;
	record->former = util_copy(former);
	record->written = util_copy(current);
	record->next = util_copy(current);
	return record;
}

/*
 * All interrupts are remembered, not only those that we move: one that comes later begins with the affinity that we
 * gave to new ones, and will want what it would have had without us.
 */
static void remember_interrupt(struct work *work, const struct setting *setting, const char *current)
{
	const struct setting_record *born = settings_find_record(&work->records, PATH_IRQ_DEFAULT);
	cleanup_free char *former = NULL;

	if (setting->format != SETTING_IRQ || settings_find_record(&work->records, setting->path) != NULL)
		return;
	former = born != NULL ? setting_born(setting, current, born) : util_copy(current);
	(void)add_record(work, setting, former, current);
}

/* What is gone (an interrupt, a processor) needs nothing any more; what is offline comes back as it was. */
static void add_task(struct work *work, const struct setting *setting)
{
	char *current = settings_read(work->root, setting->path, setting->format);
	struct task *task;

	if (current == NULL) {
		if (settings_is_offline(work->root, setting->path))
			return;
		if (sysfs_exists(work->root, setting->path) && setting->format != SETTING_IRQ) {
			log_warning("/%s: cannot be read; it was left as it is", setting->path);
			went_wrong(work, -EIO);
		} else {
			drop_record(&work->records, setting->path);
		}
		return;
	}
	task = util_append(&work->tasks, &work->n_tasks, sizeof(*task));
	task->setting = setting;
	task->current = current;
	remember_interrupt(work, setting, current);
	setting_decide(setting, current, settings_find_record(&work->records, setting->path), &task->decision);
}

/*
 * What we are about to write: if we are killed behind that, the next call knows that either value may be ours. What is
 * there now is, too: it may be from a call that was killed before it could say so.
 */
static void announce(struct work *work, const struct task *task)
{
	struct setting_record *record = settings_find_record(&work->records, task->setting->path);

	if (record == NULL)
		record = add_record(work, task->setting, task->current, task->current);
	replace(&record->written, task->current);
	replace(&record->next, task->decision.value);
}

/*
 * EIO: the kernel manages this interrupt, or none of its kind can be moved (Linux: write_irq_affinity() in
 * kernel/irq/proc.c). One that is gone has no file any more.
 */
static bool may_fail(const struct task *task, int error)
{
	return task->setting->format == SETTING_IRQ && (error == -EIO || error == -EPERM || error == -ENOENT);
}

static void refused(struct work *work, const struct task *task, int error)
{
	const struct setting_record *record = settings_find_record(&work->records, task->setting->path);

	if (!may_fail(task, error)) {
		log_warning("/%s: cannot be set to '%s': %s; it was left as it is", task->setting->path,
			    task->decision.value, strerror(-error));
		went_wrong(work, error);
	} else if (error != -ENOENT && task->setting->is_wanted) {
		work->refused++;
	}
	/* If it never had anything from us, there is nothing to give back. */
	if (may_fail(task, error) || streq(record->written, record->former))
		drop_record(&work->records, task->setting->path);
}

static void write_value(struct work *work, const struct task *task)
{
	cleanup_free char *text = setting_format(task->setting->format, task->decision.value), *now = NULL;
	int result = sysfs_write(work->root, task->setting->path, text);

	if (result < 0) {
		refused(work, task, result);
		return;
	}
	replace(&settings_find_record(&work->records, task->setting->path)->written, task->decision.value);
	now = settings_read(work->root, task->setting->path, task->setting->format);
	if (now == NULL || !streq(now, task->decision.value)) {
		log_warning("/%s: was set to '%s', but the kernel made it '%s'; it was left like that",
			    task->setting->path, task->decision.value, now != NULL ? now : "something else");
		went_wrong(work, -EIO);
	} else if (!task->setting->is_wanted) {
		drop_record(&work->records, task->setting->path);
	}
}

static void settle(struct work *work, const struct task *task)
{
	const char *path = task->setting->path;

	switch (task->decision.step) {
	case SETTING_NONE:
		break;
	case SETTING_WRITE:
		write_value(work, task);
		break;
	case SETTING_DROP:
		drop_record(&work->records, path);
		break;
	case SETTING_FORGET:
		log_warning("/%s: somebody else has changed it meanwhile; it was left as it is", path);
		drop_record(&work->records, path);
		break;
	case SETTING_FOREIGN:
		log_warning("/%s: somebody else has changed it while guests want it otherwise; it was left as it is",
			    path);
		/* An interrupt's number may belong to another device by now: nothing that a start should fail for. */
		if (task->setting->format != SETTING_IRQ)
			went_wrong(work, -EBUSY);
		break;
	}
}

static void run_tasks(struct work *work)
{
	bool has_any = false;
	int written = 0;

	for (size_t i = 0; i < work->n_tasks; i++)
		if (work->tasks[i].decision.step == SETTING_WRITE) {
			announce(work, &work->tasks[i]);
			has_any = true;
		}
	if (has_any)
		written = write_records(work->root, &work->records);
	if (written < 0) {
		log_warning("/" PATH_SETTINGS ": cannot be written: %s; nothing was changed", strerror(-written));
		went_wrong(work, written);
		return;
	}
	for (size_t i = 0; i < work->n_tasks; i++)
		settle(work, &work->tasks[i]);
	(void)write_records(work->root, &work->records);
}

static void add_unwanted_one(const struct setting_record *record, bool is_balanced, struct settings *ret)
{
	struct setting *setting = settings_add(ret, record->path, record->format);

	setting->is_wanted = false;
	setting->is_balanced = is_balanced;
}

/* Those that we remember and nobody wants: as settings that shall be what they were. */
static void add_unwanted(const struct setting_records *records, const struct settings *wanted, struct settings *ret)
{
	for (size_t i = 0; i < records->count; i++) {
		bool is_wanted = false;

		for (size_t k = 0; k < wanted->count && !is_wanted; k++)
			is_wanted = streq(wanted->items[k].path, records->items[i].path);
		if (!is_wanted)
			add_unwanted_one(&records->items[i], wanted->is_balanced, ret);
	}
}

int settings_apply(int root, const struct settings *settings, size_t *ret_refused)
{
	struct work work = { .root = root };
	struct settings unwanted = { 0 };

	settings_read_records(root, &work.records);
	add_unwanted(&work.records, settings, &unwanted);
	for (size_t i = 0; i < settings->count; i++)
		add_task(&work, &settings->items[i]);
	for (size_t i = 0; i < unwanted.count; i++)
		add_task(&work, &unwanted.items[i]);
	if (work.n_tasks > 0 || unwanted.count > 0)
		run_tasks(&work);
	for (size_t i = 0; i < work.n_tasks; i++) {
		free(work.tasks[i].decision.value);
		free(work.tasks[i].current);
	}
	free(work.tasks);
	settings_free(&unwanted);
	settings_free_records(&work.records);
	*ret_refused = work.refused;
	return work.result;
}
