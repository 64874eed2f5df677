/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sentences of a plan: what, why, and at the end what holds the device now. */
#include "binder/plan.h"
#include "tests/unit/machine.h"
#include "tests/unit/test.h"

#define A "[device a]\n"
#define TAKE A "address=01:00.0\n"
#define CARD(driver) "01:00.0 1200 1111:0001 1 " driver

static const struct {
	const char *name;
	struct machine_text text;
	const char *message;
} cases[] = {
	{ "bind",
	  { .devices = CARD("foo"), .policy = TAKE },
	  "goes to vfio-pci, by rule 'a' (bind.conf:1); foo holds it" },
	{ "bind, driverless",
	  { .devices = CARD("-"), .policy = TAKE },
	  "goes to vfio-pci, by rule 'a' (bind.conf:1); no driver holds it" },
	{ "pulled in",
	  { .devices = CARD("-") ";01:00.1 1200 1111:0002 1 -", .policy = A "address=01:00.1\ngroup=whole\n" },
	  "goes with its group to vfio-pci, by rule 'a' (bind.conf:1); no driver holds it" },
	{ "a clash of rules",
	  { .devices = CARD("-"), .policy = TAKE "[device b]\nid=1111:0001\n" },
	  "goes to vfio-pci, by rule 'a' (bind.conf:1); rule 'b' matches it too, but 'a' comes first; no driver holds "
	  "it" },
	{ "a clash with an identity",
	  { .devices = CARD("-"), .policy = "[device b]\nid=1111:0001\n" TAKE "id=2222:0002\n" },
	  "rule 'a' names this slot for another device, but 1111:0001:0000:0000 is in it; rule 'b' matches it too, but "
	  "'a' "
	  "names its slot; no driver holds it" },
	{ "the rest of its group",
	  { .devices = CARD("-") ";01:00.1 1200 1111:0002 1 foo;01:00.2 1200 1111:0003 1 -;00:01.0 0604 1111:0009 1 -",
	    .policy = TAKE },
	  "goes to vfio-pci, by rule 'a' (bind.conf:1); warning: group 1 also holds 0000:01:00.1, 0000:01:00.2, and no "
	  "guest "
	  "can use the group while a host driver holds one of its devices (group = whole takes them too); no driver "
	  "holds it" },
	{ "members on a VFIO driver are no reason to warn",
	  { .devices = CARD("-") ";01:00.1 1200 1111:0002 1 vfio-pci", .policy = TAKE },
	  "goes to vfio-pci, by rule 'a' (bind.conf:1); no driver holds it" },
	{ "nor are members on pci-stub, and an ISA bridge without a driver",
	  { .devices = CARD("-") ";01:00.1 1200 1111:0002 1 pci-stub;01:00.2 0601 1111:0003 1 -", .policy = TAKE },
	  "goes to vfio-pci, by rule 'a' (bind.conf:1); no driver holds it" },
	{ "an ISA bridge that a driver holds",
	  { .devices = CARD("-") ";01:00.1 1200 1111:0002 1 foo;01:00.2 0601 1111:0003 1 lpc_ich", .policy = TAKE },
	  "goes to vfio-pci, by rule 'a' (bind.conf:1); warning: group 1 also holds 0000:01:00.1, 0000:01:00.2, and no "
	  "guest can use the group while a host driver holds one of its devices (lpc_ich must let go of 0000:01:00.2); "
	  "no driver holds it" },
	{ "bound", { .devices = CARD("vfio-pci"), .policy = TAKE }, "already right for rule 'a'; vfio-pci holds it" },
	{ "cmdline",
	  { .devices = CARD("foo"), .policy = TAKE, .cmdline = "vfiokit.skip=01:00.0" },
	  "left alone: vfiokit.skip= on the kernel command line names it; foo holds it" },
	{ "off",
	  { .devices = CARD("foo"), .policy = TAKE, .cmdline = "vfiokit=off" },
	  "left alone: vfiokit=off on the kernel command line; foo holds it" },
	{ "identity: class",
	  { .devices = CARD("foo"), .policy = TAKE "class=03\n" },
	  "rule 'a' names this slot for another class, but class 120000 is in it; foo holds it" },
	{ "identity: serial",
	  { .devices = CARD("foo") " serial=X1", .policy = TAKE "serial=X2\n" },
	  "rule 'a' names this slot for another serial number, but the kernel shows X1; foo holds it" },
	{ "identity: no serial",
	  { .devices = CARD("foo"), .policy = TAKE "serial=X2\n" },
	  "rule 'a' names this slot for another serial number, but the kernel shows none; foo holds it" },
	{ "identity: nobody can tell",
	  { .devices = "01:00.0 0000 0000:0000 1 foo unknown", .policy = TAKE },
	  "rule 'a' names this slot, but nobody can tell what is in it (file: Permission denied); the kernel log may "
	  "say why; "
	  "foo "
	  "holds it" },
	{ "group: itself cannot be read",
	  { .devices = CARD("foo") " unread", .policy = TAKE },
	  "its file cannot be read (Permission denied), so nobody can tell what would be taken; the kernel log may say "
	  "why; "
	  "foo "
	  "holds it" },
	{ "group: its driver cannot be read",
	  { .devices = CARD("-") " unread driver-unread", .policy = TAKE },
	  "its file cannot be read (Permission denied), so nobody can tell what would be taken; the kernel log may say "
	  "why; "
	  "nobody can tell what holds it" },
	{ "group: a function of the group cannot be read",
	  { .devices = CARD("-") ";02:00.0 0000 0000:0000 1 foo unknown", .policy = TAKE },
	  "the file of 0000:02:00.0 in the same IOMMU group cannot be read (Permission denied), so nobody can tell "
	  "what would "
	  "be "
	  "taken; the kernel log may say why; no driver holds it" },
	{ "group: a function of the slot cannot be read",
	  { .devices = CARD("bar") ";01:00.1 1200 1111:0001 - foo unread", .policy = TAKE },
	  "the file of 0000:01:00.1 in the same slot cannot be read (Permission denied), so nobody can tell what would "
	  "be "
	  "taken; "
	  "the kernel log may say why; bar holds it" },
	{ "identity: path",
	  { .devices = CARD("foo"), .policy = TAKE "path=02:00.0\n" },
	  "rule 'a' names this address together with another path; the device is at 0000:01:00.0, path 0000:01:00.0; "
	  "foo holds "
	  "it" },
	{ "bridge, skipped",
	  { .devices = "01:00.0 0604 1111:0001 1 -", .policy = A "class=06\n" },
	  "it is a bridge, which stays with the host and does no harm to its group; no driver holds it" },
	{ "bridge, named",
	  { .devices = "01:00.0 0604 1111:0001 1 pcieport", .policy = TAKE },
	  "it is a bridge, which no guest can be given; take it out of rule 'a'; pcieport holds it" },
	{ "host bridge with a driver",
	  { .devices = "01:00.0 0601 1111:0001 1 lpc_ich;01:00.1 1200 1111:0002 1 -",
	    .policy = A "address=01:00.1\ngroup=whole\n" },
	  "it is a host or ISA bridge that lpc_ich needs for the host; lpc_ich holds it" },
	{ "console",
	  { .devices = "01:00.0 0300 1111:0001 1 foo boot_vga", .policy = TAKE },
	  "it carries the console (a sign), which stays with the host (boot-vga = exclude); foo holds it" },
	{ "companion",
	  { .devices = "01:00.0 0403 1111:0001 1 foo;01:00.1 0300 1111:0002 1 - boot_vga", .policy = A "id=1111:*\n" },
	  "it belongs to the card of the console, which stays with the host (boot-vga = exclude); foo holds it" },
	{ "unknown console",
	  { .devices = "01:00.0 0300 1111:0001 1 foo", .policy = TAKE },
	  "nothing shows which display device carries the console, and the policy would take all of them; boot-vga = "
	  "allow in "
	  "the rule permits it; foo holds it" },
	{ "no group",
	  { .devices = "01:00.0 1200 1111:0001 - foo", .policy = TAKE },
	  "it has no IOMMU group, so vfio-pci would refuse it; foo holds it" },
	{ "no IOMMU",
	  { .devices = "no-iommu;01:00.0 1200 1111:0001 - foo", .policy = TAKE },
	  "there is no IOMMU (switch it on in the firmware; Intel also needs intel_iommu=on); foo holds it" },
	{ "denylist",
	  { .devices = "01:00.0 0b40 8086:37c8 1 foo", .policy = TAKE },
	  "vfio-pci refuses this device as unsafe (its disable_denylist parameter permits it); foo holds it" },
	{ "VFs",
	  { .devices = CARD("foo") " vfs=3", .policy = TAKE },
	  "3 virtual functions of it exist; set sriov_numvfs to 0 first; foo holds it" },
	{ "storage",
	  { .devices = "01:00.0 0108 1111:0001 1 nvme", .policy = TAKE },
	  "it is a storage controller; rule 'a' needs allow = storage to take it; nvme holds it" },
	{ "storage of unknown use",
	  { .devices = "01:00.0 0108 1111:0001 1 nvme", .policy = A "class=nvme\nallow=storage\n" },
	  "it is a storage controller and nothing tells yet whether the host uses it; name it by address or path to "
	  "take it all "
	  "the same; nvme holds it" },
	{ "storage in use",
	  { .devices = "01:00.0 0108 1111:0001 1 nvme", .policy = TAKE, .needs = "storage 01:00.0" },
	  "the host uses its storage (in use); nvme holds it" },
	{ "network",
	  { .devices = "01:00.0 0200 1111:0001 1 e1000e", .policy = TAKE },
	  "it is a network controller; rule 'a' needs allow = network to take it; e1000e holds it" },
	{ "network in use",
	  { .devices = "01:00.0 0200 1111:0001 1 e1000e", .policy = TAKE, .needs = "network 01:00.0" },
	  "the host uses its network (in use); rule 'a' needs allow = network to take it; e1000e holds it" },
	{ "last input",
	  { .devices = "01:00.0 0c03 1111:0001 1 xhci_hcd", .policy = TAKE },
	  "the policy would take every USB host, and with it the last keyboard; rule 'a' needs allow = last-input to "
	  "take it; "
	  "xhci_hcd holds it" },
	{ "last keyboard",
	  { .devices = "01:00.0 0c03 1111:0001 1 xhci_hcd",
	    .policy = TAKE,
	    .needs = "knows-keyboards;keyboard 01:00.0" },
	  "the host's last keyboard hangs on it: a keyboard; rule 'a' needs allow = last-input to take it; xhci_hcd "
	  "holds it" },
	{ "on-bound",
	  { .devices = CARD("foo"), .policy = TAKE "on-bound=skip\n" },
	  "foo has it already, and on-bound = skip leaves it there; foo holds it" },
	{ "on a running system",
	  { .devices = CARD("foo"), .policy = TAKE, .keeps_bound = true },
	  "foo has it already, and on a running system nothing is taken from a driver; it is bound at the next boot; "
	  "foo holds it" },
	{ "no driver",
	  { .devices = "driver bar no;" CARD("foo"), .policy = TAKE "driver=bar\n" },
	  "there is no driver bar: neither built in nor a module that can be found; foo holds it" },
	{ "half a group",
	  { .devices = CARD("foo") ";01:00.1 1200 1111:0002 1 - vfs=1", .policy = TAKE "address=01:00.1\n" },
	  "another device of IOMMU group 1 stays with the host, and half a group is of no use; foo holds it" },
};

