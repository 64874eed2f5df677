/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * check: can be done what rules do to devices beside the bind: reset-method, d3cold, resize-bar, vfs? The binder finds
 * out when it writes; here it is asked before. Only where a rule says so: to ask for the sizes of a BAR wakes the
 * device.
 */
#include <errno.h>
#include <stdio.h>

#include "host/check.h"
#include "lib/parse.h"
#include "lib/paths.h"

/* One attribute that a rule sets on a device. */
struct wish {
	const struct plan_entry *entry;
	enum prepare_step step;
	char value[PREPARE_VALUE_SIZE]; /* as the kernel takes it */
	char words[PREPARE_VALUE_SIZE]; /* as people do */
};

enum { KEY_RESET_METHOD, KEY_RESIZE_BAR, KEY_VFS, KEYS };

/* The first kernel that has what a key needs (Documentation/ABI/testing/sysfs-bus-pci). */
static const struct {
	const char *key, *attribute, *since;
} keys[KEYS] = {
	[KEY_RESET_METHOD] = { "reset-method", "reset_method", "5.15" },
	[KEY_RESIZE_BAR] = { "resize-bar", "resourceN_resize", "6.1" },
	[KEY_VFS] = { "vfs", "sriov_drivers_autoprobe", "4.12" },
};

static const char why_bound[] = "It is bound all the same, as it is, so the guest gets the device without that.";
static const char why_vfs[] = "The virtual functions that rules give to guests are not made.";

static void add(struct check *check, const struct plan_entry *entry, const char *name, const char *why, char *what,
		char *todo)
{
	check_add(check, (struct finding){ .severity = SEVERITY_WARNING,
					   .name = name,
					   .where = util_copy(entry->device->address),
					   .what = what,
					   .why = why,
					   .todo = todo });
}

/* Nobody knows of a release that is no number. */
static bool lacks(const struct check_kernel *kernel, int key)
{
	return kernel->release[0] >= '0' && kernel->release[0] <= '9' &&
	       strverscmp(kernel->release, keys[key].since) < 0;
}

static bool uses(const struct rule *rule, int key)
{
	static const uint8_t no_bars[PREPARE_BARS];

	if (rule->is_broken)
		return false;
	if (key == KEY_RESET_METHOD)
		return rule->preparation.reset_method[0] != '\0';
	if (key == KEY_RESIZE_BAR)
		return memcmp(rule->preparation.bars, no_bars, sizeof(no_bars)) != 0;
	return rule->vfs > 0;
}

static void look_at_kernel(struct check *check, const struct check_kernel *kernel, int key)
{
	for (size_t i = 0; i < check->session.policy.n_rules; i++) {
		const struct rule *rule = &check->session.policy.rules[i];

		if (!uses(rule, key))
			continue;
		check_add(check, (struct finding){
					 .severity = SEVERITY_WARNING,
					 .name = "prepare-kernel",
					 .where = util_copy(rule->where),
					 .what = util_format("Rule '%s' has %s, and Linux %s, %s, does not know it.",
							     rule->name, keys[key].key, kernel->release,
							     kernel->is_running ? "which runs"
										: "the newest that is installed"),
					 .why = "What the rule says of this is not done with such a kernel.",
					 .todo = util_format("Take a kernel that has %s: Linux %s or later.",
							     keys[key].attribute, keys[key].since),
				 });
	}
}

static void look_at_kernels(struct check *check)
{
	for (size_t i = 0; i < check->n_kernels; i++)
		for (int key = 0; key < KEYS; key++)
			if (lacks(&check->kernels[i], key))
				look_at_kernel(check, &check->kernels[i], key);
}

/* Is that said already, of the kernel? */
static bool is_said(const struct check *check, int key)
{
	return check->n_kernels > 0 && check->kernels[0].is_running && lacks(&check->kernels[0], key);
}

