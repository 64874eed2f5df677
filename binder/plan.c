/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which devices the plan is about, and its verdicts. What speaks against a single device is in plan_guards.c,
 * the sentences are in plan_text.c.
 */
#include "binder/plan.h"

#include "binder/plan_guards.h"

static struct plan_entry *add_entry(struct plan *plan, const struct device *device, const struct rule *rule)
{
	struct plan_entry *entry = util_append(&plan->entries, &plan->n_entries, sizeof(*entry));

	entry->device = device;
	entry->rule = rule;
	entry->reason = REASON_NONE;
	return entry;
}

/*
 * What the selectors say, corrected by the record: a device that is not the one that the rule had is another one,
 * however well it fits; the one that it had is followed if the rule says so, and what is in its old place is nothing to
 * the rule then.
 */
static enum match match_rule(const struct plan_input *input, const struct rule *rule, const struct device *device,
			     struct plan_entry *match)
{
	const struct record_device *was;

	match->match = rule->is_broken ? MATCH_NONE : selectors_match(&rule->selectors, device, &match->wrong_key);
	if (rule->is_broken)
		return MATCH_NONE;
	was = device->is_followed ? record_followed(input->record, rule, device) : NULL;
	if (was != NULL) {
		bool is_moved = match->match == MATCH_NONE || match->match == MATCH_OTHER;

		match->was = is_moved || !streq(was->was.path, device->path) ? was : NULL;
		return match->match = is_moved ? MATCH_EXACT : match->match;
	}
	/* A card that boot-vga leaves to the console stays there, whatever was recorded. */
	if (match->match == MATCH_NONE || (device->console && rule->settings.boot_vga != BOOT_VGA_ALLOW) ||
	    record_check(input->record, rule, device, &was) != RECORDED_OTHER)
		return match->match;
	if (record_has_left(input->record, rule, &device->bdf, device->path))
		return match->match = MATCH_NONE;
	if (match->match != MATCH_OTHER)
		match->was = was;
	return match->match = MATCH_OTHER;
}

/* A slot that holds something else wins over any match; else the first rule in order owns the device. */
static void match_device(struct plan *plan, const struct plan_input *input, const struct device *device, bool *found)
{
	const struct policy *policy = input->policy;
	struct plan_entry owner_match = { 0 };
	const struct rule *owner = NULL, *also = NULL;
	enum match owned_by = MATCH_NONE;
	struct plan_entry *entry;

	for (size_t i = 0; i < policy->n_rules; i++) {
		const struct rule *rule = &policy->rules[i];
		struct plan_entry tried = { 0 };
		enum match match = match_rule(input, rule, device, &tried);

		if (match == MATCH_NONE)
			continue;
		/* What the policy says of a device holds for a request, too. */
		if (rule->is_request && owner != NULL)
			continue;
		found[i] = true;
		if (owner == NULL || (match == MATCH_OTHER && owned_by != MATCH_OTHER)) {
			also = owner;
			owner = rule;
			owned_by = match;
			owner_match = tried;
		} else if (also == NULL) {
			also = rule;
		}
	}
	if (owner == NULL)
		return;
	entry = add_entry(plan, device, owner);
	entry->match = owned_by;
	entry->also = also;
	entry->wrong_key = owner_match.wrong_key;
	entry->was = owner_match.was;
}

/* A rule names its slot, but nobody can tell what is in it. Its ids are 0 and fit by chance only. */
static void match_unknown(struct plan *plan, const struct plan_input *input, const struct device *device)
{
	for (size_t i = 0; i < input->policy->n_rules; i++) {
		const struct rule *rule = &input->policy->rules[i];
		struct plan_entry *entry;
		const char *wrong;

		if (rule->is_broken || !selectors_have_slot(&rule->selectors) ||
		    selectors_match(&rule->selectors, device, &wrong) == MATCH_NONE)
			continue;
		entry = add_entry(plan, device, rule);
		entry->match = MATCH_OTHER;
		return;
	}
}

static void add_absent(struct plan *plan, const struct rule *rule, const char *slot, bool is_path)
{
	struct plan_entry *entry = add_entry(plan, NULL, rule);

	entry->reasons = 1u << REASON_ABSENT;
	entry->absent = slot == NULL ? NULL : util_copy(slot);
	entry->absent_is_path = is_path;
}

static bool has_path(const struct inventory *inventory, const char *path)
{
	for (size_t i = 0; i < inventory->n_devices; i++)
		if (streq(inventory->devices[i].path, path))
			return true;
	for (size_t i = 0; i < inventory->n_unread; i++)
		if (streq(inventory->unread[i].path, path))
			return true;
	return false;
}

