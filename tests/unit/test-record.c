/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The record: its grammar, and what a plan makes of it when hardware has moved. */
#include "binder/record.h"

#include "tests/unit/plan-cases.h"

#define HEAD "[record]\nversion = 1\n"

static const struct {
	const char *text, *problem; /* NULL: it is right */
} grammar[] = {
	{ HEAD, NULL },
	{ HEAD "[device 0000:01:00.0]\nrule = a\npath = "
	       "0000:00:01.0/00.0"
	       "\nid = 1111:0001:0000:0000\nclass = 120000\n"
	       "serial = s\nrevision = a1\n",
	  NULL },
	{ HEAD "complete = storage keyboards\n"
	       "[need 01:00.0]\npath = "
	       "x"
	       "\nid = 1111:0001:0000:0000\n"
	       "storage = mount / on sda\nstorage = swap on sda\nnetwork = eno1 is "
	       "up\n[keyboards]\nelsewhere = PS/2\nelsewhere = BT\n",
	  NULL },
	{ HEAD "complete = twins\n[twin 01:00.0]\npath = x\nid = 1111:0001:0000:0000\n", NULL },
	{ HEAD "[twin 01:00.0]\npath = x\n", "r:3 this section lacks id" },
	{ HEAD "[twin 01:00.0]\nstorage = x\n", "r:4 unknown key: storage" },
	{ "", "r:1 there is no [record] with version = 1" },
	{ "[record]\n", "r:1 this section lacks version" },
	{ "[record]\nversion = 2\n", "r:2 bad value: 2" },
	{ HEAD "version = 1\n", "r:3 given twice: version" },
	{ HEAD "complete = all\n", "r:3 bad value: all" },
	{ HEAD "x = 1\n", "r:3 unknown key: x" },
	{ HEAD "storage = 1\n", "r:3 unknown key: storage" },
	{ HEAD "[junk]\n",
	  "r:3 expected [record], [device ADDRESS], [need ADDRESS], [twin ADDRESS] or [keyboards], not junk" },
	{ HEAD "[device 01:00]\n",
	  "r:3 expected [record], [device ADDRESS], [need ADDRESS], [twin ADDRESS] or [keyboards], not device 01:00" },
	{ HEAD "[device 01:00.0]\nrule = a\npath = x\nclass = 030000\n", "r:3 this section lacks id" },
	{ HEAD "[need 01:00.0]\nid = 1111:0001:0000:0000\n", "r:3 this section lacks path" },
	{ HEAD "[need 01:00.0]\npath = x\nid = 1111:0001\n", "r:5 bad value: 1111:0001" },
	{ HEAD "[need 01:00.0]\npath = x\nid = 1111:0001:0000:00000\n", "r:5 bad value: 1111:0001:0000:00000" },
	{ HEAD "[need 01:00.0]\npath = x\nid = 1111:0x01:0000:0000\n", "r:5 bad value: 1111:0x01:0000:0000" },
	{ HEAD "[device 01:00.0]\nrule = a\npath = x\nid = 1111:0001:0000:0000\nclass = 3\n", "r:7 bad value: 3" },
	{ HEAD "[device 01:00.0]\nrule =\n", "r:4 bad value: " },
	{ HEAD " indented = 1\n", "r:3 an indented line" },
};

TEST(record_grammar)
{
	for (size_t i = 0; i < ARRAY_SIZE(grammar); i++) {
		struct record record = { 0 };
		struct problems problems = { 0 };
		cleanup_free char *first = NULL;

		test_case("%s", grammar[i].text);
		record_parse(&record, grammar[i].text, strlen(grammar[i].text), "r", &problems);
		CHECK_INT(record.is_there, grammar[i].problem == NULL);
		CHECK_INT(problems.count > 0, grammar[i].problem != NULL);
		if (problems.count > 0) {
			first = util_format("%s %s", problems.items[0].where, problems.items[0].message);
			CHECK_HAS(first, grammar[i].problem);
			CHECK_INT(record.n_devices, 0);
		}
		record_free(&record);
		problems_free(&problems);
	}
}