static void look_at_missing(struct check *check, const struct wish *wish)
{
	const struct plan_entry *entry = wish->entry;
	char name[PREPARE_NAME_SIZE];

	if (wish->step == PREPARE_D3COLD) {
		add(check, entry, "prepare-missing", why_bound, util_copy("This kernel cannot keep it out of D3cold."),
		    util_copy("Take a kernel with CONFIG_PM and CONFIG_ACPI, or d3cold = no out of the rule."));
	} else if (wish->step == PREPARE_RESET_METHOD) {
		if (!is_said(check, KEY_RESET_METHOD))
			add(check, entry, "prepare-missing", why_bound,
			    util_copy("It has no reset_method: the kernel knows no way to reset it."),
			    util_format("Take reset-method out of rule '%s' (%s).", entry->rule->name,
					entry->rule->where));
	} else if (!is_said(check, KEY_RESIZE_BAR)) {
		add(check, entry, "prepare-missing", why_bound,
		    util_format("Its %s is not resizable.", prepare_name(wish->step, name)),
		    util_format("See which are: ls /" PATH_DEVICES "/%s/resource*_resize. If there is none at all: "
				"switch on \"Above 4G Decoding\" and \"Resizable BAR\" in the firmware.",
				entry->device->address));
	}
}

/* What guests need for some AMD GPUs is not in the list until somebody puts it there. */
static bool has_vendor_reset(const struct check *check, const char *method)
{
	return streq(method, "device_specific") && sysfs_exists(check->root, PATH_MODULES "/vendor_reset");
}

static void look_at_methods(struct check *check, const struct wish *wish, const char *now)
{
	cleanup_free char *wanted = util_copy(wish->value), *spaced = util_format(" %s ", now);
	char *rest = wanted;
	const char *method;

	while ((method = parse_next_word(&rest)) != NULL) {
		cleanup_free char *part = util_format(" %s ", method);

		if (strstr(spaced, part) != NULL || has_vendor_reset(check, method))
			continue;
		add(check, wish->entry, "prepare-value", why_bound,
		    util_format("It cannot be reset by '%s', as rule '%s' wants; it has: %s.", method,
				wish->entry->rule->name, now[0] != '\0' ? now : "none"),
		    streq(method, "device_specific")
			    ? util_copy("For some AMD GPUs the module vendor-reset has it: install that and load it.")
			    : util_format("Say one of these in reset-method of rule '%s' (%s).",
					  wish->entry->rule->name, wish->entry->rule->where));
	}
}

static void look_at_size(struct check *check, const struct wish *wish)
{
	const struct plan_entry *entry = wish->entry;
	cleanup_free char *sizes = prepare_sizes(check->root, entry->device->address, wish->step);
	char name[PREPARE_NAME_SIZE];

	if (prepare_offers(check->root, entry->device->address, wish->step, wish->value))
		return;
	add(check, entry, "prepare-value", why_bound,
	    util_format("Its %s cannot have %s, as rule '%s' wants; it can have: %s.", prepare_name(wish->step, name),
			wish->words, entry->rule->name, sizes[0] != '\0' ? sizes : "nothing that is known"),
	    util_format("Say one of these in resize-bar of rule '%s' (%s).", entry->rule->name, entry->rule->where));
}

/* What is bound already is not touched again: either it was set then, or it is not. */
static void look_at_bound(struct check *check, const struct wish *wish, const char *now)
{
	const char *address = wish->entry->device->address;
	char name[PREPARE_NAME_SIZE], words[PREPARE_VALUE_SIZE];

	if (streq(now, wish->value))
		return;
	add(check, wish->entry, "prepare-unset",
	    "What is bound already is not prepared again, so a guest gets it like this.",
	    util_format("Its %s is '%s', and not '%s', as rule '%s' wants.", prepare_name(wish->step, name),
			prepare_value(wish->step, now, words), wish->words, wish->entry->rule->name),
	    util_format(
		    "vfiokit status says what the boot made of it. To try again: vfiokit release %s, then vfiokit bind "
		    "%s.",
		    address, address));
}

