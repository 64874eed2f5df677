/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The plan in words: names of verdicts and reasons, and one sentence for each device. */
#include <stdio.h>

#include "binder/holders.h"
#include "binder/plan.h"

const char *plan_verdict_name(enum verdict verdict)
{
	static const char *const names[] = {
		[VERDICT_BIND] = "bind",     [VERDICT_BOUND] = "bound", [VERDICT_SKIP] = "skip",
		[VERDICT_REFUSE] = "refuse", [VERDICT_FAIL] = "fail",   [VERDICT_RELEASE] = "release"
	};

	return names[verdict];
}

const char *plan_reason_name(const struct plan_entry *entry)
{
	static const char *const names[] = {
		[REASON_CMDLINE] = "cmdline",
		[REASON_IDENTITY] = "identity",
		[REASON_BRIDGE] = "bridge",
		[REASON_VFS] = "vfs",
		[REASON_CONSOLE] = "console",
		[REASON_NO_IOMMU] = "no-iommu",
		[REASON_DENYLIST] = "denylist",
		[REASON_HAS_VFS] = "has-vfs",
		[REASON_BOUND] = NULL,
		[REASON_STORAGE] = "storage",
		[REASON_NETWORK] = "network",
		[REASON_LAST_INPUT] = "last-input",
		[REASON_ON_BOUND] = "on-bound",
		[REASON_OPEN] = "open",
		[REASON_NO_DRIVER] = "no-driver",
		[REASON_GROUP] = "group",
		[REASON_NOT_BOUND] = "not-bound",
		[REASON_ABSENT] = "absent",
		[REASON_MODULE] = "module",
		[REASON_UNBIND] = "unbind",
		[REASON_STUCK] = "stuck",
		[REASON_PROBE] = "probe",
		[REASON_NONE] = NULL,
	};

	if (entry->reason == REASON_CONSOLE && entry->is_boot_vga)
		return "boot-vga";
	if (entry->reason == REASON_CMDLINE && entry->is_disarmed)
		return "disarmed";
	return names[entry->reason];
}

const char *plan_result_name(enum result result)
{
	static const char *const names[] = { [RESULT_OK] = "ok",
					     [RESULT_PARTIAL] = "partial",
					     [RESULT_ERROR] = "error",
					     [RESULT_NOTHING] = "nothing",
					     [RESULT_OFF] = "off" };

	return names[result];
}

const char *plan_holder(const char *driver, char *buffer, size_t size)
{
	if (driver[0] == '\0')
		return "no driver holds it";
	snprintf(buffer, size, "%s holds it", driver);
	return buffer;
}

static char *join(char *text, char *more)
{
	char *joined = util_format("%s%s", text, more);

	free(text);
	free(more);
	return joined;
}

/* Will this function keep a host driver, and so spoil the group for a guest? */
static bool stays_with_host(const struct plan *plan, const struct device *device)
{
	if (device_is_bridge(device) || device_driver_shares(device->driver) ||
	    (device_is_host_bridge(device) && device->driver[0] == '\0'))
		return false;
	for (size_t i = 0; i < plan->n_entries; i++)
		if (plan->entries[i].device == device &&
		    (plan->entries[i].verdict == VERDICT_BIND || plan->entries[i].verdict == VERDICT_BOUND))
			return false;
	return true;
}

/* A line of the kernel log has room for these. */
#define NAMES_MAX 8

static char *group_remark(const struct plan *plan, const struct plan_entry *entry, const struct plan_input *input)
{
	cleanup_free char *remedy = util_copy("group = whole takes them too");
	char *names = util_copy("");
	size_t n = 0;

	for (size_t i = 0; i < input->inventory->n_devices; i++) {
		const struct device *other = &input->inventory->devices[i];

		if (other->iommu_group != entry->device->iommu_group || other == entry->device ||
		    !stays_with_host(plan, other))
			continue;
		if (n < NAMES_MAX)
			names = join(names, util_format("%s%s", n == 0 ? "" : ", ", other->address));
		/* The whole group would be refused. */
		if (device_is_host_bridge(other)) {
			free(remedy);
			remedy = util_format("%s must let go of %s", other->driver, other->address);
		}
		n++;
	}
	if (n > NAMES_MAX)
		names = join(names, util_format(" and %zu more", n - NAMES_MAX));
	if (n == 0)
		return names;
	return join(
		util_format("; warning: group %d also holds ", entry->device->iommu_group),
		join(names, util_format(", and no guest can use the group while a host driver holds one of its devices "
					"(%s)",
					remedy)));
}

