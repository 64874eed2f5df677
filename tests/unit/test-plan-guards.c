/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DESIGN.md 3, "Verdicts": what speaks against a single device. */
#include "tests/unit/plan-cases.h"

#define NVME "01:00.0 0108 144d:a808 1 -;"
#define ALLOW "allow=storage\n"

static const struct plan_case storage_cases[] = {
	{ "class 01 needs allow", ON(NVME, A "address=01:00.0\n"), "01:00.0 refuse storage a; = error 1" },
	{ "allow for another guard", ON(NVME, A "address=01:00.0\nallow=network last-input\n"),
	  "01:00.0 refuse storage a; = error 1" },
	{ "by address and allowed", ON(NVME, A "address=01:00.0\n" ALLOW), "01:00.0 bind a; = ok 0" },
	{ "by path and allowed", ON(NVME, A "path=01:00.0\n" ALLOW), "01:00.0 bind a; = ok 0" },
	{ "by id and allowed, use unknown", ON(NVME, A "id=144d:a808\n" ALLOW), "01:00.0 refuse storage a; = error 1" },
	{ "by id and allowed, use known", ON(NVME, A "id=144d:a808\n" ALLOW, .needs = "knows-storage"),
	  "01:00.0 bind a; = ok 0" },
	{ "by class and allowed, use unknown", ON(NVME, A "class=nvme\n" ALLOW),
	  "01:00.0 refuse storage a; = error 1" },
	{ "use known, not allowed", ON(NVME, A "id=144d:a808\n", .needs = "knows-storage"),
	  "01:00.0 refuse storage a; = error 1" },
	{ "pulled in, use unknown", ON(NVME X1, A "address=01:00.1\n" ALLOW WHOLE),
	  "01:00.0 refuse storage a; 01:00.1 refuse group a; = error 1" },
	{ "pulled in, use known", ON(NVME X1, A "address=01:00.1\n" ALLOW WHOLE, .needs = "knows-storage"),
	  "01:00.0 bind a; 01:00.1 bind a; = ok 0" },
	{ "in use, never waived", ON(NVME, A "address=01:00.0\n" ALLOW, .needs = "storage 01:00.0"),
	  "01:00.0 refuse storage a; = error 1" },
	{ "in use, list complete", ON(NVME, A "address=01:00.0\n" ALLOW, .needs = "knows-storage; storage 01:00.0"),
	  "01:00.0 refuse storage a; = error 1" },
	{ "in use, whatever its class: a USB host",
	  ON("01:00.0 0c03 1b73:1100 1 -;02:00.0 0c03 1b73:1100 2 -;", A "address=01:00.0\n" ALLOW,
	     .needs = "storage 01:00.0"),
	  "01:00.0 refuse storage a; = error 1" },
	{ "another one is in use", ON(NVME Y, A "address=01:00.0\n" ALLOW, .needs = "knows-storage; storage 02:00.0"),
	  "01:00.0 bind a; = ok 0" },
	{ "a network need is not a storage need",
	  ON(NVME, A "address=01:00.0\nallow=storage network\n", .needs = "network 01:00.0"),
	  "01:00.0 bind a; = ok 0" },
	{ "SATA, RAID, VMD are class 01 too",
	  ON("01:00.0 0106 8086:a352 1 -;02:00.0 0104 8086:9a0b 2 -;", A "class=01\n"),
	  "01:00.0 refuse storage a; 02:00.0 refuse storage a; = error 1" },
};

TEST(plan_storage)
{
	check_cases(storage_cases, ARRAY_SIZE(storage_cases));
}

static const struct plan_case network_cases[] = {
	{ "class 02 needs allow", ON(NIC, A "address=01:00.2\n"), "01:00.2 refuse network a; = error 1" },
	{ "by id too", ON(NIC, A "id=8086:10d3\n"), "01:00.2 refuse network a; = error 1" },
	{ "allowed", ON(NIC, A "class=network\nallow=network\n"), "01:00.2 bind a; = ok 0" },
	{ "allow for another guard", ON(NIC, A "class=network\nallow=storage\n"),
	  "01:00.2 refuse network a; = error 1" },
	{ "an interface below, of whatever class", ON(X, A "id=1111:0001\n", .needs = "network 01:00.0"),
	  "01:00.0 refuse network a; = error 1" },
	{ "an interface below, allowed", ON(X, A "id=1111:0001\nallow=network\n", .needs = "network 01:00.0"),
	  "01:00.0 bind a; = ok 0" },
	{ "pulled in", ON(X NIC, A "id=1111:0001\n" WHOLE),
	  "01:00.0 refuse group a; 01:00.2 refuse network a; = error 1" },
	{ "pulled in, allowed", ON(X NIC, A "id=1111:0001\nallow=network\n" WHOLE),
	  "01:00.0 bind a; 01:00.2 bind a; = ok 0" },
};

TEST(plan_network)
{
	check_cases(network_cases, ARRAY_SIZE(network_cases));
}

#define USB1 "01:00.0 0c03 1b73:1100 1 -;"
#define USB2 "02:00.0 0c03 1b73:1100 2 -;"
#define KEYBOARDS "knows-keyboards; "