TEST(plan_text_devices)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct machine machine;

		test_case("%s", cases[i].name);
		machine_read(&machine, &cases[i].text);
		CHECK_STR(machine_entry(&machine, "01:00.0")->message, cases[i].message);
		machine_free(&machine);
	}
}

TEST(plan_text_absent)
{
	static const struct {
		const char *policy, *message;
	} rows[] = {
		{ TAKE, "no device is at this address, which rule 'a' names; optional = yes would make this no error; "
			"nothing was "
			"changed" },
		{ A "path=01:00.0\n", "no device is at this path, which rule 'a' names; optional = yes would make this "
				      "no error; nothing was changed" },
		{ A "class=03\n",
		  "no device is what rule 'a' selects; optional = yes would make this no error; nothing was changed" },
		{ A "class=03\noptional=yes\n", "no device is what rule 'a' selects; nothing was changed" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct machine machine;

		test_case("%s", rows[i].policy);
		machine_read(&machine, &(struct machine_text){ .policy = rows[i].policy });
		CHECK_INT(machine.plan.n_entries, 1);
		CHECK_STR(machine.plan.entries[0].message, rows[i].message);
		machine_free(&machine);
	}
}

/* Every name that users see. */
TEST(plan_text_names)
{
	static const char *const verdicts[] = { "bind", "bound", "skip", "refuse", "fail", "release" };
	static const char *const results[] = { "ok", "partial", "error", "nothing", "off" };
	static const char *const reasons[] = { "cmdline",  "identity",   "bridge",   "vfs",    "console",
					       "no-iommu", "denylist",   "has-vfs",  NULL,     "storage",
					       "network",  "last-input", "on-bound", "open",   "no-driver",
					       "group",    "not-bound",  "absent",   "module", "unbind",
					       "stuck",    "probe",      NULL };

	for (size_t i = 0; i < ARRAY_SIZE(verdicts); i++)
		CHECK_STR(plan_verdict_name((enum verdict)i), verdicts[i]);
	for (size_t i = 0; i < ARRAY_SIZE(results); i++)
		CHECK_STR(plan_result_name((enum result)i), results[i]);
	CHECK_INT(ARRAY_SIZE(reasons), REASON_NONE + 1);
	for (size_t i = 0; i < ARRAY_SIZE(reasons); i++)
		CHECK_STR(plan_reason_name(&(struct plan_entry){ .reason = (enum reason)i }), reasons[i]);
	CHECK_STR(plan_reason_name(&(struct plan_entry){ .reason = REASON_CONSOLE, .is_boot_vga = true }), "boot-vga");
}
