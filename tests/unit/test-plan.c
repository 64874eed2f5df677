/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DESIGN.md 3, "Verdicts". A row: a machine, its policy, and what must come of it. */
#include "binder/plan.h"
#include "tests/unit/plan-cases.h"

static const struct plan_case matching_cases[] = {
	{ "no policy", ON(X, NULL), "= ok 0" },
	{ "no rules", ON(X, "[policy]\ngroup=whole\n"), "= ok 0" },
	{ "no rules, no iommu", ON("no-iommu;" X, NULL), "= ok 0" },
	{ "an id", ON(X Y, A "id=1111:0001\n"), "01:00.0 bind a; = ok 0" },
	{ "keys are ANDed", ON(X Y, A "id=1111:0001\nclass=1200\n"), "01:00.0 bind a; = ok 0" },
	{ "keys that disagree", ON(X, A "id=1111:0001\nclass=03\n"), "- skip absent a; = error 1" },
	{ "values are ORed", ON(X Y, A "id=1111:0001 1111:0002\n"), "01:00.0 bind a; 02:00.0 bind a; = ok 0" },
	{ "repeated list keys join", ON(X Y, A "id=1111:0001\nid=1111:0002\n"),
	  "01:00.0 bind a; 02:00.0 bind a; = ok 0" },
	{ "the first rule wins", ON(X, A "id=1111:0001\n" B "address=01:00.0\n"), "01:00.0 bind a; = ok 0" },
	{ "the first rule wins, the other way round", ON(X, B "address=01:00.0\n" A "id=1111:0001\n"),
	  "01:00.0 bind b; = ok 0" },
	{ "identity wins over a match in front of it", ON(X, A "id=1111:0001\n" B "address=01:00.0\nid=1111:0009\n"),
	  "01:00.0 refuse identity b; = error 1" },
	{ "identity wins over a match behind it", ON(X, B "address=01:00.0\nid=1111:0009\n" A "id=1111:0001\n"),
	  "01:00.0 refuse identity b; = error 1" },
	{ "the first of two identities", ON(X, B "address=01:00.0\nid=1111:0009\n" A "address=01:00.0\nclass=03\n"),
	  "01:00.0 refuse identity b; = error 1" },
	{ "identity by id of a path", ON(X, A "path=01:00.0\nid=1111:0009\n"), "01:00.0 refuse identity a; = error 1" },
	{ "identity by class", ON(X, A "address=01:00.0\nclass=display\n"), "01:00.0 refuse identity a; = error 1" },
	{ "identity by serial", ON("01:00.0 1200 1111:0001 1 - serial=aa;", A "address=01:00.0\nserial=bb\n"),
	  "01:00.0 refuse identity a; = error 1" },
	{ "the right serial", ON("01:00.0 1200 1111:0001 1 - serial=aa;", A "address=01:00.0\nserial=aa\n"),
	  "01:00.0 bind a; = ok 0" },
	{ "a serial that is not shown disagrees", ON(X, A "address=01:00.0\nserial=aa\n"),
	  "01:00.0 refuse identity a; = error 1" },
	{ "a serial without a slot only selects", ON(X, A "serial=aa\n"), "- skip absent a; = error 1" },
	{ "address and path of different places",
	  ON("01:00.0 1200 1111:0001 1 - path=0000:00:01.0/00.0;" Y, A "address=01:00.0\npath=02:00.0\n"),
	  "01:00.0 refuse identity a; 02:00.0 refuse identity a; = error 1" },
	{ "the same id at the slot of another rule",
	  ON("01:00.0 1200 1111:0001 1 -;02:00.0 1200 1111:0001 2 -;", "[device slot]\n"
								       "address=01:00.0\nid=1111:0001\n"
								       "[device id]\n"
								       "id=1111:0001\n"),
	  "01:00.0 bind slot; 02:00.0 bind id; = ok 0" },
};

TEST(plan_matching)
{
	check_cases(matching_cases, ARRAY_SIZE(matching_cases));
}

