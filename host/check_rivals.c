/* SPDX-License-Identifier: GPL-2.0-or-later */
/* check: other mechanisms that decide about the same devices. */
#include "host/check.h"

static const struct {
	enum severity severity;
	const char *name, *what, *why;
} sayings[] = {
	[RIVAL_IDS] = { SEVERITY_WARNING, "rival-ids", "vfio-pci is told to take devices by id",
			"It takes every driverless device with this id, also the twin that is to stay with the host, "
			"whenever "
			"something else than vfio-bind loads it." },
	[RIVAL_SOFTDEP] = { SEVERITY_HINT, "rival-softdep", "a module waits for vfio-pci",
			    "It is not needed beside a policy, and slows down the boot or changes its order." },
	[RIVAL_INSTALL] = { SEVERITY_WARNING, "rival-install", "a command is run instead of loading a module",
			    "Scripts of this kind bind devices by themselves, without any of the guards." },
	[RIVAL_BLACKLIST] = { SEVERITY_HINT, "rival-blacklist", "a driver is never loaded by itself",
			      "A policy needs no blacklist, and the card that stays with the host may need this "
			      "driver." },
	[RIVAL_BLOCKED] = { SEVERITY_WARNING, "vfio-blacklisted", "a module of vfio is kept from being loaded",
			    "vfio-bind loads it all the same, but libvirt, and everything else that goes through "
			    "modprobe, "
			    "may not; on the kernel command line, module_blacklist= stops everybody." },
	[RIVAL_DRIVERCTL] = { SEVERITY_WARNING, "rival-driverctl", "driverctl overrides the driver of a device",
			      "It comes later in the boot, takes the device from whatever holds it then, and knows no "
			      "guards." },
	[RIVAL_UNRAID] = { SEVERITY_WARNING, "rival-unraid", "Unraid's list binds a device",
			   "It binds by itself, without a look at what came of it." },
};

static void look_for_rivals(struct check *check)
{
	for (size_t i = 0; i < check->rivals.count; i++) {
		const struct rival *rival = &check->rivals.items[i];
		bool has_policy = check->session.policy.n_rules > 0;

		check_add(check, (struct finding){
					 .severity = has_policy ? sayings[rival->kind].severity : SEVERITY_HINT,
					 .name = sayings[rival->kind].name,
					 .where = util_copy(rival->where),
					 .what = util_format("%s: %.200s", sayings[rival->kind].what, rival->text),
					 .why = sayings[rival->kind].why,
					 .todo = has_policy ? util_format("By hand: %s.", rival->remedy)
							    : util_copy("vfiokit import makes a policy of such lists."),
				 });
	}
}

const struct check_item check_rival_items[] = {
	{ "competing mechanisms", look_for_rivals },
	{ NULL, NULL },
};