static void find_absent(struct plan *plan, const struct plan_input *input, const struct rule *rule, bool found)
{
	const struct inventory *inventory = input->inventory;
	const struct selectors *selectors = &rule->selectors;

	for (size_t i = 0; i < selectors->n_addresses; i++) {
		char address[BDF_TEXT_SIZE];

		bdf_format(&selectors->addresses[i], address);
		if (inventory_find(inventory, &selectors->addresses[i]) == NULL &&
		    inventory_find_unknown(inventory, &selectors->addresses[i]) == NULL &&
		    !record_has_left(input->record, rule, &selectors->addresses[i], NULL))
			add_absent(plan, rule, address, false);
	}
	for (size_t i = 0; i < selectors->n_paths; i++)
		if (!has_path(inventory, selectors->paths[i]) &&
		    !record_has_left(input->record, rule, NULL, selectors->paths[i]))
			add_absent(plan, rule, selectors->paths[i], true);
	if (!selectors_have_slot(selectors) && !found)
		add_absent(plan, rule, NULL, false);
}

static void match_all(struct plan *plan, const struct plan_input *input)
{
	const struct inventory *inventory = input->inventory;
	const struct policy *policy = input->policy;
	cleanup_free bool *found = util_alloc(policy->n_rules + 1);

	for (size_t i = 0; i < inventory->n_devices; i++)
		match_device(plan, input, &inventory->devices[i], found);
	for (size_t i = 0; i < inventory->n_unread; i++)
		if (inventory->unread[i].is_unknown)
			match_unknown(plan, input, &inventory->unread[i]);
	for (size_t i = 0; i < policy->n_rules; i++)
		if (!policy->rules[i].is_broken)
			find_absent(plan, input, &policy->rules[i], found[i]);
}

/* The verdict that the reasons give so far. */
static void decide(struct plan_entry *entry)
{
	entry->reason = REASON_NONE;
	entry->verdict = VERDICT_BIND;
	for (int reason = 0; reason < REASON_NONE; reason++) {
		if ((entry->reasons & 1u << reason) == 0)
			continue;
		entry->reason = (enum reason)reason;
		entry->verdict = plan_verdict_of(entry);
		return;
	}
}

static void decide_all(struct plan *plan)
{
	for (size_t i = 0; i < plan->n_entries; i++)
		decide(&plan->entries[i]);
}

/* A device that is left alone on purpose, or is not what the rule means, does not speak for its group. */
static bool pulls_group(const struct plan_entry *entry)
{
	if (entry->device == NULL || entry->rule->settings.group != GROUP_WHOLE ||
	    entry->device->iommu_group == DEVICE_NO_GROUP || entry->verdict == VERDICT_SKIP)
		return false;
	return entry->verdict != VERDICT_REFUSE || (entry->reason != REASON_IDENTITY && entry->reason != REASON_BRIDGE);
}

static void pull_groups(struct plan *plan, const struct plan_input *input)
{
	const struct inventory *inventory = input->inventory;
	cleanup_free const struct rule **puller = util_alloc(inventory_group_count(inventory) *
							     sizeof(const struct rule *));
	cleanup_free bool *listed = util_alloc(inventory->n_devices + 1);

	for (size_t i = 0; i < plan->n_entries; i++) {
		const struct plan_entry *entry = &plan->entries[i];

		if (entry->device == NULL || entry->device->is_unknown)
			continue;
		listed[entry->device - inventory->devices] = true;
		if (pulls_group(entry) &&
		    (puller[entry->device->iommu_group] == NULL || entry->rule < puller[entry->device->iommu_group]))
			puller[entry->device->iommu_group] = entry->rule; /* the first in file order */
	}
	for (size_t i = 0; i < inventory->n_devices; i++) {
		const struct device *device = &inventory->devices[i];

		if (listed[i] || device->iommu_group == DEVICE_NO_GROUP || puller[device->iommu_group] == NULL)
			continue;
		(void)add_entry(plan, device, puller[device->iommu_group]);
	}
}

/* Half a group is of no use to a guest. Bridges stay with the host without harm, and so do console companions. */
static bool spoils_group(const struct plan_entry *entry)
{
	if (entry->device == NULL || entry->device->iommu_group == DEVICE_NO_GROUP || entry->is_companion)
		return false;
	if (entry->verdict == VERDICT_SKIP)
		return entry->reason != REASON_BRIDGE;
	return entry->verdict == VERDICT_REFUSE || entry->verdict == VERDICT_FAIL;
}

static void refuse_half_groups(struct plan *plan, const struct plan_input *input)
{
	cleanup_free bool *spoiled = util_alloc(inventory_group_count(input->inventory));

	for (size_t i = 0; i < plan->n_entries; i++)
		if (spoils_group(&plan->entries[i]))
			spoiled[plan->entries[i].device->iommu_group] = true;
	for (size_t i = 0; i < plan->n_entries; i++) {
		struct plan_entry *entry = &plan->entries[i];

		if (entry->verdict == VERDICT_BIND && entry->device != NULL && spoiled[entry->device->iommu_group])
			entry->reasons |= 1u << REASON_GROUP;
	}
}