static const struct plan_case absent_cases[] = {
	{ "an address", ON(X, A "address=03:00.0\n"), "03:00.0 skip absent a; = error 1" },
	{ "a path", ON(X, A "path=0000:00:01.0/00.0\n"), "00:01.0/00.0 skip absent a; = error 1" },
	{ "a rule without a slot", ON(X, A "id=2222:0001\n"), "- skip absent a; = error 1" },
	{ "with an id, the address still is what is absent", ON(X, A "address=03:00.0\nid=1111:0001\n"),
	  "03:00.0 skip absent a; = error 1" },
	{ "one of two addresses", ON(X, A "address=01:00.0 03:00.0\n"),
	  "01:00.0 bind a; 03:00.0 skip absent a; = partial 1" },
	{ "in order of address", ON(X Y, A "address=02:00.0 01:05.0\n"),
	  "01:05.0 skip absent a; 02:00.0 bind a; = partial 1" },
	{ "those without an address come last", ON(X, B "id=2222:0001\n" A "address=01:00.0\n"),
	  "01:00.0 bind a; - skip absent b; = partial 1" },
	{ "optional", ON(X, A "address=03:00.0\noptional=yes\n"), "03:00.0 skip absent a; = ok 0" },
	{ "optional = no", ON(X, A "address=03:00.0\noptional=no\n"), "03:00.0 skip absent a; = error 1" },
	{ "optional does not excuse another rule",
	  ON(X, A "address=03:00.0\noptional=yes\n" B "address=04:00.0\n" C "id=1111:0001\n"),
	  "01:00.0 bind c; 03:00.0 skip absent a; 04:00.0 skip absent b; = partial 1" },
	{ "a rule that lost its only device is not absent", ON(X, A "id=1111:0001\n" B "class=1200\n"),
	  "01:00.0 bind a; = ok 0" },
	{ "nothing is pulled in by an absent one", ON(X, A "address=01:00.5\n" WHOLE),
	  "01:00.5 skip absent a; = error 1" },
	{ "no devices at all", ON("", A "class=display\n"), "- skip absent a; = error 1" },
};

TEST(plan_absent)
{
	check_cases(absent_cases, ARRAY_SIZE(absent_cases));
}

