/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Late arrivals: what may be taken from a driver on the running system, and what a udev rule is told. */
#include "binder/late.h"

#include <fcntl.h>

#include "binder/commands.h"
#include "lib/file.h"
#include "tests/unit/plan-cases.h"

#define HELD "01:00.0 1200 1111:0001 1 foo;"
#define LATE "01:00.0 1200 1111:0001 1 foo late;"
#define LATE_USED "01:00.0 1200 1111:0001 1 foo late blind=sda;"
#define LATE_NVME "01:00.0 0108 144d:a808 1 nvme late;"

static const struct plan_case cases[] = {
	{ "one that was there stays", ON(HELD, A "address=01:00.0\n", .keeps_bound = true),
	  "01:00.0 skip on-bound a; = ok 0" },
	{ "a late one is taken", ON(LATE, A "address=01:00.0\n", .keeps_bound = true), "01:00.0 bind a; = ok 0" },
	{ "a late one stays by on-bound", ON(LATE, A "address=01:00.0\non-bound=skip\n", .keeps_bound = true),
	  "01:00.0 skip on-bound a; = ok 0" },
	{ "a late one of which nobody can tell stays", ON(LATE_USED, A "address=01:00.0\n", .keeps_bound = true),
	  "01:00.0 refuse storage a; = error 1" },
	{ "allow does not help there", ON(LATE_USED, A "address=01:00.0\nallow=storage\n", .keeps_bound = true),
	  "01:00.0 refuse storage a; = error 1" },
	{ "late storage that is used stays",
	  ON(LATE_NVME, A "address=01:00.0\nallow=storage\n", .keeps_bound = true, .needs = "storage 01:00.0"),
	  "01:00.0 refuse storage a; = error 1" },
	{ "idle late storage is taken",
	  ON(LATE_NVME, A "address=01:00.0\nallow=storage\n", .keeps_bound = true, .needs = "knows-storage"),
	  "01:00.0 bind a; = ok 0" },
	{ "if the rule says so", ON(LATE_NVME, A "address=01:00.0\n", .keeps_bound = true, .needs = "knows-storage"),
	  "01:00.0 refuse storage a; = error 1" },
	{ "a disk that a process has open stays, whatever is waived",
	  ON("01:00.0 0108 144d:a808 1 nvme late disk-open=x;", A "address=01:00.0\nallow=storage\n",
	     .keeps_bound = true, .needs = "knows-storage"),
	  "01:00.0 refuse storage a; = error 1" },
	{ "a late network that is used stays",
	  ON(LATE, A "address=01:00.0\n", .keeps_bound = true, .needs = "network 01:00.0"),
	  "01:00.0 refuse network a; = error 1" },
	{ "unless the rule says so",
	  ON(LATE, A "address=01:00.0\nallow=network\n", .keeps_bound = true, .needs = "network 01:00.0"),
	  "01:00.0 bind a; = ok 0" },
	{ "a late one is not half a group",
	  ON(LATE "01:00.1 1200 1111:0003 1 foo;", A "id=1111:*\n", .keeps_bound = true),
	  "01:00.0 refuse group a; 01:00.1 skip on-bound a; = error 1" },
	{ "a whole late card",
	  ON(LATE "01:00.1 1200 1111:0003 1 foo late;", A "id=1111:0001\n" WHOLE, .keeps_bound = true),
	  "01:00.0 bind a; 01:00.1 bind a; = ok 0" },
};

TEST(late_plan)
{
	check_cases(cases, ARRAY_SIZE(cases));
}

TEST(late_plan_says_why)
{
	const struct machine_text text = { .devices = LATE_USED, .policy = A "address=01:00.0\n", .keeps_bound = true };
	struct machine machine;

	machine_read(&machine, &text);
	plan_explain(&machine.plan, &machine.input);
	CHECK_STR(machine_entry(&machine, "01:00.0")->message, "its storage counts as used (sda); foo holds it");
	machine_free(&machine);
}