static int by_address(const void *a, const void *b)
{
	const struct plan_entry *left = a, *right = b;
	struct bdf left_bdf, right_bdf;
	bool left_has = left->device != NULL, right_has = right->device != NULL;

	if (left_has)
		left_bdf = left->device->bdf;
	else if (left->absent != NULL && !left->absent_is_path)
		left_has = bdf_parse(left->absent, &left_bdf);
	if (right_has)
		right_bdf = right->device->bdf;
	else if (right->absent != NULL && !right->absent_is_path)
		right_has = bdf_parse(right->absent, &right_bdf);
	if (left_has && right_has && bdf_compare(&left_bdf, &right_bdf) != 0)
		return bdf_compare(&left_bdf, &right_bdf);
	if (left_has != right_has)
		return left_has ? -1 : 1;
	if (left->rule != right->rule)
		return left->rule < right->rule ? -1 : 1;
	return strcmp(left->absent == NULL ? "" : left->absent, right->absent == NULL ? "" : right->absent);
}

/*
 * Reasons do not depend on each other's order: each guard adds its own, and the first in precedence is given. Only the
 * groups need verdicts of others, so they come after the rest.
 */
void plan_build(struct plan *plan, const struct plan_input *input)
{
	*plan = (struct plan){ .is_unusable = input->policy->is_unusable,
			       .is_off = input->switches->off,
			       .is_disarmed = input->switches->is_disarmed };
	if (plan->is_unusable)
		return;
	match_all(plan, input);
	plan_guard_each(plan, input);
	plan_guard_companions(plan);
	decide_all(plan);
	pull_groups(plan, input);
	plan_guard_each(plan, input);
	plan_guard_unknown_console(plan, input);
	plan_guard_last_input(plan, input);
	decide_all(plan);
	refuse_half_groups(plan, input);
	decide_all(plan);
	if (plan->n_entries > 0)
		qsort(plan->entries, plan->n_entries, sizeof(*plan->entries), by_address);
	plan->no_vfio = input->policy->n_rules > 0 &&
			(!input->inventory->has_iommu ||
			 inventory_driver(input->inventory, POLICY_DRIVER_DEFAULT) == KNOWN_NO);
}

static bool concerns(const struct plan_entry *entry, const struct device *device)
{
	return entry->device != NULL &&
	       (bdf_same_slot(&entry->device->bdf, &device->bdf) ||
		(device->iommu_group != DEVICE_NO_GROUP && entry->device->iommu_group == device->iommu_group));
}

void plan_free_entry(struct plan_entry *entry)
{
	free(entry->absent);
	free(entry->message);
	free(entry->changes);
}

void plan_narrow(struct plan *plan, const struct inventory *inventory, const struct bdf *bdf)
{
	const struct device *device = inventory_find(inventory, bdf);
	size_t kept = 0;

	if (device == NULL)
		device = inventory_find_unknown(inventory, bdf);
	plan->is_gone = device == NULL;
	for (size_t i = 0; i < plan->n_entries; i++) {
		if (device != NULL && concerns(&plan->entries[i], device))
			plan->entries[kept++] = plan->entries[i];
		else
			plan_free_entry(&plan->entries[i]);
	}
	plan->n_entries = kept;
	plan->no_vfio &= kept > 0;
}

const struct plan_entry *plan_find(const struct plan *plan, const struct bdf *bdf)
{
	for (size_t i = 0; i < plan->n_entries; i++)
		if (plan->entries[i].device != NULL && bdf_compare(&plan->entries[i].device->bdf, bdf) == 0)
			return &plan->entries[i];
	return NULL;
}

void plan_free(struct plan *plan)
{
	for (size_t i = 0; i < plan->n_entries; i++)
		plan_free_entry(&plan->entries[i]);
	free(plan->entries);
	*plan = (struct plan){ 0 };
}

enum result plan_result(const struct plan *plan, bool has_errors)
{
	bool has_good = false, has_bad = has_errors || plan->is_gone;

	if (plan->is_off)
		return RESULT_OFF;
	for (size_t i = 0; i < plan->n_entries; i++) {
		const struct plan_entry *entry = &plan->entries[i];

		has_good |= entry->verdict == VERDICT_BIND || entry->verdict == VERDICT_BOUND ||
			    entry->verdict == VERDICT_RELEASE;
		has_bad |= entry->verdict == VERDICT_REFUSE || entry->verdict == VERDICT_FAIL ||
			   (entry->reason == REASON_ABSENT && !entry->rule->is_optional);
	}
	if (plan->no_vfio && !has_good)
		return RESULT_NOTHING;
	if (has_bad)
		return has_good ? RESULT_PARTIAL : RESULT_ERROR;
	return RESULT_OK;
}