static const struct plan_case console_cases[] = {
	{ "matched by class", ON(CONSOLE_GPU, A "class=display\n"), "02:00.0 skip boot-vga a; = ok 0" },
	{ "matched by address", ON(CONSOLE_GPU, A "address=02:00.0\n"), "02:00.0 skip boot-vga a; = ok 0" },
	{ "any sign counts", ON("02:00.0 0380 10de:13c2 2 - console;", A "address=02:00.0\n"),
	  "02:00.0 skip boot-vga a; = ok 0" },
	{ "allowed by the rule", ON(CONSOLE_GPU, A "class=display\nboot-vga=allow\n"), "02:00.0 bind a; = ok 0" },
	{ "allowed by [policy]", ON(CONSOLE_GPU, "[policy]\nboot-vga=allow\n" A "class=display\n"),
	  "02:00.0 bind a; = ok 0" },
	{ "the rule overrides [policy]",
	  ON(CONSOLE_GPU, "[policy]\nboot-vga=allow\n" A "class=display\nboot-vga=exclude\n"),
	  "02:00.0 skip boot-vga a; = ok 0" },
	{ "twins", ON(GPU CONSOLE_GPU, A "id=10de:13c2\n"), "01:00.0 bind a; 02:00.0 skip boot-vga a; = ok 0" },
	{ "pulled in by a group", ON(CONSOLE_GPU "02:00.2 0c80 10de:1aed 2 -;", A "id=10de:1aed\n" WHOLE),
	  "02:00.0 refuse console a; 02:00.2 refuse group a; = error 1" },
	{ "pulled in, and allowed",
	  ON(CONSOLE_GPU "02:00.2 0c80 10de:1aed 2 -;", A "id=10de:1aed\nboot-vga=allow\n" WHOLE),
	  "02:00.0 bind a; 02:00.2 bind a; = ok 0" },
	{ "companion by id", ON(GPU SOUND CONSOLE_GPU CONSOLE_SOUND, A "id=10de:13c2 10de:0fbb\n"),
	  "01:00.0 bind a; 01:00.1 bind a; 02:00.0 skip boot-vga a; 02:00.1 skip boot-vga a; = ok 0" },
	{ "companion of another rule",
	  ON(CONSOLE_GPU CONSOLE_SOUND, "[device s]\n"
					"class=audio\n"
					"[device g]\n"
					"class=display\n"),
	  "02:00.0 skip boot-vga g; 02:00.1 skip boot-vga s; = ok 0" },
	{ "companion whose own rule allows it",
	  ON(CONSOLE_GPU "02:00.1 0403 10de:0fbb 3 -;", "[device s]\n"
							"class=audio\nboot-vga=allow\n"
							"[device g]\n"
							"class=03\n"),
	  "02:00.0 skip boot-vga g; 02:00.1 bind s; = ok 0" },
	{ "companion by address is no companion",
	  ON(CONSOLE_GPU "02:00.1 0403 10de:0fbb 3 -;", "[device s]\n"
							"address=02:00.1\n"
							"[device g]\n"
							"class=03\n"),
	  "02:00.0 skip boot-vga g; 02:00.1 bind s; = ok 0" },
	{ "by address it is half a group of the skipped one",
	  ON(CONSOLE_GPU CONSOLE_SOUND, "[device s]\n"
					"address=02:00.1\n"
					"[device g]\n"
					"class=03\n"),
	  "02:00.0 skip boot-vga g; 02:00.1 refuse group s; = error 1" },
	{ "no companion if the console GPU is not matched", ON(CONSOLE_GPU CONSOLE_SOUND, A "id=10de:0fbb\n"),
	  "02:00.1 bind a; = ok 0" },
	{ "no companion in another slot", ON(CONSOLE_GPU "02:01.0 0403 10de:0fbb 3 -;", A "id=10de:13c2 10de:0fbb\n"),
	  "02:00.0 skip boot-vga a; 02:01.0 bind a; = ok 0" },
	{ "a companion does not count against its group",
	  ON(CONSOLE_GPU "02:00.1 0403 10de:0fbb 1 -;" X, A "id=10de:13c2 10de:0fbb\n"
							    "[device x]\n"
							    "id=1111:0001\n"),
	  "01:00.0 bind x; 02:00.0 skip boot-vga a; 02:00.1 skip boot-vga a; = ok 0" },
	{ "the console itself does",
	  ON("02:00.0 0300 10de:13c2 1 - boot_vga;" X, A "id=10de:13c2\n"
							 "[device x]\n"
							 "id=1111:0001\n"),
	  "01:00.0 refuse group x; 02:00.0 skip boot-vga a; = error 1" },
	{ "nothing pulled in by a skipped console", ON(CONSOLE_GPU CONSOLE_SOUND, A "class=display\n" WHOLE),
	  "02:00.0 skip boot-vga a; = ok 0" },
	{ "unknown, one display, taken", ON(GPU, A "class=display\n"), "01:00.0 refuse console a; = error 1" },
	{ "unknown, all taken", ON(GPU "02:00.0 0380 8086:1912 2 -;", A "class=display\n"),
	  "01:00.0 refuse console a; 02:00.0 refuse console a; = error 1" },
	{ "unknown, by two rules", ON(GPU "02:00.0 0380 8086:1912 2 -;", A "address=01:00.0\n" B "address=02:00.0\n"),
	  "01:00.0 refuse console a; 02:00.0 refuse console b; = error 1" },
	{ "unknown, one stays", ON(GPU "02:00.0 0380 8086:1912 2 -;", A "id=10de:13c2\n"), "01:00.0 bind a; = ok 0" },
	{ "unknown, one stays by vfiokit.skip",
	  ON(GPU "02:00.0 0380 8086:1912 2 -;", A "class=display\n", .cmdline = "vfiokit.skip=02:00.0"),
	  "01:00.0 bind a; 02:00.0 skip cmdline a; = ok 0" },
	{ "unknown, the other is not what the rule means",
	  ON(GPU "02:00.0 0380 8086:1912 2 -;", A "address=01:00.0\n" B "address=02:00.0\nid=1111:1111\n"),
	  "01:00.0 bind a; 02:00.0 refuse identity b; = partial 1" },
	{ "unknown, a 3D controller beside it neither counts nor is refused",
	  ON(GPU "02:00.0 0302 10de:13c2 2 -;", A "class=display\n"),
	  "01:00.0 refuse console a; 02:00.0 bind a; = partial 1" },
	{ "unknown, allowed", ON(GPU, A "class=display\nboot-vga=allow\n"), "01:00.0 bind a; = ok 0" },
	{ "unknown, half allowed",
	  ON(GPU "02:00.0 0380 8086:1912 2 -;", A "address=01:00.0\nboot-vga=allow\n" B "class=03\n"),
	  "01:00.0 bind a; 02:00.0 refuse console b; = partial 1" },
};

