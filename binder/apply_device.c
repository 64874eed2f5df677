/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sets on a device what its rule wants before the bind, and sets it back. */
#include <errno.h>
#include <stdio.h>

#include "binder/apply_internal.h"
#include "lib/child.h"
#include "lib/paths.h"

#define PATH_SIZE 128

/* Setting d3cold_allowed wakes the device, and resizing a BAR moves others: that may take time (milliseconds). */
#define WRITE_TIMEOUT 3000
/* What is left for setting back when the time is over: the former value is worth a moment. */
#define RESET_TIMEOUT 250

static void note(const struct apply *apply, const struct apply_item *item, enum journal_event event,
		 const char *attribute, const char *before)
{
	char text[SYSFS_NAME_SIZE];
	const struct journal_entry entry = { event, item->entry->device->address, item->reason, 0, text };

	snprintf(text, sizeof(text), "%s %s", attribute, before);
	journal_write(apply->journal, &entry);
}

/* Returns -ETIMEDOUT if the write did not come back. */
static int write_value(const struct apply *apply, const struct apply_item *item, enum prepare_step step,
		       const char *value, uint64_t limit)
{
	char path[PATH_SIZE];
	int result;

	snprintf(path, sizeof(path), PATH_DEVICES "/%s/%s", item->entry->device->address, prepare_attribute(step));
	result = apply->kernel->write(apply->kernel->context, path, value, limit);
	if (result != -ETIMEDOUT)
		apply_note(apply, item, JOURNAL_UNBOUND);
	return result;
}

/* Who hangs now is the kernel itself, whichever driver the device was taken from. */
static void begin(struct apply_item *item)
{
	item->is_in_bind = false;
	item->holder[0] = '\0';
}

static int set_value(struct apply *apply, struct apply_item *item, enum prepare_step step, const char *value)
{
	struct prepared *prepared = &item->prepared[step];
	uint64_t limit = child_now() + WRITE_TIMEOUT;
	int result = prepare_read(apply->kernel->root, item->entry->device->address, step, prepared->before);

	if (result < 0 || streq(prepared->before, value))
		return result;
	/* What cannot be seen to its end is not begun. */
	if (child_now() >= apply->deadline)
		return -ETIME;
	if (!prepare_offers(apply->kernel->root, item->entry->device->address, step, value))
		return -EINVAL;
	begin(item);
	prepared->is_changed = true;
	note(apply, item, JOURNAL_PREPARE, prepare_attribute(step), prepared->before);
	return write_value(apply, item, step, value, limit < apply->deadline ? limit : apply->deadline);
}

int apply_set_device(struct apply *apply, struct apply_item *item)
{
	char value[PREPARE_VALUE_SIZE];

	for (int step = 0; step < PREPARE_STEPS; step++) {
		if (!prepare_wants(&item->entry->rule->preparation, (enum prepare_step)step, value))
			continue;
		item->prepared[step].error = set_value(apply, item, (enum prepare_step)step, value);
		if (item->prepared[step].error == -ETIMEDOUT)
			return -ETIMEDOUT;
	}
	return 0;
}

/* Tried twice: what is left behind outlives us. */
static int reset_value(struct apply *apply, struct apply_item *item, enum prepare_step step)
{
	struct prepared *prepared = &item->prepared[step];
	char value[PREPARE_VALUE_SIZE];

	for (int i = 0; i < 2; i++) {
		uint64_t now = child_now(), limit = now + WRITE_TIMEOUT;

		if (prepare_read(apply->kernel->root, item->entry->device->address, step, value) < 0 ||
		    streq(value, prepared->before))
			return 0;
		if (limit > apply->deadline)
			limit = apply->deadline > now + RESET_TIMEOUT ? apply->deadline : now + RESET_TIMEOUT;
		begin(item);
		note(apply, item, JOURNAL_RESET, prepare_attribute(step), prepared->before);
		if (write_value(apply, item, step, prepared->before, limit) == -ETIMEDOUT)
			return -ETIMEDOUT;
	}
	return 0;
}

int apply_reset_device(struct apply *apply, struct apply_item *item)
{
	for (int step = PREPARE_STEPS - 1; step >= 0; step--)
		if (item->prepared[step].is_changed && reset_value(apply, item, (enum prepare_step)step) == -ETIMEDOUT)
			return -ETIMEDOUT;
	return 0;
}

static char *say_not_offered(const struct apply *apply, const struct apply_item *item, enum prepare_step step)
{
	cleanup_free char *sizes = prepare_sizes(apply->kernel->root, item->entry->device->address, step);

	return util_format("the device does not offer that%s%s", sizes[0] != '\0' ? ", only " : "", sizes);
}