#define P1 "0000:00:01.0/00.0"
#define P2 "0000:00:02.0/00.0"
#define OLD "01:00.0 1200 1111:0001 1 - path=" P1 ";"
#define ON_P1(address) address " 1200 1111:0001 1 - path=" P1 ";"
#define ON_P2(address) address " 1200 1111:0001 2 - path=" P2 ";"
#define OTHER_P2(address) address " 1200 2222:0002 2 - path=" P2 ";"
#define ENTRY "[device 0000:01:00.0]\nrule = a\npath = " P1 "\nid = 1111:0001:0000:0000\nclass = 120000\n"
#define OLD_RECORD HEAD ENTRY
#define RECORD HEAD "complete = twins\n" ENTRY
#define ENTRY_B "[device 0000:02:00.0]\nrule = b\npath = " P2 "\nid = 1111:0001:0000:0000\nclass = 120000\n"
#define ON_P3(address) address " 1200 1111:0001 3 - path=0000:00:03.0/00.0;"
#define FUNCTION_P2(kind, what) "[" kind " 0000:02:00.0]\npath = " P2 "\nid = " what ":0000:0000\n"
#define FOLLOW "follow=yes\n"
#define BY_ADDRESS A "address=01:00.0\n"
#define BY_ID A "id=1111:0001\n"

#define GPU_P2 "02:00.0 0300 10de:13c2 2 - path=" P2 " "
#define SOUND_P2 "02:00.1 0403 10de:0fbb 2 -;"