char *plan_remarks(const struct plan *plan, const struct plan_entry *entry, const struct plan_input *input)
{
	char *text = util_copy("");

	if (entry->device == NULL)
		return text;
	if (entry->verdict == VERDICT_BIND || entry->verdict == VERDICT_BOUND)
		text = join(text, group_remark(plan, entry, input));
	if (entry->was != NULL && entry->match != MATCH_OTHER && entry->reason != REASON_IDENTITY) {
		char address[BDF_TEXT_SIZE];

		bdf_format(&entry->was->was.bdf, address);
		text = join(text, util_format("; followed from %s, path %s", address, entry->was->was.path));
	}
	if (entry->also != NULL)
		text = join(text,
			    util_format("; rule '%s' matches it too, but '%s' %s", entry->also->name, entry->rule->name,
					entry->match == MATCH_OTHER ? "names its slot" : "comes first"));
	return text;
}

/* "10de:13c2:1043:8508, class 030000, at 0000:06:00.0, path 0000:00:01.1/00.0" */
static char *describe(const struct record_function *was, uint32_t class, const char *serial)
{
	char address[BDF_TEXT_SIZE];

	bdf_format(&was->bdf, address);
	return util_format("%04x:%04x:%04x:%04x, class %06x%s%s, at %s, path %s", was->vendor, was->device,
			   was->subvendor, was->subdevice, class, serial != NULL ? ", serial " : "",
			   serial != NULL ? serial : "", address, was->path);
}

static char *say_recorded(const struct plan_entry *entry)
{
	const struct device *device = entry->device;
	const struct record_device *was = entry->was;
	const struct record_function now = { .bdf = device->bdf,
					     .path = device->path,
					     .vendor = device->vendor,
					     .device = device->device,
					     .subvendor = device->subvendor,
					     .subdevice = device->subdevice };
	cleanup_free char *old = describe(&was->was, was->class, was->serial);
	cleanup_free char *new = describe(&now, device->class, device->serial);
	cleanup_free char *found = was->found != NULL && was->found != device
					   ? util_format(", which is at %s now (follow = yes would follow it)",
							 was->found->address)
					   : NULL;

	return util_format("it is not what the record has for rule '%s': %s%s; this is %s; 'vfiokit record' accepts it",
			   entry->rule->name, old, found != NULL ? found : "", new);
}

static char *say_identity(const struct plan_entry *entry)
{
	const struct device *device = entry->device;
	const char *wrong = entry->wrong_key;

	if (device->is_unknown)
		return util_format("rule '%s' names this slot, but nobody can tell what is in it (%s: %s); the kernel "
				   "log may say why",
				   entry->rule->name, device->unread, device_unread_cause(device));
	if (entry->was != NULL)
		return say_recorded(entry);
	if (wrong == NULL)
		return util_format("the record cannot be read, so nobody can tell whether this is what rule '%s' had",
				   entry->rule->name);
	if (streq(wrong, "class"))
		return util_format("rule '%s' names this slot for another class, but class %06x is in it",
				   entry->rule->name, device->class);
	if (streq(wrong, "serial"))
		return util_format("rule '%s' names this slot for another serial number, but the kernel shows %s",
				   entry->rule->name, device->serial == NULL ? "none" : device->serial);
	if (streq(wrong, "path") || streq(wrong, "address"))
		return util_format("rule '%s' names this %s together with another %s; the device is at %s, path %s",
				   entry->rule->name, streq(wrong, "path") ? "address" : "path", wrong, device->address,
				   device->path);
	return util_format("rule '%s' names this slot for another device, but %04x:%04x:%04x:%04x is in it",
			   entry->rule->name, device->vendor, device->device, device->subvendor, device->subdevice);
}

static char *say_group(const struct plan_entry *entry)
{
	const struct device *device = entry->device, *unread = entry->unread;
	const char *place = "the same slot";

	if (unread == NULL)
		return util_format(
			"another device of IOMMU group %d stays with the host, and half a group is of no use",
			device->iommu_group);
	if (unread == device)
		return util_format("its %s cannot be read (%s), so nobody can tell what would be taken; the kernel log "
				   "may say why",
				   device->unread, device_unread_cause(device));
	if (unread->iommu_group != DEVICE_NO_GROUP && unread->iommu_group == device->iommu_group)
		place = "the same IOMMU group";
	return util_format("the %s of %s in %s cannot be read (%s), so nobody can tell what would be taken; the kernel "
			   "log may say why",
			   unread->unread, unread->address, place, device_unread_cause(unread));
}

