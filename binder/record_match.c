/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the recorded devices are now. */
#include "binder/record.h"

static bool is_kind(const struct record_function *was, const struct device *device)
{
	return was->vendor == device->vendor && was->device == device->device && was->subvendor == device->subvendor &&
	       was->subdevice == device->subdevice;
}

/* Its path aside. A firmware update may change the revision. */
static bool is_identity(const struct record_device *recorded, const struct device *device)
{
	return is_kind(&recorded->was, device) && recorded->class == device->class &&
	       (recorded->serial == NULL || (device->serial != NULL && streq(recorded->serial, device->serial)));
}

static bool is_at(const struct record_function *was, const struct device *device)
{
	return device->path != NULL && streq(was->path, device->path);
}

/* The device in the same place, however buses are numbered now. Mostly the first look is enough. */
static struct device *find_home(const struct record_function *was, struct inventory *inventory, int root)
{
	const struct device *same = inventory_find(inventory, &was->bdf);

	for (size_t i = 0; same != NULL && i == 0; i++) {
		struct device *device = &inventory->devices[same - inventory->devices];

		inventory_identify(device, root, false);
		if (is_at(was, device))
			return device;
	}
	for (size_t i = 0; i < inventory->n_devices; i++) {
		inventory_identify(&inventory->devices[i], root, false);
		if (is_at(was, &inventory->devices[i]))
			return &inventory->devices[i];
	}
	return NULL;
}

/* Is another recorded device known to be this one? */
static bool is_taken(const struct record *record, const struct device *device)
{
	for (size_t i = 0; i < record->n_devices; i++)
		if (record->devices[i].found == device)
			return true;
	return false;
}

/* Was a function of its kind in that place before? Then it is that one, and none that has moved. */
static bool was_there(const struct record *record, const struct device *device)
{
	for (size_t i = 0; i < record->n_functions; i++)
		if (record->functions[i].home == device && is_kind(&record->functions[i], device))
			return true;
	return false;
}

/* May another recorded device that is not found have become this one? */
static bool is_claimed(const struct record *record, const struct record_device *recorded, const struct device *device)
{
	for (size_t i = 0; i < record->n_devices; i++)
		if (&record->devices[i] != recorded && record->devices[i].found == NULL &&
		    is_identity(&record->devices[i], device))
			return true;
	return false;
}

static struct device *find_only(const struct record *record, const struct record_device *recorded,
				struct inventory *inventory, int root)
{
	struct device *only = NULL;

	for (size_t i = 0; i < inventory->n_devices; i++) {
		struct device *device = &inventory->devices[i];

		if (!is_kind(&recorded->was, device) || is_taken(record, device) || was_there(record, device))
			continue;
		inventory_identify(device, root, true);
		if (!is_identity(recorded, device))
			continue;
		if (only != NULL)
			return NULL;
		only = device;
	}
	return only == NULL || is_claimed(record, recorded, only) ? NULL : only;
}

static bool follows(const struct policy *policy, const char *name)
{
	for (size_t i = 0; i < policy->n_rules; i++)
		if (streq(policy->rules[i].name, name))
			return policy->rules[i].follow && !policy->rules[i].is_broken;
	return false;
}

/* Those in their places first: what is known to be one device is no candidate for another. */
void record_locate(struct record *record, const struct policy *policy, struct inventory *inventory, int root)
{
	for (size_t i = 0; i < record->n_functions; i++)
		record->functions[i].home = find_home(&record->functions[i], inventory, root);
	for (size_t i = 0; i < record->n_devices; i++) {
		struct record_device *recorded = &record->devices[i];
		struct device *home = find_home(&recorded->was, inventory, root);

		if (home == NULL)
			continue;
		inventory_identify(home, root, recorded->serial != NULL);
		if (is_identity(recorded, home))
			recorded->found = home;
	}
	for (size_t i = 0; i < record->n_devices; i++) {
		struct record_device *recorded = &record->devices[i];

		/* Any function that cannot be read may be the one, or another that is like it. */
		if (recorded->found == NULL && inventory->n_unread == 0 && record->knows_twins)
			recorded->found = find_only(record, recorded, inventory, root);
		if (recorded->found != NULL && follows(policy, recorded->rule))
			inventory->devices[recorded->found - inventory->devices].is_followed = true;
	}
}