static const struct plan_case identity_cases[] = {
	{ "as recorded", ON(OLD, BY_ADDRESS, .record = RECORD), "01:00.0 bind a; = ok 0" },
	{ "no record of this rule",
	  ON(OTHER_P2("01:00.0"), A "address=01:00.0\n",
	     .record = HEAD "[device 0000:01:00.0]\nrule = b\npath = " P1
			    "\nid = 1111:0001:0000:0000\nclass = 120000\n"),
	  "01:00.0 bind a; = ok 0" },
	{ "another card in its slot", ON("01:00.0 1200 2222:0002 1 - path=" P1 ";", BY_ADDRESS, .record = RECORD),
	  "01:00.0 refuse identity a; = error 1" },
	{ "another class", ON("01:00.0 0300 1111:0001 1 - path=" P1 ";", BY_ADDRESS, .record = RECORD),
	  "01:00.0 refuse identity a; = error 1" },
	{ "another subsystem",
	  ON("01:00.0 1200 1111:0001 1 - sub=0001:0002 path=" P1 ";", BY_ADDRESS, .record = RECORD),
	  "01:00.0 refuse identity a; = error 1" },
	{ "the serial number",
	  ON("01:00.0 1200 1111:0001 1 - serial=s path=" P1 ";", BY_ADDRESS, .record = RECORD "serial = s\n"),
	  "01:00.0 bind a; = ok 0" },
	{ "another serial number",
	  ON("01:00.0 1200 1111:0001 1 - serial=t path=" P1 ";", BY_ADDRESS, .record = RECORD "serial = s\n"),
	  "01:00.0 refuse identity a; = error 1" },
	{ "buses shifted: a twin has its address", ON(ON_P2("01:00.0") ON_P1("02:00.0"), BY_ADDRESS, .record = RECORD),
	  "01:00.0 refuse identity a; = error 1" },
	{ "the same, followed", ON(ON_P2("01:00.0") ON_P1("02:00.0"), BY_ADDRESS FOLLOW, .record = RECORD),
	  "02:00.0 bind a; = ok 0" },
	{ "buses shifted: another card has its address",
	  ON(OTHER_P2("01:00.0") ON_P1("02:00.0"), BY_ADDRESS FOLLOW, .record = RECORD), "02:00.0 bind a; = ok 0" },
	{ "buses shifted: nothing has its address", ON(ON_P1("02:00.0"), BY_ADDRESS, .record = RECORD),
	  "01:00.0 skip absent a; = error 1" },
	{ "the same, followed", ON(ON_P1("02:00.0"), BY_ADDRESS FOLLOW, .record = RECORD), "02:00.0 bind a; = ok 0" },
	{ "by id, buses shifted", ON(ON_P1("02:00.0"), BY_ID, .record = RECORD), "02:00.0 bind a; = ok 0" },
	{ "by id, a new twin", ON(OLD ON_P2("02:00.0"), BY_ID, .record = RECORD),
	  "01:00.0 bind a; 02:00.0 refuse identity a; = partial 1" },
	{ "by id, a new twin, and follow", ON(OLD ON_P2("02:00.0"), BY_ID FOLLOW, .record = RECORD),
	  "01:00.0 bind a; 02:00.0 refuse identity a; = partial 1" },
	{ "in another slot", ON(ON_P2("01:00.0"), BY_ID, .record = RECORD), "01:00.0 refuse identity a; = error 1" },
	{ "in another slot, followed", ON(ON_P2("01:00.0"), BY_ID FOLLOW, .record = RECORD), "01:00.0 bind a; = ok 0" },
	{ "by path, in another slot, followed", ON(ON_P2("02:00.0"), A "path=" P1 "\n" FOLLOW, .record = RECORD),
	  "02:00.0 bind a; = ok 0" },
	{ "two candidates: none is followed",
	  ON(ON_P2("02:00.0") "03:00.0 1200 1111:0001 3 - path=0000:00:03.0/00.0;", BY_ADDRESS FOLLOW,
	     .record = RECORD),
	  "01:00.0 skip absent a; = error 1" },
	{ "two candidates, of which one is another's",
	  ON(ON_P2("02:00.0") "03:00.0 1200 1111:0001 3 - path=0000:00:03.0/00.0;",
	     BY_ADDRESS FOLLOW B "address=03:00.0\n",
	     .record = RECORD "[device 0000:03:00.0]\nrule = b\npath = "
			      "0000:00:03.0/00.0"
			      "\nid = 1111:0001:0000:0000\nclass = 120000\n"),
	  "02:00.0 bind a; 03:00.0 bind b; = ok 0" },
	{ "a twin that was there all along has not moved",
	  ON(ON_P2("02:00.0"), BY_ADDRESS FOLLOW, .record = RECORD FUNCTION_P2("twin", "1111:0001")),
	  "01:00.0 skip absent a; = error 1" },
	{ "the same, by id", ON(ON_P2("02:00.0"), BY_ID FOLLOW, .record = RECORD FUNCTION_P2("twin", "1111:0001")),
	  "02:00.0 refuse identity a; = error 1" },
	{ "the twin stays, and the device has moved",
	  ON(ON_P2("02:00.0") ON_P3("03:00.0"), BY_ADDRESS FOLLOW, .record = RECORD FUNCTION_P2("twin", "1111:0001")),
	  "03:00.0 bind a; = ok 0" },
	{ "in the place of something else",
	  ON(ON_P2("02:00.0"), BY_ADDRESS FOLLOW, .record = RECORD FUNCTION_P2("twin", "1111:0009")),
	  "02:00.0 bind a; = ok 0" },
	{ "what the host needed there has not moved",
	  ON(ON_P2("02:00.0"), BY_ADDRESS FOLLOW,
	     .record = RECORD FUNCTION_P2("need", "1111:0001") "data = data: crypto_LUKS on sda\n"),
	  "01:00.0 skip absent a; = error 1" },
	{ "a record that does not tell what else was there",
	  ON(ON_P2("02:00.0"), BY_ADDRESS FOLLOW, .record = OLD_RECORD), "01:00.0 skip absent a; = error 1" },
	{ "the same, by id", ON(ON_P2("02:00.0"), BY_ID FOLLOW, .record = OLD_RECORD),
	  "02:00.0 refuse identity a; = error 1" },
	{ "and what has its place is followed", ON(ON_P1("02:00.0"), BY_ADDRESS FOLLOW, .record = OLD_RECORD),
	  "02:00.0 bind a; = ok 0" },
	{ "one device, and two that it could be",
	  ON(ON_P3("03:00.0"), BY_ADDRESS FOLLOW B "address=02:00.0\n" FOLLOW, .record = RECORD ENTRY_B),
	  "01:00.0 skip absent a; 02:00.0 skip absent b; = error 1" },
	{ "one device, and a serial number tells which it is",
	  ON("03:00.0 1200 1111:0001 3 - serial=s path=0000:00:03.0/00.0;",
	     BY_ADDRESS FOLLOW B "address=02:00.0\n" FOLLOW, .record = RECORD "serial = s\n" ENTRY_B "serial = t\n"),
	  "02:00.0 skip absent b; 03:00.0 bind a; = partial 1" },
	{ "a newcomer in the group",
	  ON(OLD "01:00.1 1200 1111:0003 1 - path=0000:00:01.0/00.1;", BY_ADDRESS WHOLE, .record = RECORD),
	  "01:00.0 refuse group a; 01:00.1 refuse identity a; = error 1" },
	{ "a group as recorded",
	  ON(OLD "01:00.1 1200 1111:0003 1 - path=0000:00:01.0/00.1;", BY_ADDRESS WHOLE,
	     .record = RECORD "[device 0000:01:00.1]\nrule = a\npath = "
			      "0000:00:01.0/00.1"
			      "\nid = 1111:0003:0000:0000\nclass = 120000\n"),
	  "01:00.0 bind a; 01:00.1 bind a; = ok 0" },
	{ "the console's card stays skipped",
	  ON(OLD CONSOLE_GPU CONSOLE_SOUND, A "id=1111:0001 10de:*\n", .record = RECORD),
	  "01:00.0 bind a; 02:00.0 skip boot-vga a; 02:00.1 skip boot-vga a; = ok 0" },
	{ "the console's card is nothing to the rule, so its newcomer is refused",
	  ON(OLD GPU_P2 "boot_vga;" SOUND_P2, A "class=audio\nclass=1200\n", .record = RECORD),
	  "01:00.0 bind a; 02:00.1 refuse identity a; = partial 1" },
	{ "the same beside another card",
	  ON(OLD GPU_P2 ";" SOUND_P2 "03:00.0 0300 8086:1912 3 - boot_vga;", A "class=audio\nclass=1200\n",
	     .record = RECORD),
	  "01:00.0 bind a; 02:00.1 refuse identity a; = partial 1" },
	{ "a broken record", ON(ON_P2("01:00.0"), BY_ID, .record = RECORD "junk = 1\n"),
	  "01:00.0 bind a; = partial 2" },
};

