/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What could not be read may be anything: the console, a bridge, the other half of a group. */
#include "tests/unit/plan-cases.h"

#define UNKNOWN(address, group) address " 0000 0000:0000 " group " - unknown;"
#define TWIN(address, group) address " 0300 10de:13c2 " group " - path=" address ";"
#define BY_ID A "id=1111:0001 1111:0003\n"
#define RECORD                                                                                                         \
	"[record]\nversion = 1\ncomplete = twins\n[device 0000:01:00.0]\nrule = a\npath = 0000:01:00.0\nid = "         \
	"10de:13c2:0000:0000\n"                                                                                        \
	"class = 030000\n"

static const struct plan_case cases[] = {
	/* groups */
	{ "of the group, whole", ON(X UNKNOWN("03:00.0", "1"), A "id=1111:0001\n" WHOLE),
	  "01:00.0 refuse group a; = error 1" },
	{ "of the group, named", ON(X UNKNOWN("03:00.0", "1"), A "id=1111:0001\n"),
	  "01:00.0 refuse group a; = error 1" },
	{ "of the group, which is pulled in", ON(X X1 UNKNOWN("03:00.0", "1"), A "id=1111:0001\n" WHOLE),
	  "01:00.0 refuse group a; 01:00.1 refuse group a; = error 1" },
	{ "of another group and slot", ON(X UNKNOWN("03:00.0", "3"), A "id=1111:0001\n" WHOLE),
	  "01:00.0 bind a; = ok 0" },
	{ "in an unknown group, in the slot", ON(X X1 UNKNOWN("01:00.2", "-"), BY_ID),
	  "01:00.0 refuse group a; 01:00.1 refuse group a; = error 1" },
	{ "in an unknown group, in the slot of a member",
	  ON(X UNKNOWN("01:00.2", "-") "03:00.0 1200 1111:0003 1 -;", BY_ID),
	  "01:00.0 refuse group a; 03:00.0 refuse group a; = error 1" },
	{ "in the slot, in another group", ON(X UNKNOWN("01:00.2", "9"), A "id=1111:0001\n"),
	  "01:00.0 refuse group a; = error 1" },
	{ "in another domain", ON(X UNKNOWN("0001:01:00.2", "-"), A "id=1111:0001\n"), "01:00.0 bind a; = ok 0" },
	{ "what is bound stays", ON("01:00.0 1200 1111:0001 1 vfio-pci;" X1 UNKNOWN("01:00.2", "1"), BY_ID),
	  "01:00.0 bound a; 01:00.1 refuse group a; = partial 1" },
	{ "an earlier reason is given", ON(X NIC UNKNOWN("01:00.3", "1"), A "class=network\n"),
	  "01:00.2 refuse network a; = error 1" },
	/* its own group is unknown */
	{ "its own group", ON("01:00.0 1200 1111:0001 - - unread;", A "id=1111:0001\n"),
	  "01:00.0 refuse group a; = error 1" },
	{ "its own group, and its mate", ON("01:00.0 1200 1111:0001 - - unread;" X1, BY_ID WHOLE),
	  "01:00.0 refuse group a; 01:00.1 refuse group a; = error 1" },
	{ "its own group, without an IOMMU", ON("no-iommu;01:00.0 1200 1111:0001 - - unread;", A "id=1111:0001\n"),
	  "01:00.0 refuse no-iommu a; = nothing 3" },
	{ "vfs of what cannot be read",
	  ON("01:00.0 0200 1111:0001 1 ixgbe unread;", A "id=1111:0001\nvfs=2\nallow=network\n"),
	  "01:00.0 refuse group a; = error 1" },
	/* its slot */
	{ "its slot is named: not absent", ON(UNKNOWN("01:00.0", "1"), A "address=01:00.0\n"),
	  "01:00.0 refuse identity a; = error 1" },
	{ "its slot is named, and may be empty", ON(UNKNOWN("01:00.0", "1"), A "address=01:00.0\noptional=yes\n"),
	  "01:00.0 refuse identity a; = error 1" },
	{ "its path is named", ON(UNKNOWN("01:00.0", "1"), A "path=01:00.0\n"),
	  "01:00.0 refuse identity a; = error 1" },
	{ "its slot and what should be there", ON(UNKNOWN("01:00.0", "1"), A "address=01:00.0\nid=1111:0001\n"),
	  "01:00.0 refuse identity a; = error 1" },
	{ "ids of zeros and wildcards do not mean it", ON(UNKNOWN("01:00.0", "1") Y, A "id=*:*\n" B "id=0000:0000\n"),
	  "02:00.0 bind a; - skip absent b; = partial 1" },
	{ "two rules name it: one line", ON(UNKNOWN("01:00.0", "1"), A "address=01:00.0\n" B "address=01:00.0\n"),
	  "01:00.0 refuse identity a; = error 1" },
	{ "it is left alone", ON(UNKNOWN("01:00.0", "1"), A "address=01:00.0\n", .cmdline = "vfiokit.skip=01:00.0"),
	  "01:00.0 skip cmdline a; = ok 0" },
	{ "a high group number", ON(UNKNOWN("01:00.0", "900") Y, A "address=01:00.0\naddress=02:00.0\n" WHOLE),
	  "01:00.0 refuse identity a; 02:00.0 bind a; = partial 1" },
	/* the console */
	{ "one of twins, which may be the console",
	  ON(UNKNOWN("01:00.0", "1") SOUND "02:00.0 0300 10de:13c2 2 -;", A "id=10de:13c2 10de:0fbb\n"),
	  "01:00.1 refuse group a; 02:00.0 refuse console a; = error 1" },
	{ "the console's sound in a group of its own, by id",
	  ON(UNKNOWN("02:00.0", "2") "02:00.1 0403 10de:0fbb 3 -;" GPU, A "id=10de:0fbb\n"),
	  "02:00.1 refuse group a; = error 1" },
	{ "two screens are left, both taken",
	  ON(UNKNOWN("03:00.0", "3") GPU "02:00.0 0300 10de:13c2 2 -;", A "class=display\n"),
	  "01:00.0 refuse console a; 02:00.0 refuse console a; = error 1" },
	/* the last keyboard: what cannot be read is no other USB host */
	{ "the only USB host that can be read",
	  ON("01:00.0 0c03 1b73:1100 1 -;" UNKNOWN("02:00.0", "2"), A "class=usb\n"),
	  "01:00.0 refuse last-input a; = error 1" },
	/* the record */
	{ "the recorded one moved: followed",
	  ON(TWIN("02:00.0", "2"), A "id=10de:13c2\nfollow=yes\nboot-vga=allow\n", .record = RECORD),
	  "02:00.0 bind a; = ok 0" },
	{ "the recorded one is unread: its twin is not followed",
	  ON(UNKNOWN("01:00.0", "1") TWIN("02:00.0", "2"), A "id=10de:13c2\nfollow=yes\nboot-vga=allow\n",
	     .record = RECORD),
	  "02:00.0 refuse identity a; = error 1" },
};

TEST(plan_unread)
{
	check_cases(cases, ARRAY_SIZE(cases));
}