TEST(plan_console)
{
	check_cases(console_cases, ARRAY_SIZE(console_cases));
}

static const struct plan_case unknown_console_by_group_cases[] = {
	{ "the only screen, pulled in", ON("01:00.0 0380 8086:1912 1 -;" X1, A "id=1111:0003\n" WHOLE),
	  "01:00.0 refuse console a; 01:00.1 refuse group a; = error 1" },
	{ "all screens bound before are not touched",
	  ON("01:00.0 0300 10de:13c2 1 vfio-pci console;", A "class=display\nboot-vga=allow\n"),
	  "01:00.0 bound a; = ok 0" },
};

TEST(plan_unknown_console_by_group)
{
	check_cases(unknown_console_by_group_cases, ARRAY_SIZE(unknown_console_by_group_cases));
}

#define ROOT_PORT "00:01.0 0604 8086:1901 1 pcieport bridge;"

static const struct plan_case bridges_cases[] = {
	{ "by class", ON(ROOT_PORT, A "class=06\n"), "00:01.0 skip bridge a; = ok 0" },
	{ "by a wildcard", ON(ROOT_PORT, A "id=8086:*\n"), "00:01.0 skip bridge a; = ok 0" },
	{ "by a group", ON(ROOT_PORT X, A "id=1111:0001\n" WHOLE), "00:01.0 skip bridge a; 01:00.0 bind a; = ok 0" },
	{ "by address", ON(ROOT_PORT, A "address=00:01.0\n"), "00:01.0 refuse bridge a; = error 1" },
	{ "by path", ON(ROOT_PORT, A "path=00:01.0\n"), "00:01.0 refuse bridge a; = error 1" },
	{ "by a full id", ON(ROOT_PORT, A "id=8086:1901\n"), "00:01.0 refuse bridge a; = error 1" },
	{ "by a full id of four parts",
	  ON("00:01.0 0604 8086:1901 1 pcieport sub=1043:8694;", A "id=8086:1901:1043:8694\n"),
	  "00:01.0 refuse bridge a; = error 1" },
	{ "by a full id and a class", ON(ROOT_PORT, A "id=8086:1901\nclass=06\n"),
	  "00:01.0 refuse bridge a; = error 1" },
	{ "by an id with a wildcard behind", ON(ROOT_PORT, A "id=8086:1901:*:*\n"), "00:01.0 skip bridge a; = ok 0" },
	{ "cardbus", ON("00:01.0 0607 1180:0476 1 -;", A "class=06\n"), "00:01.0 skip bridge a; = ok 0" },
	{ "any class with secondary_bus_number", ON("00:01.0 1200 1111:0001 1 - bridge;", A "class=12\n"),
	  "00:01.0 skip bridge a; = ok 0" },
	{ "a refused bridge spoils its group", ON(ROOT_PORT X, A "address=00:01.0 01:00.0\n"),
	  "00:01.0 refuse bridge a; 01:00.0 refuse group a; = error 1" },
	{ "a skipped one does not", ON(ROOT_PORT X, A "class=06\n" B "id=1111:0001\n"),
	  "00:01.0 skip bridge a; 01:00.0 bind b; = ok 0" },
	{ "a refused one pulls nothing in", ON(ROOT_PORT X, A "address=00:01.0\n" WHOLE),
	  "00:01.0 refuse bridge a; = error 1" },
	{ "a skipped one pulls nothing in", ON(ROOT_PORT X, A "class=06\n" WHOLE), "00:01.0 skip bridge a; = ok 0" },
	{ "host bridge, driverless, pulled in", ON("00:00.0 0600 8086:3ec2 1 -;" X, A "id=1111:0001\n" WHOLE),
	  "00:00.0 skip bridge a; 01:00.0 bind a; = ok 0" },
	{ "ISA bridge, driverless, pulled in", ON("00:1f.0 0601 8086:a305 1 -;" X, A "id=1111:0001\n" WHOLE),
	  "00:1f.0 skip bridge a; 01:00.0 bind a; = ok 0" },
	{ "host bridge with a driver, pulled in",
	  ON("00:00.0 0600 8086:3ec2 1 skl_uncore;" X, A "id=1111:0001\n" WHOLE),
	  "00:00.0 refuse bridge a; 01:00.0 refuse group a; = error 1" },
	{ "ISA bridge with a driver, pulled in", ON("00:1f.0 0601 8086:a305 1 lpc_ich;" X, A "id=1111:0001\n" WHOLE),
	  "00:1f.0 refuse bridge a; 01:00.0 refuse group a; = error 1" },
	{ "host bridge named", ON("00:00.0 0600 8086:3ec2 1 -;", A "address=00:00.0\n"),
	  "00:00.0 refuse bridge a; = error 1" },
	{ "ISA bridge named by its id", ON("00:1f.0 0601 8086:a305 1 -;", A "id=8086:a305\n"),
	  "00:1f.0 refuse bridge a; = error 1" },
	{ "SMBus and the like are endpoints", ON("00:1f.4 0c05 8086:a323 1 -;", A "address=00:1f.4\n"),
	  "00:1f.4 bind a; = ok 0" },
	{ "other bridges (0680) are endpoints", ON("00:1f.5 0680 8086:a324 1 -;", A "class=06\n"),
	  "00:1f.5 bind a; = ok 0" },
};