static char *say_console(const struct plan_entry *entry)
{
	if (entry->is_companion)
		return util_copy(
			"it belongs to the card of the console, which stays with the host (boot-vga = exclude)");
	if (entry->device->console)
		return util_format("it carries the console (%s), which stays with the host (boot-vga = exclude)",
				   entry->device->console_sign);
	if (entry->console_use != NULL)
		return util_format("it carried the console when the record was made (%s); boot-vga = allow in the rule "
				   "permits it",
				   entry->console_use);
	return util_copy(
		"nothing shows which display device carries the console, and the policy would take all of them; "
		"boot-vga = allow in the rule permits it");
}

#define WAIVER_SIZE 384

/* How the guard is waived: in the rule, or by whoever asks. */
static const char *waiver(const struct plan_entry *entry, const char *guard, char buffer[static WAIVER_SIZE])
{
	if (entry->rule->is_request)
		snprintf(buffer, WAIVER_SIZE, "--allow %s takes it all the same", guard);
	else
		snprintf(buffer, WAIVER_SIZE, "rule '%s' needs allow = %s to take it", entry->rule->name, guard);
	return buffer;
}

static char *say_storage(const struct plan_entry *entry, const struct needs *needs)
{
	const struct need *need = needs_find(needs, &entry->device->bdf, NEED_STORAGE);
	bool is_sure = entry->use != NULL && (needs->blind == NULL || need == NULL || !need->is_guess);
	char buffer[WAIVER_SIZE];

	if (entry->is_in_use && entry->use != NULL && entry->use == entry->device->blind_use)
		return util_format("its storage counts as used (%s)", entry->use);
	if (entry->is_in_use && is_sure)
		return util_format("the host uses its storage (%s)", entry->use);
	if (entry->is_in_use)
		return util_format("nobody can tell whether the host uses its storage (%s), so it counts as used",
				   needs->blind);
	if (!entry->rule->allow_storage)
		return util_format("%s%s%s; %s",
				   entry->use != NULL ? "nothing uses its storage now, but something is on it ("
						      : "it is a storage controller",
				   entry->use != NULL ? entry->use : "", entry->use != NULL ? ")" : "",
				   waiver(entry, "storage", buffer));
	return util_copy("it is a storage controller and nothing tells yet whether the host uses it; "
			 "name it by address or path to take it all the same");
}

static char *say_network(const struct plan_entry *entry, const struct needs *needs)
{
	char buffer[WAIVER_SIZE];

	if (entry->use == NULL && device_base_class(entry->device) != CLASS_BASE_NETWORK)
		return util_format("nobody can tell whether the host uses a network interface behind it (%s); %s",
				   needs->blind_network, waiver(entry, "network", buffer));
	return util_format(
		"%s%s%s; %s", entry->use != NULL ? "the host uses its network (" : "it is a network controller",
		entry->use != NULL ? entry->use : "", entry->use != NULL ? ")" : "", waiver(entry, "network", buffer));
}

static char *say_last_input(const struct plan_entry *entry, const struct needs *needs)
{
	char buffer[WAIVER_SIZE];

	if (needs->blind_keyboards != NULL)
		return util_format("nobody can tell which keyboards hang on it (%s); %s", needs->blind_keyboards,
				   waiver(entry, "last-input", buffer));
	return util_format("%s%s; %s",
			   entry->use != NULL ? "the host's last keyboard hangs on it: "
					      : "the policy would take every USB host, and with it the last keyboard",
			   entry->use != NULL ? entry->use : "", waiver(entry, "last-input", buffer));
}

static char *say_on_bound(const struct plan_entry *entry, const struct plan_input *input)
{
	const struct device *device = entry->device;

	return util_format(
		"%s has it already, and %s", device->driver,
		entry->rule->settings.on_bound == ON_BOUND_SKIP || !input->keeps_bound
			? "on-bound = skip leaves it there"
			: "on a running system nothing is taken from a driver; it is bound at the next boot");
}

static char *say_open(const struct plan_entry *entry)
{
	cleanup_free char *holders = holders_text(entry->device);

	if (device_is_vfio_driver(entry->device->driver))
		return util_format("%s; stop that guest first", holders);
	return util_format("%s; close that first, or --even-if-open takes it all the same, which may hang", holders);
}

static char *say_bridge(const struct plan_entry *entry)
{
	if (entry->verdict == VERDICT_SKIP)
		return util_copy("it is a bridge, which stays with the host and does no harm to its group");
	if (entry->match == MATCH_EXACT)
		return util_format("it is a bridge, which no guest can be given; take it out of rule '%s'",
				   entry->rule->name);
	return util_format("it is a host or ISA bridge that %s needs for the host", entry->device->driver);
}