static void look_at_wish(struct check *check, const struct wish *wish)
{
	const struct device *device = wish->entry->device;
	char now[PREPARE_VALUE_SIZE];
	int result = prepare_read(check->root, device->address, wish->step, now);

	if (result == -ENOENT)
		look_at_missing(check, wish);
	else if (result == 0 && wish->entry->verdict == VERDICT_BOUND)
		look_at_bound(check, wish, now);
	else if (result == 0 && wish->step == PREPARE_RESET_METHOD)
		look_at_methods(check, wish, now);
	else if (result == 0 && wish->step != PREPARE_D3COLD)
		look_at_size(check, wish);
}

static void look_at_device(struct check *check, const struct plan_entry *entry)
{
	for (int step = 0; step < PREPARE_STEPS; step++) {
		struct wish wish = { .entry = entry, .step = (enum prepare_step)step };
		char words[PREPARE_VALUE_SIZE];

		if (!prepare_wants(&entry->rule->preparation, wish.step, wish.value))
			continue;
		(void)util_copy_fixed(wish.words, sizeof(wish.words), prepare_value(wish.step, wish.value, words));
		look_at_wish(check, &wish);
	}
}

static void look_at_preparation(struct check *check)
{
	check_each_given(check, look_at_device);
}

/* Whether a driver can make any is not to be seen: only that it did not. */
static void look_at_made(struct check *check, const struct plan_entry *entry)
{
	const struct device *device = entry->device;

	if (device->driver[0] == '\0' || device_is_vfio_driver(device->driver))
		add(check, entry, "vfs-driver", why_vfs,
		    util_format("%s holds it, and only its own driver can make virtual functions.",
				device->driver[0] != '\0' ? device->driver : "No driver"),
		    util_format("vfiokit release %s, or load its driver; see which: lspci -k -s %s", device->address,
				device->address));
	else if (device->vfs != entry->rule->vfs && sysfs_exists(check->root, PATH_RUN "/" NAME_REPORT))
		add(check, entry, "vfs-count", why_vfs,
		    util_format("It has %u virtual functions, and not %u, as rule '%s' wants.", device->vfs,
				entry->rule->vfs, entry->rule->name),
		    util_format("vfio-bind apply tries again and says what is wrong. If %s can make none ('does not "
				"support "
				"SRIOV configuration' in journalctl -k), take vfs out of the rule (%s).",
				device->driver, entry->rule->where));
}

static void look_at_vfs(struct check *check)
{
	for (size_t i = 0; i < check->session.plan.n_entries; i++) {
		const struct plan_entry *entry = &check->session.plan.entries[i];
		cleanup_free char *path = NULL;
		uint64_t total;

		if (entry->device == NULL || entry->reason != REASON_VFS)
			continue;
		path = util_format(PATH_DEVICES "/%s/sriov_totalvfs", entry->device->address);
		if (sysfs_read_number(check->root, path, &total) < 0 || total == 0)
			add(check, entry, "vfs-none", why_vfs, util_copy("It has no virtual functions (no SR-IOV)."),
			    util_copy("Switch SR-IOV on in the firmware, and for some cards in their own settings "
				      "(Mellanox: "
				      "mlxconfig)."));
		else if (total < entry->rule->vfs)
			add(check, entry, "vfs-count", why_vfs,
			    util_format("It can have %u virtual functions, and not %u, as rule '%s' wants.",
					(unsigned int)total, entry->rule->vfs, entry->rule->name),
			    util_format("Say vfs = %u or less in rule '%s' (%s).", (unsigned int)total,
					entry->rule->name, entry->rule->where));
		else
			look_at_made(check, entry);
	}
}

const struct check_item check_prepare_items[] = {
	{ "kernels that can prepare devices", look_at_kernels },
	{ "what is set before a bind", look_at_preparation },
	{ "virtual functions that rules have made", look_at_vfs },
	{ NULL, NULL },
};
