/* SPDX-License-Identifier: GPL-2.0-or-later */
/* check: does the record know this policy, these devices and what the host needs now? */
#include "host/check.h"
#include "host/record_text.h"
#include "lib/paths.h"

#define AGAIN "vfiokit record, then make the boot images again"

static bool is_about_record(const struct problem *problem)
{
	return starts_with(problem->where, PATH_RECORD);
}

static bool has_problem(const struct check *check)
{
	for (size_t i = 0; i < check->session.problems.count; i++)
		if (is_about_record(&check->session.problems.items[i]))
			return true;
	return false;
}

/* Only root may read it, and a plan without it is another one. */
static void add_unread(struct check *check, const struct problem *problem)
{
	bool is_root = check->session.record.is_unread;

	check_add(check, (struct finding){
				 .severity = is_root ? SEVERITY_WARNING : SEVERITY_HINT,
				 .name = "record-unread",
				 .where = util_copy(problem->where),
				 .what = util_copy(problem->message),
				 .why = is_root ? "A boot that cannot read it takes no device."
						: "What depends on it is not checked.",
				 .todo = util_copy(is_root ? AGAIN : "sudo vfiokit check"),
			 });
}

static void look_for_errors(struct check *check)
{
	for (size_t i = 0; i < check->session.problems.count; i++) {
		const struct problem *problem = &check->session.problems.items[i];

		if (!is_about_record(problem))
			continue;
		if (problem->kind != PROBLEM_POLICY) {
			add_unread(check, problem);
			continue;
		}
		check_add(check,
			  (struct finding){
				  .severity = SEVERITY_WARNING,
				  .name = "record-broken",
				  .where = util_copy(problem->where),
				  .what = util_copy(problem->message),
				  .why = "No identity is compared at boot: another device in its place is taken.",
				  .todo = util_copy(AGAIN),
			  });
	}
}

/* The names of rules with devices of which the record says nothing; NULL if there is none. */
static char *list_unrecorded(const struct check *check)
{
	const struct plan *plan = &check->session.plan;
	const struct record_device *was;
	const char *last = "";
	char *names = NULL;

	for (size_t i = 0; i < plan->n_entries; i++) {
		const struct plan_entry *entry = &plan->entries[i];
		bool is_used = entry->device != NULL &&
			       (check_is_given(check, entry->device) || entry->reason == REASON_VFS);
		char *longer;

		if (!is_used || !record_text_wants(entry) || streq(entry->rule->name, last) ||
		    record_check(&check->session.record, entry->rule, entry->device, &was) != RECORDED_NOT)
			continue;
		last = entry->rule->name;
		longer = util_format("%s%s'%s'", names != NULL ? names : "", names != NULL ? ", " : "", last);
		free(names);
		names = longer;
	}
	return names;
}

static void look_for_record(struct check *check)
{
	cleanup_free char *names = list_unrecorded(check);
	bool is_there = check->session.record.is_there;

	if (names == NULL || has_problem(check))
		return;
	check_add(
		check,
		(struct finding){
			.severity = SEVERITY_HINT,
			.name = is_there ? "record-old" : "no-record",
			.where = util_copy(PATH_RECORD),
			.what = is_there ? util_format("It knows no device of rule %s: the policy is newer.", names)
					 : util_copy("There is no record of the devices of the policy, or of "
						     "what this host needs."),
			.why = "Should another device be in its place one day, the boot takes it; and no boot can see "
			       "which disks and keyboards are in use.",
			.todo = util_copy(AGAIN),
		});
}

/* The planner's sentence names both identities. */
static void look_at_identities(struct check *check)
{
	for (size_t i = 0; i < check->session.plan.n_entries; i++) {
		const struct plan_entry *entry = &check->session.plan.entries[i];

		if (entry->reason == REASON_IDENTITY && entry->was != NULL)
			check_add(check, (struct finding){
						 .severity = SEVERITY_WARNING,
						 .name = "record-identity",
						 .where = util_copy(entry->device->address),
						 .what = util_copy(entry->message),
						 .why = "It is refused until the record has it, and the guest does not "
							"start.",
						 .todo = util_copy("If that is the device you mean: " AGAIN),
					 });
	}
}

static bool is_compared(const struct need *need, const struct needs *needs, const struct needs *others)
{
	switch (need->kind) {
	case NEED_STORAGE:
		return !need->is_guess && needs->knows_storage && others->knows_storage;
	case NEED_NETWORK:
		return !need->is_guess;
	case NEED_KEYBOARD:
		return !need->is_elsewhere && !need->is_guess && needs->knows_keyboards && others->knows_keyboards;
	default:
		return false; /* data forbids little, and the console is found at boot, too */
	}
}

/* The first need of one list that the other has not, in words; NULL if there is none. */
static char *find_missing(const struct check *check, const struct needs *needs, const struct needs *others)
{
	for (size_t i = 0; i < needs->count; i++) {
		const struct need *need = &needs->items[i];
		const struct device *device = inventory_find(&check->session.inventory, &need->bdf);

		if (is_compared(need, needs, others) && device != NULL && !device_is_bridge(device) &&
		    needs_find(others, &need->bdf, need->kind) == NULL)
			return util_format("%s (%s: %s)", device->address, needs_kind_name(need->kind), need->use);
	}
	return NULL;
}

/* Of what is known on both sides only: a list that is not complete tells nothing. */
static void look_at_needs(struct check *check)
{
	struct needs now = { 0 }, recorded = { 0 };
	cleanup_free char *newly = NULL, *gone = NULL;

	if (!check->session.record.is_there)
		return;
	needs_scan(&now, check->root);
	record_add_needs(&check->session.record, &check->session.inventory, &recorded);
	/* What is gone is no reason not to tell what is new. */
	recorded.knows_storage = check->session.record.knows_storage;
	recorded.knows_keyboards = check->session.record.knows_keyboards;
	if (needs_why_blind(&now) == NULL) {
		newly = find_missing(check, &now, &recorded);
		gone = find_missing(check, &recorded, &now);
	}
	needs_free(&now);
	needs_free(&recorded);
	if (newly == NULL && gone == NULL)
		return;
	check_add(
		check,
		(struct finding){
			.severity = SEVERITY_HINT,
			.name = "record-needs",
			.where = util_copy(PATH_RECORD),
			.what = util_format("What this host needs is not what was recorded%s%s%s%s.",
					    newly != NULL ? ": new is " : "", newly != NULL ? newly : "",
					    gone != NULL ? "; no more needed is " : "", gone != NULL ? gone : ""),
			.why = "A boot goes by the record: it cannot see what is in use.",
			.todo = util_copy("Make the boot images again, which records it (or: vfiokit record --needs)"),
		});
}

const struct check_item check_record_items[] = {
	{ "lines of the record", look_for_errors },
	{ "a record of every rule", look_for_record },
	{ "devices that are not as they were recorded", look_at_identities },
	{ "what the host needs", look_at_needs },
	{ NULL, NULL },
};