TEST(plan_bridges)
{
	check_cases(bridges_cases, ARRAY_SIZE(bridges_cases));
}

static const struct plan_case groups_cases[] = {
	{ "named: only what is named", ON(X X1, A "address=01:00.0\n"), "01:00.0 bind a; = ok 0" },
	{ "named: half refused", ON(X NIC, A "address=01:00.0 01:00.2\n"),
	  "01:00.0 refuse group a; 01:00.2 refuse network a; = error 1" },
	{ "named: half skipped", ON(X X1, A "address=01:00.0 01:00.1\n", .cmdline = "vfiokit.skip=01:00.1"),
	  "01:00.0 refuse group a; 01:00.1 skip cmdline a; = error 1" },
	{ "named: half by another rule", ON(X NIC, A "address=01:00.0\n" B "address=01:00.2\n"),
	  "01:00.0 refuse group a; 01:00.2 refuse network b; = error 1" },
	{ "named: half on-bound", ON(X "01:00.1 1200 1111:0003 1 foo;", A "address=01:00.0 01:00.1\non-bound=skip\n"),
	  "01:00.0 refuse group a; 01:00.1 skip on-bound a; = error 1" },
	{ "named: identity counts", ON(X X1, A "address=01:00.0\n" B "address=01:00.1\nid=2222:0001\n"),
	  "01:00.0 refuse group a; 01:00.1 refuse identity b; = error 1" },
	{ "named: absent does not count", ON(X, A "address=01:00.0 01:00.1\n"),
	  "01:00.0 bind a; 01:00.1 skip absent a; = partial 1" },
	{ "another group is not concerned", ON(X Y NIC, A "class=12\n" B "class=02\n"),
	  "01:00.0 refuse group a; 01:00.2 refuse network b; 02:00.0 bind a; = partial 1" },
	{ "whole: every endpoint", ON(X X1 Y, A "address=01:00.0\n" WHOLE), "01:00.0 bind a; 01:00.1 bind a; = ok 0" },
	{ "whole from [policy]", ON(X X1, "[policy]\n" WHOLE A "address=01:00.0\n"),
	  "01:00.0 bind a; 01:00.1 bind a; = ok 0" },
	{ "named overrides whole of [policy]", ON(X X1, "[policy]\n" WHOLE A "address=01:00.0\ngroup=named\n"),
	  "01:00.0 bind a; = ok 0" },
	{ "whole: a member that another rule matches keeps that rule",
	  ON(X X1, B "address=01:00.1\n" A "address=01:00.0\n" WHOLE), "01:00.0 bind a; 01:00.1 bind b; = ok 0" },
	{ "whole: the rule that is first in the file pulls the others in",
	  ON(X NIC "01:00.3 1200 1111:0005 1 -;", A "id=1111:0005\nallow=network\n" WHOLE B "id=1111:0001\n" WHOLE),
	  "01:00.0 bind b; 01:00.2 bind a; 01:00.3 bind a; = ok 0" },
	{ "whole: by its own verdict", ON(X NIC, A "address=01:00.0\n" WHOLE),
	  "01:00.0 refuse group a; 01:00.2 refuse network a; = error 1" },
	{ "whole: VFs included", ON("01:00.0 1200 1111:0001 1 -;01:10.0 1200 1111:0009 1 -;", A "id=1111:0001\n" WHOLE),
	  "01:00.0 bind a; 01:10.0 bind a; = ok 0" },
	{ "whole: bound stays when the rest is refused",
	  ON("01:00.0 1200 1111:0001 1 vfio-pci;" X1 NIC, A "address=01:00.0\n" WHOLE),
	  "01:00.0 bound a; 01:00.1 refuse group a; 01:00.2 refuse network a; = partial 1" },
	{ "whole: a bound one pulls the rest in", ON("01:00.0 1200 1111:0001 1 vfio-pci;" X1, A "id=1111:0001\n" WHOLE),
	  "01:00.0 bound a; 01:00.1 bind a; = ok 0" },
	{ "whole: nothing pulled in by a skipped one (cmdline)",
	  ON(X X1, A "address=01:00.0\n" WHOLE, .cmdline = "vfiokit.skip=01:00.0"), "01:00.0 skip cmdline a; = ok 0" },
	{ "whole: nothing pulled in by a skipped one (on-bound)",
	  ON("01:00.0 1200 1111:0001 1 foo;" X1, A "address=01:00.0\non-bound=skip\n" WHOLE),
	  "01:00.0 skip on-bound a; = ok 0" },
	{ "whole: nothing pulled in by a wrong identity", ON(X X1, A "address=01:00.0\nid=2222:0001\n" WHOLE),
	  "01:00.0 refuse identity a; = error 1" },
	{ "whole: a refused one does pull in", ON(NIC X, A "class=network\n" WHOLE),
	  "01:00.0 refuse group a; 01:00.2 refuse network a; = error 1" },
	{ "whole: one member skipped by the command line",
	  ON(X X1, A "address=01:00.0\n" WHOLE, .cmdline = "vfiokit.skip=01:00.1"),
	  "01:00.0 refuse group a; 01:00.1 skip cmdline a; = error 1" },
	{ "whole: a card's function in another group is not pulled in",
	  ON(X "01:00.1 1200 1111:0003 9 -;", A "address=01:00.0\n" WHOLE), "01:00.0 bind a; = ok 0" },
	{ "whole: devices without a group are nobody's group",
	  ON("01:00.0 1200 1111:0001 - -;01:00.1 1200 1111:0003 - -;", A "address=01:00.0\n" WHOLE),
	  "01:00.0 refuse no-iommu a; = error 1" },
};