TEST(record_identity)
{
	check_cases(identity_cases, ARRAY_SIZE(identity_cases));
}

#define DISK_P1 "01:00.0 0108 1111:0001 1 - path=" P1 ";"
#define TAKE A "address=01:00.0\nallow=storage network last-input\n"
#define USED                                                                                                           \
	HEAD "[need 0000:01:00.0]\npath = " P1 "\nid = 1111:0001:0000:0000\n"                                          \
	     "storage = mount / on sda\n"
#define COMPLETE "[record]\nversion = 1\ncomplete = storage keyboards\n"

#define HOST_P1 "01:00.0 0c0330 1111:0001 1 - path=" P1 ";"
#define HOST_P2 "02:00.0 0c0330 1111:0001 2 - path=" P2 ";"
#define KEYBOARD(address, path, id) "[need 0000:" address "]\npath = " path "\nid = " id ":0000:0000\nkeyboard = K\n"

static const struct plan_case need_cases[] = {
	{ "storage, never waived", ON(DISK_P1, TAKE, .record = USED), "01:00.0 refuse storage a; = error 1" },
	{ "buses shifted: it is where its path is",
	  ON("01:00.0 0108 1111:0001 1 - path=" P2 ";02:00.0 0108 1111:0001 2 - path=" P1 ";", TAKE, .record = USED),
	  "01:00.0 bind a; = ok 0" },
	{ "its slot is empty: all of its kind",
	  ON("01:00.0 0108 1111:0001 1 - path=" P2 ";02:00.0 0108 1111:0001 2 - path=0000:00:03.0/00.0;", TAKE,
	     .record = USED),
	  "01:00.0 refuse storage a; = error 1" },
	{ "another kind in its slot", ON("01:00.0 0108 1111:0009 1 - path=" P1 ";", TAKE, .record = USED),
	  "01:00.0 bind a; = ok 0" },
	{ "by id, a complete list", ON(DISK_P1, A "id=1111:0001\nallow=storage\n", .record = COMPLETE),
	  "01:00.0 bind a; = ok 0" },
	{ "by id, a list that is not", ON(DISK_P1, A "id=1111:0001\nallow=storage\n", .record = HEAD),
	  "01:00.0 refuse storage a; = error 1" },
	{ "by id, what was used is gone",
	  ON(DISK_P1, A "id=1111:0001\nallow=storage\n",
	     .record = COMPLETE "[need 0000:05:00.0]\npath = " P2 "\nid = 1111:0005:0000:0000\n"
				"storage = mount / on sda\n"),
	  "01:00.0 refuse storage a; = error 1" },
	{ "data forbids nothing",
	  ON(DISK_P1, TAKE,
	     .record = COMPLETE "[need 0000:01:00.0]\npath = " P1 "\nid = 1111:0001:0000:0000\n"
				"data = data: ext4 on sda\n"),
	  "01:00.0 bind a; = ok 0" },
	{ "network",
	  ON(OLD, BY_ADDRESS,
	     .record = HEAD "[need 0000:01:00.0]\npath = " P1 "\nid = 1111:0001:0000:0000\n"
			    "network = eno1 is up\n"),
	  "01:00.0 refuse network a; = error 1" },
	{ "network, waived",
	  ON(OLD, BY_ADDRESS "allow=network\n",
	     .record = HEAD "[need 0000:01:00.0]\npath = " P1 "\nid = 1111:0001:0000:0000\n"
			    "network = eno1 is up\n"),
	  "01:00.0 bind a; = ok 0" },
	{ "the last keyboard",
	  ON("01:00.0 0c0330 1111:0001 1 - path=" P1 ";02:00.0 0c0330 1111:0001 2 - path=" P2 ";", BY_ADDRESS,
	     .record = COMPLETE "[need 0000:01:00.0]\npath = " P1 "\nid = 1111:0001:0000:0000\n"
				"keyboard = K\n"),
	  "01:00.0 refuse last-input a; = error 1" },
	{ "another keyboard",
	  ON("01:00.0 0c0330 1111:0001 1 - path=" P1 ";02:00.0 0c0330 1111:0001 2 - path=" P2 ";", BY_ADDRESS,
	     .record = COMPLETE "[need 0000:01:00.0]\npath = " P1 "\nid = 1111:0001:0000:0000\n"
				"keyboard = K\n[keyboards]\nelsewhere = PS/2\n"),
	  "01:00.0 bind a; = ok 0" },
	{ "a keyboard whose host is gone may be on the last one",
	  ON(HOST_P1, BY_ADDRESS, .record = COMPLETE KEYBOARD("05:00.0", P2, "1111:0005")),
	  "01:00.0 refuse last-input a; = error 1" },
	{ "it may be on the other one, too",
	  ON(HOST_P1 HOST_P2, BY_ADDRESS, .record = COMPLETE KEYBOARD("05:00.0", "x", "1111:0005")),
	  "01:00.0 bind a; = ok 0" },
	{ "it does not stand in for another one",
	  ON(HOST_P1 HOST_P2, BY_ADDRESS,
	     .record = COMPLETE KEYBOARD("05:00.0", "x", "1111:0005") KEYBOARD("01:00.0", P1, "1111:0001")),
	  "01:00.0 refuse last-input a; = error 1" },
	{ "it is gone, and another one stays",
	  ON(HOST_P1, BY_ADDRESS,
	     .record = COMPLETE KEYBOARD("05:00.0", P2, "1111:0005") "[keyboards]\nelsewhere = PS/2\n"),
	  "01:00.0 bind a; = ok 0" },
	{ "one keyboard that may be in two places is not two",
	  ON(HOST_P1 HOST_P2, BY_ADDRESS, .record = COMPLETE KEYBOARD("05:00.0", "x", "1111:0001")),
	  "01:00.0 refuse last-input a; = error 1" },
	{ "the same, and another one stays",
	  ON(HOST_P1 HOST_P2, BY_ADDRESS,
	     .record = COMPLETE KEYBOARD("05:00.0", "x", "1111:0001") "[keyboards]\nelsewhere = PS/2\n"),
	  "01:00.0 bind a; = ok 0" },
	{ "what the live system knows of keyboards is better",
	  ON("01:00.0 0c0330 1111:0001 1 - path=" P1 ";02:00.0 0c0330 1111:0001 2 - path=" P2 ";", BY_ADDRESS,
	     .needs = "knows-keyboards; keyboard 01:00.0", .record = COMPLETE "[keyboards]\nelsewhere = PS/2\n"),
	  "01:00.0 refuse last-input a; = error 1" },
	{ "the console",
	  ON("01:00.0 0300 1111:0001 1 - path=" P1 ";02:00.0 0300 1111:0001 2 - path=" P2 ";", BY_ADDRESS,
	     .record = HEAD "[need 0000:01:00.0]\npath = " P1 "\nid = 1111:0001:0000:0000\n"
			    "console = boot_vga is 1\n"),
	  "01:00.0 refuse console a; = error 1" },
	{ "the console, allowed",
	  ON("01:00.0 0300 1111:0001 1 - path=" P1 ";02:00.0 0300 1111:0001 2 - path=" P2 ";",
	     BY_ADDRESS "boot-vga=allow\n",
	     .record = HEAD "[need 0000:01:00.0]\npath = " P1 "\nid = 1111:0001:0000:0000\n"
			    "console = boot_vga is 1\n"),
	  "01:00.0 bind a; = ok 0" },
	{ "needs of a broken record hold, its completeness does not",
	  ON(DISK_P1 "02:00.0 0108 1111:0002 2 - path=" P2 ";",
	     A "address=01:00.0\nallow=storage\n" B "id=1111:0002\nallow=storage\n",
	     .record = COMPLETE "[need 0000:01:00.0]\npath = " P1 "\nid = 1111:0001:0000:0000\n"
				"storage = mount / on sda\njunk = 1\n"),
	  "01:00.0 refuse storage a; 02:00.0 refuse storage b; = error 2" },
};

