/* SPDX-License-Identifier: GPL-2.0-or-later */
/* check: what became of the policy at this boot. */
#include <cjson/cJSON.h>

#include "binder/store.h"
#include "host/check.h"
#include "lib/paths.h"

static const char *text_of(const cJSON *object, const char *key)
{
	const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));

	return text != NULL ? text : "";
}

static void compare_policy(struct check *check, const cJSON *report)
{
	char digest[POLICY_DIGEST_SIZE];

	policy_format_digest(&check->session.policy, digest);
	if (check->options->policy != NULL || text_of(report, "policy_digest")[0] == '\0' ||
	    streq(digest, text_of(report, "policy_digest")))
		return;
	check_add(check, (struct finding){
				 .severity = SEVERITY_WARNING,
				 .name = "policy-changed",
				 .where = util_copy(PATH_POLICY_DIRECTORY "/" NAME_POLICY),
				 .what = util_copy("The policy is not the one that this boot used."),
				 .why = "What the devices are now is what the old one said.",
				 .todo = util_copy("Make the boot images again, and boot."),
			 });
}

static void look_for_unbound(struct check *check, const struct plan_entry *entry)
{
	if (entry->verdict != VERDICT_BOUND)
		check_add(check,
			  (struct finding){
				  .severity = SEVERITY_WARNING,
				  .name = "not-bound",
				  .where = util_copy(entry->device->address),
				  .what = util_format("The policy gives it to %s, but %s holds it.", entry->driver,
						      entry->device->driver[0] != '\0' ? entry->device->driver
										       : "no driver"),
				  .why = "vfio-bind ran at this boot, so it failed, or something took it since.",
				  .todo = util_copy("vfiokit status"),
			  });
}

/* What came later, by Thunderbolt for instance, no image could give away. */
static bool is_late(const struct check *check, const struct device *device)
{
	cleanup_free char *path = util_format(PATH_LATE "/+pci:%s", device->address);

	return sysfs_exists(check->root, path);
}

static bool wants_early(const struct check *check)
{
	const struct plan *plan = &check->session.plan;

	for (size_t i = 0; i < plan->n_entries; i++) {
		const struct device *device = plan->entries[i].device;

		if (device != NULL && check_is_given(check, device) && !is_late(check, device))
			return true;
	}
	return false;
}

/* Only boot runs where nobody was before it; in an image apply may do the same. */
static bool is_early(const struct check *check, const cJSON *run)
{
	const char *command = text_of(run, "command");

	return streq(command, "boot") || text_of(run, "image")[0] != '\0' ||
	       (check->session.switches.plan_only && streq(command, "plan"));
}

static void add_not_applied(struct check *check, bool was_applied_later)
{
	const char *what = was_applied_later
				   ? "The image of this boot did not apply the policy; vfio-bind apply did, on the "
				     "running system."
				   : "There is a policy, but nothing applied it at this boot.";
	const char *again =
		sysfs_exists(check->root, PATH_BOOSTER_CONFIG)
			? "vfiokit image --booster says what is left to do; then make the boot images again "
			  "(booster build --force), and boot."
			: "Make the boot images again (Debian: update-initramfs -u -k all; dracut --force "
			  "--regenerate-all; mkinitcpio -P), and boot.";

	check_add(check,
		  (struct finding){
			  .severity = was_applied_later ? SEVERITY_WARNING : SEVERITY_ERROR,
			  .name = "not-applied",
			  .what = util_copy(what),
			  .why = was_applied_later
					 ? "A driver that is faster at some boot keeps the device then: apply "
					   "takes nothing from a driver."
					 : "vfio-bind leaves a report in /run/vfiokit whenever it runs, and none "
					   "is from the boot: the image did not start it.",
			  .todo = util_format("%s%s", again,
					      was_applied_later ? " If no image is to start vfio-bind here, leave it."
								: ""),
		  });
}

/* A request of a person (bind, release) is no application of the policy. */
static void look_at_runs(struct check *check, const cJSON *report)
{
	bool was_early = is_early(check, report), was_applied = streq(text_of(report, "command"), "apply");
	const cJSON *run;

	cJSON_ArrayForEach(run, cJSON_GetObjectItemCaseSensitive(report, "runs"))
	{
		was_early |= is_early(check, run);
		was_applied |= streq(text_of(run, "command"), "apply");
	}
	if (!was_early && wants_early(check))
		add_not_applied(check, was_applied);
}

static void look_at_boot(struct check *check)
{
	cJSON *report = store_read(check->root);

	if (report != NULL) {
		compare_policy(check, report);
		check_each_given(check, look_for_unbound);
		look_at_runs(check, report);
	} else if (check->session.policy.n_rules > 0 && !check->session.switches.off) {
		add_not_applied(check, false);
	}
	cJSON_Delete(report);
}

const struct check_item check_boot_items[] = {
	{ "what this boot did", look_at_boot },
	{ NULL, NULL },
};
