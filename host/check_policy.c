/* SPDX-License-Identifier: GPL-2.0-or-later */
/* check: the policy. */
#include "host/check.h"
#include "host/draft.h"
#include "lib/paths.h"

static void look_for_errors(struct check *check)
{
	const struct problems *problems = &check->session.problems;

	for (size_t i = 0; i < problems->count; i++)
		if (problems->items[i].kind == PROBLEM_POLICY && !starts_with(problems->items[i].where, PATH_RECORD))
			check_add(check,
				  (struct finding){
					  .severity = SEVERITY_ERROR,
					  .name = "policy-error",
					  .where = util_copy(problems->items[i].where),
					  .what = util_copy(problems->items[i].message),
					  .why = "The section in which it stands is not used.",
					  .todo = util_copy("Correct the line; vfiokit-bind.conf(5) has all keys."),
				  });
}

static void look_for_rules(struct check *check)
{
	if (check->session.policy.n_rules > 0 || check->session.policy.is_unusable)
		return;
	check_add(check, (struct finding){
				 .severity = SEVERITY_HINT,
				 .name = "no-policy",
				 .what = util_copy("The policy on disk has no rule, so it gives nothing to a guest."),
				 .why = "vfio-bind does only what a rule says.",
				 .todo = util_copy(check->rivals.count > 0 ? "vfiokit import, or vfiokit suggest"
									   : "vfiokit suggest"),
			 });
}

static void look_at_switches(struct check *check)
{
	const struct switches *switches = &check->session.switches;
	bool is_off = switches->off && !switches->is_disarmed;

	if (!is_off && !switches->plan_only)
		return;
	check_add(check, (struct finding){
				 .severity = SEVERITY_WARNING,
				 .name = "off",
				 .where = util_copy(PATH_CMDLINE),
				 .what = util_copy(is_off ? "vfiokit is switched off on the kernel command line."
							  : "vfiokit=plan: this boot only reports."),
				 .why = "Nothing is bound at a boot with this word.",
				 .todo = util_copy("Take vfiokit= off the kernel command line, in the boot loader's "
						   "configuration."),
			 });
}

static void look_at_disarm(struct check *check)
{
	if (check->session.switches.is_disarmed)
		check_add(check, (struct finding){
					 .severity = SEVERITY_WARNING,
					 .name = "disarmed",
					 .what = util_copy("vfiokit has stood down by itself (automatic disarm): the "
							   "policy was tried at several boots, and none ended well."),
					 .why = "Nothing is bound at this boot or the next, whatever the policy says.",
					 .todo = util_copy("Find out why those boots did not end well (journalctl "
							   "--list-boots), then: vfiokit arm, and boot."),
				 });
}

/*
 * What the planner refuses, and rules that find nothing. That there is no IOMMU or no module is said once, elsewhere,
 * and so is what is not as it was recorded.
 */
static void look_at_verdicts(struct check *check)
{
	for (size_t i = 0; i < check->session.plan.n_entries; i++) {
		const struct plan_entry *entry = &check->session.plan.entries[i];
		bool is_absent = entry->reason == REASON_ABSENT && !entry->rule->is_optional;

		if ((entry->verdict != VERDICT_REFUSE && !is_absent) || entry->reason == REASON_NO_IOMMU ||
		    entry->reason == REASON_NO_DRIVER || (entry->reason == REASON_IDENTITY && entry->was != NULL))
			continue;
		check_add(check, (struct finding){
					 .severity = SEVERITY_WARNING,
					 .name = is_absent ? "absent" : "refused",
					 .where = util_copy(entry->device != NULL ? entry->device->address
										  : entry->rule->where),
					 .what = util_copy(entry->message),
					 .why = is_absent ? "A guest that needs it will not start."
							  : "The policy names it, and it stays with the host.",
					 .todo = util_format("Change rule '%s' (%s), then ask: vfio-bind plan",
							     entry->rule->name, entry->rule->where),
				 });
	}
}

static void look_for_clash(struct check *check, const struct plan_entry *entry)
{
	if (entry->also != NULL)
		check_add(check, (struct finding){
					 .severity = SEVERITY_WARNING,
					 .name = "clash",
					 .where = util_copy(entry->device->address),
					 .what = util_format("Rules '%s' and '%s' both match it; the first one counts.",
							     entry->rule->name, entry->also->name),
					 .why = "What the second one says about this device is not done.",
					 .todo = util_format("Make rule '%s' (%s) narrower.", entry->also->name,
							     entry->also->where),
				 });
}

static void look_for_clashes(struct check *check)
{
	check_each_given(check, look_for_clash);
}

/* A bridge is given to nobody; without its driver it does no harm. */
static char *share_remedy(const struct rule *rule, const struct device *other)
{
	if (device_is_host_bridge(other))
		return util_format("echo %s > /sys/bus/pci/drivers/%s/unbind, and keep it from being loaded (blacklist "
				   "in modprobe.d); or use another slot.",
				   other->address, other->driver);
	return util_format("Say 'group = whole' in rule '%s' (%s), or give neither.", rule->name, rule->where);
}

static void look_for_strangers(struct check *check, const struct plan_entry *entry)
{
	const struct inventory *inventory = &check->session.inventory;

	for (size_t i = 0; i < inventory->n_devices; i++) {
		const struct device *other = &inventory->devices[i];

		if (other->iommu_group != entry->device->iommu_group || other == entry->device ||
		    device_is_bridge(other) || check_is_given(check, other) || other->driver[0] == '\0' ||
		    device_driver_shares(other->driver))
			continue;
		check_add(check,
			  (struct finding){
				  .severity = SEVERITY_ERROR,
				  .name = "group-shared",
				  .where = util_copy(entry->device->address),
				  .what = util_format("Its IOMMU group %d also holds %s, which %s keeps for the host.",
						      other->iommu_group, other->address, other->driver),
				  .why = "No guest can use a group while a host driver holds one of its devices.",
				  .todo = share_remedy(entry->rule, other),
			  });
		return;
	}
}

static void look_at_groups(struct check *check)
{
	check_each_given(check, look_for_strangers);
}

static void look_for_companions(struct check *check, const struct plan_entry *entry)
{
	const struct inventory *inventory = &check->session.inventory;

	for (size_t i = 0; i < inventory->n_devices; i++) {
		const struct device *other = &inventory->devices[i];

		if (!draft_is_companion(entry->device, other) || check_is_given(check, other) ||
		    other->iommu_group == entry->device->iommu_group)
			continue;
		check_add(check,
			  (struct finding){
				  .severity = SEVERITY_WARNING,
				  .name = "card-split",
				  .where = util_copy(other->address),
				  .what = util_format("It is a function of the same card as %s, and stays with the "
						      "host.",
						      entry->device->address),
				  .why = "A guest's driver may need all functions of a card, and a reset of the card "
					 "by its bus is refused while the host holds one of them.",
				  .todo = check_advise_rule(check, other),
			  });
	}
}

static void look_at_cards(struct check *check)
{
	check_each_given(check, look_for_companions);
}

const struct check_item check_policy_items[] = {
	{ "lines of the policy", look_for_errors },
	{ "a policy with rules", look_for_rules },
	{ "the words that switch it off", look_at_switches },
	{ "automatic disarm", look_at_disarm },
	{ "devices that are refused or absent", look_at_verdicts },
	{ "two rules for one device", look_for_clashes },
	{ "groups that the host shares", look_at_groups },
	{ "cards of which a part stays", look_at_cards },
	{ NULL, NULL },
};
