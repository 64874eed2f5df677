/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "binder/release.h"

#include <cjson/cJSON.h>
#include <errno.h>

#include "binder/apply_internal.h"
#include "binder/store.h"
#include "lib/child.h"
#include "lib/paths.h"

static void read_driver(const struct apply *apply, const struct apply_item *item, char driver[static SYSFS_NAME_SIZE])
{
	inventory_read_driver(apply->kernel->root, item->entry->device->address, driver);
}

static const char *text_of(const cJSON *object, const char *key)
{
	const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));

	return text != NULL ? text : "";
}

/* What it was before the first change counts, until it is so again. */
static void load_change(struct prepared *prepared, const char *before, const char *now)
{
	if (!prepared->is_changed)
		prepared->is_changed = util_copy_fixed(prepared->before, sizeof(prepared->before), before);
	prepared->is_changed &= !streq(prepared->before, now);
}

static void load_run(struct apply *apply, const cJSON *run)
{
	const cJSON *device, *change;

	cJSON_ArrayForEach(device, cJSON_GetObjectItemCaseSensitive(run, "devices"))
	{
		struct apply_item *item = apply_find_item(apply, text_of(device, "address"));

		cJSON_ArrayForEach(change, cJSON_GetObjectItemCaseSensitive(device, "prepared"))
		{
			enum prepare_step step = prepare_find(text_of(change, "attribute"));

			if (item != NULL && step != PREPARE_STEPS)
				load_change(&item->prepared[step], text_of(change, "before"), text_of(change, "now"));
		}
	}
}

void release_load(struct apply *apply)
{
	cJSON *first = store_read(apply->kernel->root);
	const cJSON *run;

	load_run(apply, first);
	cJSON_ArrayForEach(run, cJSON_GetObjectItemCaseSensitive(first, "runs")) load_run(apply, run);
	cJSON_Delete(first);
}

/* The kernel knew no driver for it: it may never have been loaded, because the device was ours from the start. */
static void load_native(struct apply *apply, struct apply_item *item)
{
	char alias[INVENTORY_ALIAS_SIZE], driver[SYSFS_NAME_SIZE];

	read_driver(apply, item, driver);
	if (item->is_stuck || driver[0] != '\0')
		return;
	inventory_format_alias(item->entry->device, "pci", alias);
	item->error = apply->kernel->load(apply->kernel->context, alias);
	read_driver(apply, item, driver);
	for (int i = 0; i < 2 && driver[0] == '\0'; i++) {
		int result = apply->kernel->write(apply->kernel->context, PATH_PROBE, item->entry->device->address, 0);

		/* A probe that says OK and leaves no driver: there was none that wanted it. */
		if (result < 0)
			item->error = result;
		read_driver(apply, item, driver);
	}
}

void release_run(struct apply *apply)
{
	for (size_t i = 0; i < apply->n_items; i++) {
		/* Nothing is begun that could not be seen to its end. */
		if (child_now() >= apply->deadline)
			return;
		apply_give_back(apply, &apply->items[i]);
		load_native(apply, &apply->items[i]);
	}
}

void release_finish(struct apply *apply)
{
	for (size_t i = 0; i < apply->n_items; i++)
		load_native(apply, &apply->items[i]);
}

static const char *explain_driverless(int error)
{
	switch (-error) {
	case 0:
		return "its own driver did not take it; the kernel log says why";
	case ECANCELED:
		return "modprobe.d blacklists its own driver";
	default:
		return strerror(-error);
	}
}

/* A virtual function whose physical one was told that no driver shall be probed for it. */
static bool is_kept_free(const struct apply *apply, const struct apply_item *item)
{
	cleanup_free char *path = util_format(PATH_DEVICES "/%s/physfn/sriov_drivers_autoprobe",
					      item->entry->device->address);
	char text[8];

	return sysfs_read(apply->kernel->root, path, text, sizeof(text)) == 0 && streq(text, "0");
}

static char *say(const struct apply *apply, const struct apply_item *item, const char *driver,
		 enum verdict *ret_verdict, enum reason *ret_reason)
{
	*ret_verdict = VERDICT_FAIL;
	*ret_reason = REASON_UNBIND;
	if (item->is_stuck) {
		*ret_reason = REASON_STUCK;
		return util_format(
			"%s did not let go of it (something may have it open); it is not touched again until "
			"the next boot; %s is still busy with it",
			item->entry->driver, item->entry->driver);
	}
	if (streq(driver, item->entry->driver))
		return util_format("cannot take it from %s: %s; %s holds it", driver,
				   item->has_override ? "its override could not be cleared, or the deadline passed "
							"before its turn (only root may write to /sys)"
						      : strerror(item->error != 0 ? -item->error : ETIMEDOUT),
				   driver);
	if (driver[0] == '\0' && is_kept_free(apply, item)) {
		*ret_verdict = VERDICT_RELEASE;
		*ret_reason = REASON_NONE;
		return util_copy(
			"given back, and sriov_drivers_autoprobe keeps its own driver away; no driver holds it");
	}
	if (driver[0] == '\0' && item->error != -ENOENT) {
		*ret_reason = REASON_PROBE;
		return util_format("taken from %s, but %s; no driver holds it", item->entry->driver,
				   explain_driverless(item->error));
	}
	*ret_verdict = VERDICT_RELEASE;
	*ret_reason = REASON_NONE;
	if (driver[0] == '\0')
		return util_copy("given back, but this kernel has no driver for it; no driver holds it");
	return util_format("given back; %s holds it", driver);
}

static void conclude(struct apply_item *item, const struct apply *apply)
{
	struct plan_entry *entry = item->entry;
	const struct rule *again = entry->next_boot;
	char driver[SYSFS_NAME_SIZE];
	cleanup_free char *text = NULL, *remark = NULL, *reset = apply_say_reset(apply, item);

	read_driver(apply, item, driver);
	if (!inventory_has(apply->kernel->root, entry->device->address)) {
		entry->verdict = VERDICT_FAIL;
		entry->reason = REASON_UNBIND;
		text = util_copy("it was removed meanwhile (No such device); nothing holds it");
	} else {
		text = say(apply, item, driver, &entry->verdict, &entry->reason);
	}
	if (again != NULL && entry->verdict == VERDICT_RELEASE)
		remark = util_format("rule '%s' (%s) takes it again at the next boot; ", again->name, again->where);
	apply_keep_changes(apply, item);
	free(entry->message);
	entry->message = util_format("%s%s%s%s", remark != NULL ? remark : "", reset[0] != '\0' ? reset + 2 : "",
				     reset[0] != '\0' ? "; " : "", text);
}

void release_conclude(struct apply *apply)
{
	for (size_t i = 0; i < apply->n_items; i++)
		conclude(&apply->items[i], apply);
}