static const struct plan_case last_input_cases[] = {
	{ "unknown, every USB host", ON(USB1 USB2, A "class=usb\n"),
	  "01:00.0 refuse last-input a; 02:00.0 refuse last-input a; = error 1" },
	{ "unknown, the only one", ON(USB1, A "address=01:00.0\n"), "01:00.0 refuse last-input a; = error 1" },
	{ "unknown, one stays", ON(USB1 USB2, A "address=01:00.0\n"), "01:00.0 bind a; = ok 0" },
	{ "unknown, one stays because it is refused", ON(USB1 "02:00.0 0c03 1b73:1100 - -;", A "class=usb\n"),
	  "01:00.0 bind a; 02:00.0 refuse no-iommu a; = partial 1" },
	{ "unknown, one stays by vfiokit.skip", ON(USB1 USB2, A "class=usb\n", .cmdline = "vfiokit.skip=02:00.0"),
	  "01:00.0 bind a; 02:00.0 skip cmdline a; = ok 0" },
	{ "unknown, by two rules", ON(USB1 USB2, A "address=01:00.0\n" B "address=02:00.0\n"),
	  "01:00.0 refuse last-input a; 02:00.0 refuse last-input b; = error 1" },
	{ "unknown, one waived", ON(USB1 USB2, A "address=01:00.0\nallow=last-input\n" B "address=02:00.0\n"),
	  "01:00.0 bind a; 02:00.0 refuse last-input b; = partial 1" },
	{ "unknown, all waived", ON(USB1 USB2, A "class=usb\nallow=last-input\n"),
	  "01:00.0 bind a; 02:00.0 bind a; = ok 0" },
	{ "unknown, the other is taken already", ON(USB1 "02:00.0 0c03 1b73:1100 2 vfio-pci;", A "class=usb\n"),
	  "01:00.0 refuse last-input a; 02:00.0 bound a; = partial 1" },
	{ "unknown, pulled in by a group", ON(USB1 X1, A "id=1111:0003\n" WHOLE),
	  "01:00.0 refuse last-input a; 01:00.1 refuse group a; = error 1" },
	{ "known, the last", ON(USB1 USB2, A "address=01:00.0\n", .needs = KEYBOARDS "keyboard 01:00.0"),
	  "01:00.0 refuse last-input a; = error 1" },
	{ "known, waived",
	  ON(USB1 USB2, A "address=01:00.0\nallow=last-input\n", .needs = KEYBOARDS "keyboard 01:00.0"),
	  "01:00.0 bind a; = ok 0" },
	{ "known, another host has one",
	  ON(USB1 USB2, A "address=01:00.0\n", .needs = KEYBOARDS "keyboard 01:00.0; keyboard 02:00.0"),
	  "01:00.0 bind a; = ok 0" },
	{ "known, one elsewhere",
	  ON(USB1 USB2, A "class=usb\n", .needs = KEYBOARDS "keyboard 01:00.0; keyboard elsewhere"),
	  "01:00.0 bind a; 02:00.0 bind a; = ok 0" },
	{ "known, two on one host",
	  ON(USB1 USB2, A "address=01:00.0\n", .needs = KEYBOARDS "keyboard 01:00.0; keyboard 01:00.0"),
	  "01:00.0 refuse last-input a; = error 1" },
	{ "known, both hosts taken",
	  ON(USB1 USB2, A "class=usb\n", .needs = KEYBOARDS "keyboard 01:00.0; keyboard 02:00.0"),
	  "01:00.0 refuse last-input a; 02:00.0 refuse last-input a; = error 1" },
	{ "known, a host without one goes freely",
	  ON(USB1 USB2, A "class=usb\n", .needs = KEYBOARDS "keyboard 01:00.0"),
	  "01:00.0 refuse last-input a; 02:00.0 bind a; = partial 1" },
	{ "known, none at all", ON(USB1, A "class=usb\n", .needs = KEYBOARDS), "01:00.0 bind a; = ok 0" },
	{ "other devices do not matter", ON(USB1 X1, A "address=01:00.1\n"), "01:00.1 bind a; = ok 0" },
};

TEST(plan_last_input)
{
	check_cases(last_input_cases, ARRAY_SIZE(last_input_cases));
}

#define QAT "01:00.0 0b40 8086:37c8 1 -;"