TEST(record_needs)
{
	check_cases(need_cases, ARRAY_SIZE(need_cases));
}

static void check_message(const struct machine_text *text, const char *address, const char *expected)
{
	struct machine machine;

	machine_read(&machine, text);
	CHECK_STR(machine_entry(&machine, address)->message, expected);
	machine_free(&machine);
}

TEST(record_messages)
{
	check_message(
		&(struct machine_text)ON(ON_P2("01:00.0") ON_P1("02:00.0"), BY_ADDRESS, .record = RECORD), "01:00.0",
		"it is not what the record has for rule 'a': 1111:0001:0000:0000, class 120000, at 0000:01:00.0, "
		"path " P1
		", which is at 0000:02:00.0 now (follow = yes would follow it); this is 1111:0001:0000:0000, class "
		"120000, at 0000:01:00.0, path " P2 "; 'vfiokit record' accepts it; no driver holds it");
	check_message(&(struct machine_text)ON(ON_P2("01:00.0") ON_P1("02:00.0"), BY_ADDRESS FOLLOW, .record = RECORD),
		      "02:00.0",
		      "goes to vfio-pci, by rule 'a' (bind.conf:1); followed from 0000:01:00.0, path " P1
		      "; no driver holds it");
	check_message(&(struct machine_text)ON(DISK_P1, TAKE, .record = USED), "01:00.0",
		      "the host uses its storage (mount / on sda); no driver holds it");
}