/* Only the card and the group of the device are left, and what is absent is not its business. */
TEST(late_narrow)
{
	static const struct {
		const char *device, *expected;
	} rows[] = {
		{ "01:00.0", "01:00.0 bind a; 01:00.1 bind a; 03:00.0 bind a; = ok 0" },
		{ "01:00.2", "01:00.0 bind a; 01:00.1 bind a; = ok 0" },
		{ "02:00.0", "02:00.0 bind a; = ok 0" },
		{ "05:00.0", "= ok 0" },
		{ "09:00.0", "= error 1" },
	};
	const struct machine_text text = { .devices = X Y X1 "01:00.2 1200 2222:0001 4 -;03:00.0 1200 1111:0004 1 -;"
							     "05:00.0 1200 2222:0002 5 -;",
					   .policy = A "id=1111:*\n" B "address=07:00.0\n" };

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct machine machine;
		cleanup_free char *got = NULL;
		struct bdf bdf;

		test_case("%s", rows[i].device);
		machine_read(&machine, &text);
		CHECK_TRUE(bdf_parse(rows[i].device, &bdf));
		plan_narrow(&machine.plan, &machine.inventory, &bdf);
		got = machine_verdicts(&machine);
		CHECK_STR(got, rows[i].expected);
		machine_free(&machine);
	}
}

#define PORT "PCI: 00:01.0 0604 8086:1901 - pcieport 1\n"
#define CARD PORT "PCI: 00:01.0/01:00.0 1200 1111:0001 - foo 2\n"
#define DISK "PCI: 00:01.0/01:00.0 0100 1111:0001 - foo 2\n"
#define BELOW "../../devices/pci0000:00/0000:00:01.0/0000:01:00.0/"
#define TAG(address) "F: run/udev/tags/vfiokit-late/+pci:0000:" address "=\n"

static const struct {
	const char *name, *tree, *expected; /* "ADDRESS[ KEEP];" of each that is late */
	const char *class, *link;           /* a link in a class, and where it leads */
} marks[] = {
	{ "nothing below it", CARD, "0000:01:00.0;", NULL, NULL },
	{ "driverless storage", PORT "PCI: 00:01.0/01:00.0 0108 1111:0001 - - 2\n", "0000:01:00.0;", NULL, NULL },
	{ "storage", PORT "PCI: 00:01.0/01:00.0 0108 1111:0001 - nvme 2\n",
	  "0000:01:00.0 nobody can tell what is behind it;", NULL, NULL },
	{ "a disk of whatever class", CARD, "0000:01:00.0 nobody can tell what uses sda;", "sys/class/block/sda",
	  BELOW "usb1/1-1/host0/block/sda" },
	{ "a disk elsewhere", CARD, "0000:01:00.0;", "sys/class/block/sda",
	  "../../devices/pci0000:00/0000:00:1f.2/ata1/block/sda" },
	{ "a mate that was there before", CARD "PCI: 00:01.0/01:00.1 1200 1111:0002 - foo 2\n", "0000:01:00.0;", NULL,
	  NULL },
	{ "a mate that has arrived, too", CARD "PCI: 00:01.0/01:00.1 1200 1111:0002 - foo 3\n" TAG("01:00.1"),
	  "0000:01:00.0;0000:01:00.1;", NULL, NULL },
	{ "a member of the group that has arrived, too", CARD "PCI: 00:02.0 1200 1111:0002 - foo 2\n" TAG("00:02.0"),
	  "0000:00:02.0;0000:01:00.0;", NULL, NULL },
	{ "somebody else has arrived", CARD "PCI: 00:02.0 1200 1111:0002 - foo 3\n" TAG("00:02.0"), "0000:01:00.0;",
	  NULL, NULL },
	{ "it is gone", PORT "PCI: 00:02.0 1200 1111:0002 - foo 3\n" TAG("00:02.0"), "", NULL, NULL },
};

static void make_link(int root, const char *path, const char *target)
{
	cleanup_free char *directory = util_copy(path);

	*strrchr(directory, '/') = '\0';
	CHECK_INT(file_make_directories(root, directory), 0);
	CHECK_INT(symlinkat(target, root, path), 0);
}