static const struct plan_case guards_cases[] = {
	{ "no group", ON("01:00.0 1200 1111:0001 - -;" Y, A "class=12\n"),
	  "01:00.0 refuse no-iommu a; 02:00.0 bind a; = partial 1" },
	{ "no group, alone", ON("01:00.0 1200 1111:0001 - -;", A "class=12\n"),
	  "01:00.0 refuse no-iommu a; = error 1" },
	{ "denylist", ON(QAT, A "address=01:00.0\n"), "01:00.0 refuse denylist a; = error 1" },
	{ "disable_denylist", ON("ignores-denylist;" QAT, A "address=01:00.0\n"), "01:00.0 bind a; = ok 0" },
	{ "the denylist is vfio-pci's own", ON(QAT, A "address=01:00.0\ndriver=qat_vfio_pci\n"),
	  "01:00.0 bind a; = ok 0" },
	{ "the same device id of another vendor", ON("01:00.0 0b40 10de:37c8 1 -;", A "address=01:00.0\n"),
	  "01:00.0 bind a; = ok 0" },
	{ "has-vfs", ON("01:00.0 1200 1111:0001 1 - vfs=2;", A "class=12\n"), "01:00.0 refuse has-vfs a; = error 1" },
	{ "bound", ON("01:00.0 1200 1111:0001 1 vfio-pci;", A "class=12\n"), "01:00.0 bound a; = ok 0" },
	{ "bound to another driver of vfio", ON("01:00.0 1200 1111:0001 1 mlx5_vfio_pci;", A "class=12\n"),
	  "01:00.0 bind a; = ok 0" },
	{ "auto accepts every driver of vfio",
	  ON("01:00.0 1200 1111:0001 1 mlx5_vfio_pci;", A "class=12\ndriver=auto\n"), "01:00.0 bound a; = ok 0" },
	{ "bound to a driver that is not vfio's",
	  ON("01:00.0 1200 1111:0001 1 pci-stub;", A "class=12\ndriver=pci-stub\n"), "01:00.0 bound a; = ok 0" },
	{ "bound, of class 01", ON("01:00.0 0108 144d:a808 1 vfio-pci;", A "class=01\n"), "01:00.0 bound a; = ok 0" },
	{ "on-bound = unbind", ON("01:00.0 1200 1111:0001 1 foo;", A "class=12\n"), "01:00.0 bind a; = ok 0" },
	{ "on-bound = skip", ON("01:00.0 1200 1111:0001 1 foo;", A "class=12\non-bound=skip\n"),
	  "01:00.0 skip on-bound a; = ok 0" },
	{ "on-bound = skip, driverless", ON(X, A "class=12\non-bound=skip\n"), "01:00.0 bind a; = ok 0" },
	{ "a running system keeps what is bound",
	  ON("01:00.0 1200 1111:0001 1 foo;" Y, A "class=12\n", .keeps_bound = true),
	  "01:00.0 skip on-bound a; 02:00.0 bind a; = ok 0" },
	{ "a running system, bound to vfio-pci already",
	  ON("01:00.0 1200 1111:0001 1 vfio-pci;", A "class=12\n", .keeps_bound = true), "01:00.0 bound a; = ok 0" },
	{ "no-driver", ON("driver foo no;" X, A "class=12\ndriver=foo\n"), "01:00.0 refuse no-driver a; = error 1" },
	{ "unknown is not no-driver", ON("driver foo unknown;" X, A "class=12\ndriver=foo\n"),
	  "01:00.0 bind a; = ok 0" },
	{ "vfio-pci unknown", ON("driver vfio-pci unknown;" X, A "class=12\n"), "01:00.0 bind a; = ok 0" },
	{ "auto with a variant",
	  ON("driver vfio-pci yes;01:00.0 1200 1111:0001 1 - variant=foo_vfio_pci;", A "class=12\ndriver=auto\n"),
	  "01:00.0 bind a; = ok 0" },
};

TEST(plan_guards)
{
	check_cases(guards_cases, ARRAY_SIZE(guards_cases));
}

TEST(plan_denylist_ids)
{
	static const char *const ids[] = { "19e2", "19e3", "37c8", "37c9", "0435", "0443", "0b25", "0cfe" };

	for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
		cleanup_free char *devices = util_format("01:00.0 0b40 8086:%s 1 -", ids[i]), *got = NULL;
		const struct machine_text text = { .devices = devices, .policy = A "address=01:00.0\n" };
		struct machine machine;

		test_case("8086:%s", ids[i]);
		machine_read(&machine, &text);
		got = machine_verdicts(&machine);
		CHECK_STR(got, "01:00.0 refuse denylist a; = error 1");
		machine_free(&machine);
	}
}

TEST(plan_driver_choice)
{
	static const struct {
		const char *device, *driver, *expected;
	} cases[] = {
		{ "01:00.0 1200 1111:0001 1 -", "", "vfio-pci" },
		{ "01:00.0 1200 1111:0001 1 -", "driver=vfio-pci\n", "vfio-pci" },
		{ "01:00.0 1200 1111:0001 1 -", "driver=auto\n", "vfio-pci" },
		{ "01:00.0 1200 1111:0001 1 - variant=mlx5_vfio_pci", "driver=auto\n", "mlx5_vfio_pci" },
		{ "01:00.0 1200 1111:0001 1 - variant=mlx5_vfio_pci", "", "vfio-pci" },
		{ "01:00.0 1200 1111:0001 1 -", "driver=pci-stub\n", "pci-stub" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_free char *policy = util_format(A "class=12\n%s", cases[i].driver);
		const struct machine_text text = { .devices = cases[i].device, .policy = policy };
		struct machine machine;

		test_case("%s %s", cases[i].device, cases[i].driver);
		machine_read(&machine, &text);
		CHECK_STR(machine_entry(&machine, "01:00.0")->driver, cases[i].expected);
		machine_free(&machine);
	}
}