TEST(plan_groups)
{
	check_cases(groups_cases, ARRAY_SIZE(groups_cases));
}

static const struct plan_case command_line_cases[] = {
	{ "off", ON(X, A "class=12\n", .cmdline = "vfiokit=off"), "01:00.0 skip cmdline a; = off 0" },
	{ "off wins over plan", ON(X, A "class=12\n", .cmdline = "vfiokit=plan vfiokit=off vfiokit=on"),
	  "01:00.0 skip cmdline a; = off 0" },
	{ "off without a policy", ON(X, NULL, .cmdline = "vfiokit=off"), "= off 0" },
	{ "off wins over a broken policy", ON(X, "[policy]\nfoo=1\n", .cmdline = "vfiokit=off"), "= off 0" },
	{ "an unknown value means off", ON(X, A "class=12\n", .cmdline = "vfiokit=maybe"),
	  "01:00.0 skip cmdline a; = off 0" },
	{ "off pulls nothing in", ON(X X1, A "address=01:00.0\n" WHOLE, .cmdline = "vfiokit=off"),
	  "01:00.0 skip cmdline a; = off 0" },
	{ "on", ON(X, A "class=12\n", .cmdline = "vfiokit=on"), "01:00.0 bind a; = ok 0" },
	{ "plan changes no verdict", ON(X, A "class=12\n", .cmdline = "vfiokit=plan"), "01:00.0 bind a; = ok 0" },
	{ "skip", ON(X Y, A "class=12\n", .cmdline = "vfiokit.skip=01:00.0"),
	  "01:00.0 skip cmdline a; 02:00.0 bind a; = ok 0" },
	{ "skip a list", ON(X Y, A "class=12\n", .cmdline = "vfiokit.skip=01:00.0,0000:02:00.0"),
	  "01:00.0 skip cmdline a; 02:00.0 skip cmdline a; = ok 0" },
	{ "skip something else", ON(X, A "class=12\n", .cmdline = "vfiokit.skip=05:00.0"), "01:00.0 bind a; = ok 0" },
	{ "a skip that cannot be read stops everything", ON(X, A "class=12\n", .cmdline = "vfiokit.skip=5"),
	  "01:00.0 skip cmdline a; = off 0" },
	{ "a rule by id", ON(X, NULL, .cmdline = "vfiokit.id=1111:0001"), "01:00.0 bind cmdline; = ok 0" },
	{ "a rule by address", ON(X, NULL, .cmdline = "vfiokit.address=01:00.0"), "01:00.0 bind cmdline; = ok 0" },
	{ "both: this slot, if it holds this id",
	  ON(X, NULL, .cmdline = "vfiokit.address=01:00.0 vfiokit.id=2222:0001"),
	  "01:00.0 refuse identity cmdline; = error 1" },
	{ "in front of the file's rules", ON(X, A "class=12\n", .cmdline = "vfiokit.id=1111:0001"),
	  "01:00.0 bind cmdline; = ok 0" },
	{ "group", ON(X X1, NULL, .cmdline = "vfiokit.id=1111:0001 vfiokit.group=whole"),
	  "01:00.0 bind cmdline; 01:00.1 bind cmdline; = ok 0" },
	{ "the default guards, whatever [policy] says",
	  ON(CONSOLE_GPU, "[policy]\nboot-vga=allow\n", .cmdline = "vfiokit.address=02:00.0"),
	  "02:00.0 skip boot-vga cmdline; = ok 0" },
	{ "no allow", ON(NIC, NULL, .cmdline = "vfiokit.address=01:00.2"),
	  "01:00.2 refuse network cmdline; = error 1" },
	{ "absent", ON(X, NULL, .cmdline = "vfiokit.address=05:00.0"), "05:00.0 skip absent cmdline; = error 1" },
	{ "a broken one is not used", ON(X, A "class=12\n", .cmdline = "vfiokit.id=1111"),
	  "01:00.0 bind a; = partial 2" },
};