TEST(late_mark)
{
	const struct bdf bdf = { .bus = 1 };

	for (size_t i = 0; i < ARRAY_SIZE(marks); i++) {
		int root = test_root(marks[i].tree);
		struct problems problems = { 0 };
		struct inventory inventory;
		char *text = util_copy("");

		test_case("%s", marks[i].name);
		if (marks[i].class != NULL)
			make_link(root, marks[i].class, marks[i].link);
		CHECK_INT(inventory_scan(&inventory, root, &problems), 0);
		inventory_complete(&inventory, root, &(struct policy){ 0 }, true);
		late_mark(&inventory, root, &bdf, &needs_unknown);
		for (size_t j = 0; j < inventory.n_devices; j++) {
			const struct device *device = &inventory.devices[j];
			const char *keep = device->blind_use != NULL ? device->blind_use : "";
			char *more;

			if (!device->is_late)
				continue;
			more = util_format("%s%s%s%s;", text, device->address, keep[0] != '\0' ? " " : "", keep);
			free(text);
			text = more;
		}
		CHECK_STR(text, marks[i].expected);
		free(text);
		inventory_free(&inventory);
		problems_free(&problems);
	}
}

/* --- the commands --- */

#define POLICY(rule) "F: etc/vfiokit/bind.conf=[device a]\\n" rule "\n"
#define CMDLINE(text) "F: proc/cmdline=" text "\\n\n"
#define FREE                                                                                                           \
	PORT "PCI: 00:01.0/01:00.0 1200 1111:0001 - - 2 driver_override=vfio-pci\nD: sys/bus/pci/drivers/vfio-pci\n"

struct call {
	int (*run)(const struct options *options, int root);
	struct options options;
	int root, code;
};

static void call_command(void *context)
{
	struct call *call = context;

	call->code = call->run(&call->options, call->root);
}

static const struct {
	const char *name, *tree, *expected;
} properties[] = {
	{ "to bind", FREE POLICY("id=1111:0001") CMDLINE("quiet"),
	  "VFIOKIT_RULE=a\nVFIOKIT_VERDICT=bind\nVFIOKIT_DRIVER=vfio-pci\n" },
	{ "no rule", FREE POLICY("id=1111:0002") CMDLINE("quiet"), "" },
	{ "another device is named and absent", FREE POLICY("address=05:00.0") CMDLINE("quiet"), "" },
	{ "no policy", FREE CMDLINE("quiet"), "" },
	{ "a guard", FREE POLICY("id=1111:0001\\nserial=00-11") CMDLINE("quiet"), "" },
	{ "refused", DISK POLICY("id=1111:0001") CMDLINE("quiet"), "VFIOKIT_RULE=a\nVFIOKIT_VERDICT=refuse\n" },
	{ "held, on-bound = skip", CARD POLICY("id=1111:0001\\non-bound=skip") CMDLINE("quiet"),
	  "VFIOKIT_RULE=a\nVFIOKIT_VERDICT=skip\n" },
	{ "off", FREE POLICY("id=1111:0001") CMDLINE("vfiokit=off"), "" },
	{ "skipped", FREE POLICY("id=1111:0001") CMDLINE("vfiokit.skip=01:00.0"), "" },
	{ "plan only", FREE POLICY("id=1111:0001") CMDLINE("vfiokit=plan"), "VFIOKIT_RULE=a\nVFIOKIT_VERDICT=bind\n" },
	{ "bound", PORT "PCI: 00:01.0/01:00.0 1200 1111:0001 - vfio-pci 2\n" POLICY("id=1111:0001") CMDLINE("quiet"),
	  "" },
	{ "gone", PORT POLICY("address=01:00.0") CMDLINE("quiet"), "" },
	{ "a broken policy", FREE "F: etc/vfiokit/bind.conf=[policy]\\nfoo=1\\n\n" CMDLINE("quiet"), "" },
};

TEST(late_properties)
{
	for (size_t i = 0; i < ARRAY_SIZE(properties); i++) {
		struct call call = {
			.run = command_plan,
			.options = { .root = "x", .has_device = true, .device = { .bus = 1 }, .udev = true },
			.root = test_root(properties[i].tree)
		};
		cleanup_free char *out = test_capture(STDOUT_FILENO, call_command, &call);

		test_case("%s", properties[i].name);
		CHECK_STR(out, properties[i].expected);
		CHECK_INT(call.code, 0);
	}
}