static char *say_absent(const struct plan_entry *entry)
{
	const char *tail = entry->rule->is_optional ? "" : "; optional = yes would make this no error";

	if (entry->rule->is_request)
		return util_copy("no device is at this address; nothing was changed");
	if (entry->absent == NULL)
		return util_format("no device is what rule '%s' selects%s; nothing was changed", entry->rule->name,
				   tail);
	return util_format("no device is at this %s, which rule '%s' names%s; nothing was changed",
			   entry->absent_is_path ? "path" : "address", entry->rule->name, tail);
}

static char *say_vfs(const struct plan_entry *entry)
{
	const struct device *device = entry->device;
	const char *but = "";

	if (entry->verdict == VERDICT_RELEASE)
		return util_format("its %u virtual functions are taken away", device->vfs);
	if (device->driver[0] == '\0')
		but = ", as soon as that has it";
	else if (device_is_vfio_driver(device->driver))
		but = ", which does not have it: release it first";
	return util_format("stays with its own driver%s, to make %u virtual functions, by rule '%s' (%s)", but,
			   entry->rule->vfs, entry->rule->name, entry->rule->where);
}

static char *say_bind(const struct plan_entry *entry)
{
	cleanup_free char *prepared = prepare_words(&entry->rule->preparation);

	return util_format("%s %s, by rule '%s' (%s)%s%s",
			   entry->match == MATCH_NONE ? "goes with its group to" : "goes to", entry->driver,
			   entry->rule->name, entry->rule->where, prepared[0] != '\0' ? ", after setting " : "",
			   prepared);
}

static char *say(const struct plan_entry *entry, const struct plan_input *input)
{
	switch (entry->reason) {
	case REASON_CMDLINE:
		return util_format("left alone: %s", input->switches->off_cause != NULL
							     ? input->switches->off_cause
							     : "vfiokit.skip= on the kernel command line names it");
	case REASON_IDENTITY:
		return say_identity(entry);
	case REASON_BRIDGE:
		return say_bridge(entry);
	case REASON_VFS:
		return say_vfs(entry);
	case REASON_CONSOLE:
		return say_console(entry);
	case REASON_NO_IOMMU:
		return util_copy(
			input->inventory->has_iommu
				? "it has no IOMMU group, so vfio-pci would refuse it"
				: "there is no IOMMU (switch it on in the firmware; Intel also needs intel_iommu=on)");
	case REASON_DENYLIST:
		return util_copy("vfio-pci refuses this device as unsafe (its disable_denylist parameter permits it)");
	case REASON_HAS_VFS:
		return util_format("%u virtual functions of it exist; set sriov_numvfs to 0 first", entry->device->vfs);
	case REASON_BOUND:
		return util_format("already right for rule '%s'", entry->rule->name);
	case REASON_STORAGE:
		return say_storage(entry, input->needs);
	case REASON_NETWORK:
		return say_network(entry, input->needs);
	case REASON_LAST_INPUT:
		return say_last_input(entry, input->needs);
	case REASON_ON_BOUND:
		return say_on_bound(entry, input);
	case REASON_OPEN:
		return say_open(entry);
	case REASON_NO_DRIVER:
		return util_format("there is no driver %s: neither built in nor a module that can be found",
				   entry->driver);
	case REASON_GROUP:
		return say_group(entry);
	case REASON_NOT_BOUND:
		return util_copy("no VFIO driver has it, so there is nothing to give back");
	case REASON_ABSENT:
		return say_absent(entry);
	case REASON_STUCK:
		return util_copy("an earlier run hung on it, so it is not touched again until the next boot");
	case REASON_MODULE:
	case REASON_UNBIND:
	case REASON_PROBE:
	case REASON_NONE:
		break;
	}
	if (entry->verdict == VERDICT_RELEASE)
		return util_format("goes back from %s to its own driver", entry->driver);
	return say_bind(entry);
}

void plan_explain(struct plan *plan, const struct plan_input *input)
{
	char buffer[SYSFS_NAME_SIZE + 16];

	for (size_t i = 0; i < plan->n_entries; i++) {
		struct plan_entry *entry = &plan->entries[i];
		char *text = join(say(entry, input), plan_remarks(plan, entry, input));

		if (entry->device != NULL)
			text = join(text, util_format("; %s", entry->device->is_driver_unread
								      ? "nobody can tell what holds it"
								      : plan_holder(entry->device->driver, buffer,
										    sizeof(buffer))));
		free(entry->message);
		entry->message = text;
	}
}
