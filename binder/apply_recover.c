/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a second process does when the one that applied the plan died: it goes on from the journal. */
#include <errno.h>
#include <stdio.h>

#include "binder/apply_internal.h"

struct apply_item *apply_find_item(struct apply *apply, const char *address)
{
	for (size_t i = 0; i < apply->n_items; i++)
		if (streq(apply->items[i].entry->device->address, address))
			return &apply->items[i];
	return NULL;
}

/* "reset_method flr bus" */
static void take_value(struct apply_item *item, const char *text)
{
	const char *value = strchr(text, ' ');
	char attribute[SYSFS_NAME_SIZE];
	enum prepare_step step;

	if (value == NULL)
		return;
	snprintf(attribute, sizeof(attribute), "%.*s", (int)(value - text), text);
	step = prepare_find(attribute);
	if (step == PREPARE_STEPS)
		return;
	item->prepared[step].is_changed = true;
	(void)util_copy_fixed(item->prepared[step].before, sizeof(item->prepared[step].before), value + 1);
}

static void take_event(void *context, const struct journal_entry *entry)
{
	struct apply *apply = context;
	struct apply_item *item = apply_find_item(apply, entry->address);

	if (item == NULL) {
		apply->lacks_type1 |= streq(entry->address, MODULE_TYPE1);
		return;
	}
	item->is_begun = entry->event == JOURNAL_UNBIND || entry->event == JOURNAL_BIND ||
			 entry->event == JOURNAL_PREPARE || entry->event == JOURNAL_RESET;
	switch (entry->event) {
	case JOURNAL_OVERRIDE:
		item->has_override = true;
		break;
	case JOURNAL_CLEARED:
		item->has_override = false;
		break;
	case JOURNAL_UNBIND:
		item->is_in_bind = false;
		(void)util_copy_fixed(item->holder, sizeof(item->holder), entry->driver);
		break;
	case JOURNAL_UNBOUND:
		break;
	case JOURNAL_PREPARE:
	case JOURNAL_RESET:
		item->is_in_bind = false;
		item->holder[0] = '\0';
		take_value(item, entry->driver);
		break;
	case JOURNAL_BIND:
		item->is_in_bind = true;
		break;
	case JOURNAL_DONE:
		item->is_done = true;
		break;
	case JOURNAL_STUCK:
		item->is_stuck = true;
		item->is_failed = true;
		break;
	case JOURNAL_FAIL:
		item->is_failed = true;
		item->is_done = false;
		break;
	case JOURNAL_UNDONE:
		item->is_undone = true;
		break;
	}
	if (entry->event == JOURNAL_STUCK || entry->event == JOURNAL_FAIL) {
		item->reason = entry->reason;
		item->error = entry->error;
	}
}

static void rewind_device(void *context, const struct journal_entry *entry)
{
	const struct inventory *inventory = context;

	if (entry->event != JOURNAL_OVERRIDE)
		return;
	for (size_t i = 0; i < inventory->n_devices; i++) {
		struct device *device = &inventory->devices[i];

		if (!streq(device->address, entry->address))
			continue;
		free(device->driver);
		device->driver = util_copy(entry->driver);
		device->is_taken = true;
	}
}

void apply_rewind(struct inventory *inventory, const struct journal *journal)
{
	journal_read(journal, rewind_device, inventory);
}

void apply_load_journal(struct apply *apply)
{
	journal_read(apply->journal, take_event, apply);
	for (size_t i = 0; i < apply->n_items; i++)
		(void)inventory_find_driver(apply->kernel->root, apply->items[i].entry->driver);
}

/*
 * First what the dead process hung on is marked, so that nobody touches it on behalf of its group, and all overrides of
 * unfinished devices go, so that their drivers can have them; the rest may take time that is not there.
 */
void apply_recover(struct apply *apply)
{
	apply->guards_all = true;
	for (size_t i = 0; i < apply->n_items; i++) {
		struct apply_item *item = &apply->items[i];

		if (item->is_begun && item->is_in_bind && apply_has_target(apply, item)) {
			item->is_done = true; /* it was only slow */
			apply_note(apply, item, JOURNAL_DONE);
		} else if (item->is_begun) {
			apply_set_stuck(apply, item);
		}
	}
	for (size_t i = 0; i < apply->n_items; i++)
		if (!apply->items[i].is_done && !apply->items[i].is_stuck)
			apply_clear_override(apply, &apply->items[i]);
	for (size_t i = 0; i < apply->n_items; i++) {
		struct apply_item *item = &apply->items[i];

		if (item->is_failed)
			apply_fail(apply, item, item->reason, item->error);
		else if (!item->is_done)
			apply_fail(apply, item, REASON_PROBE, -ETIMEDOUT);
	}
	apply_release_framebuffer(apply);
}