static const struct {
	const char *name, *tree, *out, *override;
	int code;
	bool is_kept; /* a report is there afterwards */
} applied[] = {
	{ "the override is taken back",
	  FREE "PCI: 00:01.0/01:00.1 1200 1111:0002 - foo 2\n" POLICY("id=1111:*\\ngroup=whole") CMDLINE("quiet"),
	  "half a group is of no use; the override that udev wrote was taken back; no driver holds it",
	  "\n", /* a file keeps what is not written over */
	  1, true },
	{ "an override of somebody else stays",
	  PORT "PCI: 00:01.0/01:00.0 1200 1111:0001 - - 2 driver_override=other\nD: sys/bus/pci/drivers/vfio-pci\n"
	       "PCI: 00:01.0/01:00.1 1200 1111:0002 - foo 2\n" POLICY("id=1111:*\\ngroup=whole") CMDLINE("quiet"),
	  "refuse group", "other\n", 1, true },
	{ "switched off, nothing is written", FREE POLICY("id=1111:0001") CMDLINE("vfiokit=off"), "skip cmdline",
	  "vfio-pci\n", 0, true },
	{ "plan only, nothing is written", FREE POLICY("id=1111:0001") CMDLINE("vfiokit=plan"), "plan: result ok",
	  "vfio-pci\n", 0, true },
	{ "no rule, nothing is kept", FREE POLICY("id=2222:*") CMDLINE("quiet"), "apply: result ok", "vfio-pci\n", 0,
	  false },
	{ "it is gone", PORT POLICY("address=01:00.0") CMDLINE("quiet"),
	  "0000:01:00.0: no device is at this address (it may have been removed again); nothing was changed", NULL, 1,
	  true },
};

TEST(late_apply)
{
	for (size_t i = 0; i < ARRAY_SIZE(applied); i++) {
		struct call call = {
			.run = command_apply,
			.options = { .root = "x", .deadline = 5, .has_device = true, .device = { .bus = 1 } },
			.root = test_root(applied[i].tree)
		};
		cleanup_free char *out = test_capture(STDOUT_FILENO, call_command, &call), *override = NULL;

		test_case("%s", applied[i].name);
		CHECK_HAS(out, applied[i].out);
		CHECK_INT(call.code, applied[i].code);
		CHECK_INT(faccessat(call.root, "run/vfiokit/bind.json", F_OK, 0) == 0, applied[i].is_kept);
		if (applied[i].override == NULL)
			continue;
		override = test_read_file(call.root, "sys/bus/pci/devices/0000:01:00.0/driver_override");
		CHECK_STR(override, applied[i].override);
	}
}

/* --quiet: what an earlier run has said is not said again, but kept. */
TEST(late_quiet)
{
	struct call call = { .run = command_apply, .options = { .root = "x", .deadline = 5, .quiet = true } };
	cleanup_free char *first = NULL, *second = NULL, *third = NULL, *json = NULL;

	call.root = test_root(PORT "PCI: 00:01.0/01:00.0 1200 1111:0001 - vfio-pci 2\n"
				   "PCI: 00:02.0 0108 1111:0002 - - 3\n" POLICY("id=1111:*") CMDLINE("quiet"));
	first = test_capture(STDOUT_FILENO, call_command, &call);
	CHECK_HAS(first, "0000:01:00.0: bound: ");
	CHECK_HAS(first, "0000:00:02.0: refuse storage: ");
	second = test_capture(STDOUT_FILENO, call_command, &call);
	CHECK_TRUE(strstr(second, "0000:0") == NULL);
	CHECK_HAS(second, "apply: result partial: 0 bound, 1 bound before, 0 skipped, 1 refused, 0 failed;");
	test_write_file(call.root, "etc/vfiokit/bind.conf", "[device a]\nid=1111:*\nallow=storage\n", 35);
	third = test_capture(STDOUT_FILENO, call_command, &call);
	CHECK_TRUE(strstr(third, "0000:0") == NULL);
	test_write_file(call.root, "proc/cmdline", "vfiokit.skip=00:02.0\n", 21);
	free(third);
	third = test_capture(STDOUT_FILENO, call_command, &call);
	CHECK_HAS(third, "0000:00:02.0: skip cmdline: ");
	CHECK_TRUE(strstr(third, "0000:01:00.0") == NULL);
	json = test_read_file(call.root, "run/vfiokit/bind.json");
	CHECK_HAS(json, "\"runs\"");
}