/* Adds it for the function in its place, or else for every one of its kind. Returns whether there is any. */
static bool add_need(const struct record_function *was, const struct need *need, const struct inventory *inventory,
		     struct needs *needs)
{
	struct need item = *need;
	bool found = was->home != NULL && is_kind(was, was->home);

	if (found) {
		item.bdf = was->home->bdf;
		needs_add(needs, &item);
	}
	for (size_t pass = 0; pass < 2 && !found; pass++) {
		for (size_t i = 0; i < inventory->n_devices; i++) {
			const struct device *device = &inventory->devices[i];

			if (!is_kind(was, device) || (pass == 0 && !is_at(was, device)))
				continue;
			item.bdf = device->bdf;
			item.is_guess = pass > 0;
			needs_add(needs, &item);
			found = true;
		}
	}
	return found;
}

void record_add_needs(const struct record *record, const struct inventory *inventory, struct needs *needs)
{
	bool knows_storage = record->knows_storage, knows_keyboards = record->knows_keyboards;
	bool had_keyboards = needs->knows_keyboards;

	for (size_t i = 0; i < record->n_needs; i++) {
		const struct record_need *item = &record->needs[i];

		if (item->need.kind == NEED_KEYBOARD && had_keyboards)
			continue;
		if (item->need.is_elsewhere) {
			needs_add(needs, &item->need);
		} else if (!add_need(&record->functions[item->function], &item->need, inventory, needs)) {
			/* Where it is now nobody knows. */
			knows_storage &= item->need.kind != NEED_STORAGE;
			knows_keyboards &= item->need.kind != NEED_KEYBOARD;
		}
	}
	needs->knows_storage |= knows_storage;
	needs->knows_keyboards |= knows_keyboards;
	needs_sort(needs);
}

enum recorded record_check(const struct record *record, const struct rule *rule, const struct device *device,
			   const struct record_device **ret_was)
{
	*ret_was = NULL;
	for (size_t i = 0; i < record->n_devices; i++) {
		const struct record_device *recorded = &record->devices[i];

		if (!streq(recorded->rule, rule->name))
			continue;
		if (recorded->found == device && (rule->follow || is_at(&recorded->was, device)))
			return RECORDED_SAME;
		if (*ret_was == NULL || is_at(&recorded->was, device) ||
		    (bdf_compare(&recorded->was.bdf, &device->bdf) == 0 && !is_at(&(*ret_was)->was, device)))
			*ret_was = recorded;
	}
	return *ret_was != NULL || (record->is_unread && !rule->is_request) ? RECORDED_OTHER : RECORDED_NOT;
}

const struct record_device *record_followed(const struct record *record, const struct rule *rule,
					    const struct device *device)
{
	for (size_t i = 0; i < record->n_devices && rule->follow; i++)
		if (record->devices[i].found == device && streq(record->devices[i].rule, rule->name))
			return &record->devices[i];
	return NULL;
}

bool record_has_left(const struct record *record, const struct rule *rule, const struct bdf *bdf, const char *path)
{
	for (size_t i = 0; i < record->n_devices && rule->follow; i++) {
		const struct record_device *recorded = &record->devices[i];

		if (recorded->found == NULL || !streq(recorded->rule, rule->name))
			continue;
		if (bdf != NULL && bdf_compare(&recorded->was.bdf, bdf) == 0 &&
		    bdf_compare(&recorded->found->bdf, bdf) != 0)
			return true;
		if (path != NULL && streq(recorded->was.path, path) && !is_at(&recorded->was, recorded->found))
			return true;
	}
	return false;
}