/* Why it is not what the rule wants. */
static char *explain(const struct apply *apply, const struct apply_item *item, enum prepare_step step, int error)
{
	switch (-error) {
	case 0:
		return util_copy("the kernel did not take it");
	case ENOENT:
		return util_copy("the kernel has none for this device");
	case EINVAL:
		return say_not_offered(apply, item, step);
	case ENOSPC:
		return util_copy("there is no room for it below its bridge (No space left on device); a firmware with "
				 "'Above 4G Decoding' may have some");
	case ETIME:
		return util_copy("the deadline passed before its turn");
	default:
		return util_copy(strerror(-error));
	}
}

/* What is not as the rule wants it is said, but not of a device that only its group brought along and that has none. */
static char *warn_of(const struct apply *apply, const struct apply_item *item, enum prepare_step step,
		     const char *wanted, const char *now, int error)
{
	char name[PREPARE_NAME_SIZE], wanted_words[PREPARE_VALUE_SIZE], words[PREPARE_VALUE_SIZE];
	cleanup_free char *why = explain(apply, item, step, error);
	const char *quote = now[0] != '\0' ? "'" : "";

	if (error == -ENOENT && item->entry->match == MATCH_NONE)
		return util_copy("");
	return util_format("; warning: %s is not '%s' but %s%s%s: %s", prepare_name(step, name),
			   prepare_value(step, wanted, wanted_words), quote,
			   now[0] != '\0' ? prepare_value(step, now, words) : "missing", quote, why);
}

static void append(char **text, const char *more)
{
	char *longer = util_format("%s%s", *text, more);

	free(*text);
	*text = longer;
}

char *apply_say_set(const struct apply *apply, const struct apply_item *item)
{
	char *good = util_copy(""), *warnings = util_copy("");
	char wanted[PREPARE_VALUE_SIZE], now[PREPARE_VALUE_SIZE], words[PREPARE_VALUE_SIZE], name[PREPARE_NAME_SIZE];

	for (int i = 0; i < PREPARE_STEPS; i++) {
		enum prepare_step step = (enum prepare_step)i;
		cleanup_free char *more = NULL;
		bool is_right;
		int error;

		if (!prepare_wants(&item->entry->rule->preparation, step, wanted))
			continue;
		error = prepare_read(apply->kernel->root, item->entry->device->address, step, now);
		if (error == 0)
			error = item->prepared[step].error;
		is_right = streq(now, wanted);
		more = is_right ? util_format("%s%s %s", good[0] == '\0' ? " with " : ", ", prepare_name(step, name),
					      prepare_value(step, now, words))
				: warn_of(apply, item, step, wanted, now, error);
		append(is_right ? &good : &warnings, more);
	}
	append(&good, warnings);
	free(warnings);
	return good;
}

char *apply_say_reset(const struct apply *apply, const struct apply_item *item)
{
	char *text = util_copy("");
	char now[PREPARE_VALUE_SIZE], words[PREPARE_VALUE_SIZE], name[PREPARE_NAME_SIZE];

	for (int i = 0; i < PREPARE_STEPS && !item->is_stuck; i++) {
		enum prepare_step step = (enum prepare_step)i;
		cleanup_free char *more = NULL;

		if (!item->prepared[i].is_changed)
			continue;
		if (prepare_read(apply->kernel->root, item->entry->device->address, step, now) < 0)
			now[0] = '\0';
		more = streq(now, item->prepared[i].before)
			       ? util_format("; %s is %s again", prepare_name(step, name),
					     prepare_value(step, now, words))
			       : util_format("; warning: %s could not be set back to '%s'", prepare_name(step, name),
					     prepare_value(step, item->prepared[i].before, words));
		append(&text, more);
	}
	return text;
}

void apply_keep_changes(const struct apply *apply, const struct apply_item *item)
{
	struct plan_entry *entry = item->entry;

	for (int i = 0; i < PREPARE_STEPS; i++) {
		struct prepare_change *change;

		if (!item->prepared[i].is_changed)
			continue;
		change = util_append(&entry->changes, &entry->n_changes, sizeof(*change));
		change->step = (enum prepare_step)i;
		memcpy(change->before, item->prepared[i].before, sizeof(change->before));
		/* Who asks a device that hangs may hang as well. */
		if (item->is_stuck ||
		    prepare_read(apply->kernel->root, entry->device->address, change->step, change->now) < 0)
			change->now[0] = '\0';
	}
}