TEST(plan_command_line)
{
	check_cases(command_line_cases, ARRAY_SIZE(command_line_cases));
}

static const struct plan_case results_cases[] = {
	{ "ok: bind, bound and skip",
	  ON(X "02:00.0 1200 1111:0002 2 vfio-pci;"
	       "03:00.0 0604 1111:0004 3 -;",
	     A "class=12\nclass=06\n"),
	  "01:00.0 bind a; 02:00.0 bound a; 03:00.0 skip bridge a; = ok 0" },
	{ "ok: everything skipped", ON(X, A "class=12\n", .cmdline = "vfiokit.skip=01:00.0"),
	  "01:00.0 skip cmdline a; = ok 0" },
	{ "partial: bound and refused", ON("02:00.0 1200 1111:0002 2 vfio-pci;" NIC, A "id=1111:*\n" B "class=02\n"),
	  "01:00.2 refuse network b; 02:00.0 bound a; = partial 1" },
	{ "error: skipped and refused", ON(X NIC, A "class=12\nclass=02\n", .cmdline = "vfiokit.skip=01:00.0"),
	  "01:00.0 skip cmdline a; 01:00.2 refuse network a; = error 1" },
	{ "nothing: no IOMMU at all", ON("no-iommu;01:00.0 1200 1111:0001 - -;", A "class=12\n"),
	  "01:00.0 refuse no-iommu a; = nothing 3" },
	{ "nothing: no IOMMU, and nothing there", ON("no-iommu;", A "class=12\n"), "- skip absent a; = nothing 3" },
	{ "nothing: no vfio-pci", ON("driver vfio-pci no;" X, A "class=12\n"),
	  "01:00.0 refuse no-driver a; = nothing 3" },
	{ "no vfio-pci, but another driver can be had",
	  ON("driver vfio-pci no;driver pci-stub yes;" X, A "class=12\ndriver=pci-stub\n"), "01:00.0 bind a; = ok 0" },
	{ "off before nothing", ON("no-iommu;01:00.0 1200 1111:0001 - -;", A "class=12\n", .cmdline = "vfiokit=off"),
	  "01:00.0 skip cmdline a; = off 0" },
	{ "2: a broken rule, the rest is planned", ON(X, B "foo=1\n" A "class=12\n"), "01:00.0 bind a; = partial 2" },
	{ "2: nothing but a broken rule", ON(X, B "id=1\n"), "= error 2" },
	{ "2: a broken [policy] disables everything", ON(X, "[policy]\nfoo=1\n" A "class=12\n"), "= error 2" },
	{ "2: an unknown section is ignored", ON(X, "[guests]\nfoo=1\n" A "class=12\n"),
	  "01:00.0 bind a; = partial 2" },
	{ "2 wins over 3", ON("no-iommu;01:00.0 1200 1111:0001 - -;", B "id=1\n" A "class=12\n"),
	  "01:00.0 refuse no-iommu a; = nothing 2" },
};

TEST(plan_results)
{
	check_cases(results_cases, ARRAY_SIZE(results_cases));
}

/* The same input gives the same plan, and plan_free() leaves nothing to free. */
TEST(plan_is_repeatable)
{
	static const struct machine_text text = ON(X X1 Y NIC CONSOLE_SOUND, A "class=12\n" WHOLE B "class=03\n");
	struct machine first, second;
	cleanup_free char *one = NULL, *two = NULL;

	machine_read(&first, &text);
	machine_read(&second, &text);
	one = machine_verdicts(&first);
	two = machine_verdicts(&second);
	CHECK_STR(one, two);
	machine_free(&first);
	machine_free(&second);
	plan_free(&first.plan);
	CHECK_INT(first.plan.n_entries, 0);
}
