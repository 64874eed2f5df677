/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/conf.h"

#include "tests/unit/test.h"

#define UUID "4dea22b3-1d52-d8f3-2516-782e98ab3fa0"

/* The settings of a guest in words, then " |" and what was complained of: "LINE: MESSAGE". Owned by the caller. */
static char *settings_of(const char *text, const char *name, const char *uuid)
{
	struct hooks_conf conf = { 0 };
	struct problems problems = { 0 };
	struct guest_settings settings;
	cleanup_free char *cpus = NULL, *inhibit = NULL;
	static const char *const keys[] = { "isolate-cpus", "claim-disks", "require", "hugepages" };
	const char *expected;
	char *words = NULL;

	conf_parse(&conf, text, strlen(text), "f", &problems);
	conf_settings(&conf, name, uuid, &settings);
	cpus = cpulist_format(&settings.cpus);
	inhibit = conf_inhibit_words(settings.inhibit_what);
	test_append(&words, "%s %s %s %s%s%s%s%s",
		    settings.isolate == ISOLATE_LIST     ? cpus
		    : settings.isolate == ISOLATE_PINNED ? "pinned"
							 : "no",
		    settings.siblings == SIBLINGS_INCLUDE ? "include" : "warn",
		    settings.inhibit == INHIBIT_AUTO ? "auto"
		    : inhibit[0] == '\0'             ? "none"
						     : inhibit,
		    settings.claim_disks == CLAIM_YES ? "claim" : "no-claim",
		    (settings.tune & TUNE_WORKQUEUES) != 0 ? " workqueues" : "",
		    (settings.require & REQUIRE_ISOLATION) != 0 ? " isolation" : "",
		    (settings.require & REQUIRE_DEVICES) != 0 ? " devices" : "",
		    (settings.require & REQUIRE_TUNING) != 0 ? " tuning" : "");
	if (settings.hugepages == PAGES_AUTO)
		test_append(&words, " auto");
	for (size_t i = 0; i < settings.n_pages; i++)
		test_append(&words, " %llu %llu %d", (unsigned long long)settings.pages[i].size,
			    (unsigned long long)settings.pages[i].count, settings.pages[i].node);
	for (size_t i = 0; i < settings.n_shm; i++)
		test_append(&words, " %s:%s:%s", settings.shm[i].name, settings.shm[i].user, settings.shm[i].group);
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if ((settings.metadata & 1u << guest_settings_find_key(keys[i], &expected)) != 0)
			test_append(&words, " +%s", keys[i]);
	for (size_t i = 0; i < problems.count; i++)
		test_append(&words, " |%s: %s", problems.items[i].where, problems.items[i].message);
	conf_free(&conf);
	problems_free(&problems);
	return words;
}

#define SECTIONS "[guests], [guest NAME], [usb] or [usb NAME]"
#define DEFAULT "no warn auto claim"

TEST(conf_sections)
{
	static const struct {
		const char *name, *text, *expected;
	} cases[] = {
		{ "nothing", "", DEFAULT },
		{ "all keys",
		  "[guests]\nisolate-cpus=2-3,8\nsmt-siblings=include\ninhibit=sleep lid\nclaim-disks=no\n"
		  "require=isolation, devices\n",
		  "2-3,8 include sleep:handle-lid-switch no-claim isolation devices" },
		{ "the other values",
		  "[guests]\nisolate-cpus=pinned\nsmt-siblings=warn\ninhibit=no\nclaim-disks=yes\nrequire=no\n",
		  "pinned warn none claim" },
		{ "memory", "[guests]\nhugepages=2M:16@1\nshm=a 1M u:g\n", DEFAULT " 2048 16 1 a:u:g" },
		{ "memory as the guest says", "[guests]\nhugepages=2M:16\n[guest win]\nhugepages=auto\n",
		  DEFAULT " auto" },
		{ "memory taken back", "[guests]\nhugepages=2M:16\nshm=a 1M u:g\n[guest win]\nhugepages=no\nshm=no\n",
		  DEFAULT },
		{ "metadata", "[guests]\nmetadata=isolate-cpus require\n", DEFAULT " +isolate-cpus +require" },
		{ "metadata, all", "[guests]\nmetadata=all\n", DEFAULT " +isolate-cpus +hugepages" },
		{ "metadata taken back", "[guests]\nmetadata=all\n[guest win]\nmetadata=no\n", DEFAULT },
		{ "tuning", "[guests]\nworkqueues=away\nrequire=tuning\n", DEFAULT " workqueues tuning" },
		{ "tuning taken back", "[guests]\nworkqueues=away\n[guest win]\nworkqueues=no\n", DEFAULT },
		{ "tuning left as it is", "[guests]\nworkqueues=away\n[guest win]\ninhibit=auto\n",
		  DEFAULT " workqueues" },
		{ "all of logind", "[guests]\ninhibit=sleep idle shutdown lid\n",
		  "no warn sleep:idle:shutdown:handle-lid-switch claim" },
		{ "by name", "[guest win]\nisolate-cpus=pinned\n", "pinned warn auto claim" },
		{ "by UUID", "[guest " UUID "]\nisolate-cpus=pinned\n", "pinned warn auto claim" },
		{ "by UUID in capitals", "[guest 4DEA22B3-1D52-D8F3-2516-782E98AB3FA0]\nisolate-cpus=pinned\n",
		  "pinned warn auto claim" },
		{ "another guest", "[guest lin]\nisolate-cpus=pinned\n", DEFAULT },
		{ "a name in capitals is another one", "[guest WIN]\nisolate-cpus=pinned\n", DEFAULT },
		{ "key by key: UUID, name, guests",
		  "[guest " UUID "]\nisolate-cpus=1\n[guest win]\nisolate-cpus=2\ninhibit=no\n"
		  "[guests]\nisolate-cpus=3\ninhibit=idle\nclaim-disks=no\n",
		  "1 warn none no-claim" },
		{ "require is replaced, not joined", "[guests]\nrequire=devices\n[guest win]\nrequire=isolation\n",
		  "no warn auto claim isolation" },
		{ "require taken back", "[guests]\nrequire=devices\n[guest win]\nrequire=no\n", DEFAULT },
		{ "an odd name", "[guest -x \xC3\xA9\"'$(y)]\nclaim-disks=no\n[guest  win]\nclaim-disks=no\n",
		  "no warn auto no-claim" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_free char *got = NULL;

		test_case("%s", cases[i].name);
		got = settings_of(cases[i].text, "win", UUID);
		CHECK_STR(got, cases[i].expected);
	}
}

/* What is wrong disables its section: a default that is half read could be less than what was meant. */
TEST(conf_wrong)
{
	static const struct {
		const char *text, *expected;
	} cases[] = {
		{ "[guests]\nclaim-disks=no\nisolate-cpus=0x3\n",
		  DEFAULT " |f:3: bad value for 'isolate-cpus': '0x3', expected no, pinned, or a list of CPUs like "
			  "2-5,10-13; this section is not used" },
		{ "[guests]\nisolate-cpus=\n", DEFAULT " |f:2: bad value for 'isolate-cpus': '', expected no, pinned, "
						       "or a list of CPUs like 2-5,10-13; this section is not used" },
		{ "[guests]\ninhibit=auto sleep\n",
		  DEFAULT " |f:2: bad value for 'inhibit': 'auto sleep', expected auto, no, or any of: sleep idle "
			  "shutdown lid; this section is not used" },
		{ "[guests]\nrequire=disks\n",
		  DEFAULT " |f:2: bad value for 'require': 'disks', expected no, or any "
			  "of: isolation devices tuning hugepages; this section is not used" },
		{ "[guests]\nhugepages=16\n",
		  DEFAULT " |f:2: bad value for 'hugepages': '16', expected no, auto, or a list of SIZE:COUNT or "
			  "SIZE:COUNT@NODE like 2M:4096 1G:8@0, each pool once; this section is not used" },
		{ "[guests]\nshm=x\n",
		  DEFAULT " |f:2: bad value for 'shm': 'x', expected no, or up to 4 of NAME SIZE USER:GROUP like "
			  "looking-glass 64M user:kvm, each name once; this section is not used" },
		{ "[guests]\nmetadata=metadata\n", DEFAULT
		  " |f:2: bad value for 'metadata': 'metadata', expected no, or any of: all, and names of other "
		  "keys (all leaves out claim-disks and require); this section is not used" },
		{ "[guests]\nclaim-disks=maybe\n",
		  DEFAULT " |f:2: bad value for 'claim-disks': 'maybe', expected yes or no; this section is not used" },
		{ "[guests]\nsmt-siblings=no\n", DEFAULT " |f:2: bad value for 'smt-siblings': 'no', expected warn or "
							 "include; this section is not used" },
		{ "[guest win]\nclaim-disks=no\nclaim-disks=no\n",
		  DEFAULT " |f:3: 'claim-disks' is given twice, expected it once; this section is not used" },
		{ "[guest win]\nclaim-disks=no\nfoo=1\n", DEFAULT
		  " |f:3: unknown key 'foo', expected isolate-cpus, smt-siblings, irqs, workqueues, governor, inhibit, "
		  "claim-disks, "
		  "require, hugepages, shm or metadata; this section is not used" },
		{ "[guest win]\nclaim-disks=no\n[guest win]\n",
		  DEFAULT " |f:3: this section stands in the file twice; this section is not used" },
		{ "[guests]\nclaim-disks=no\n[guests]\n",
		  DEFAULT " |f:3: this section stands in the file twice; this section is not used" },
		{ "[disk stick]\nguest=win\n",
		  DEFAULT " |f:1: unknown section [disk stick], expected " SECTIONS "; ignored" },
		{ "[guest ]\nclaim-disks=no\n",
		  DEFAULT " |f:1: [guest] without a name, expected [guest NAME] or [guest UUID]; ignored" },
		{ "[guest win\nclaim-disks=no\n",
		  DEFAULT " |f:1: a section header without ']', expected " SECTIONS ": '[guest win'" },
		{ "[guests]\nclaim-disks=no\n[guests \nx=1\n",
		  DEFAULT " |f:3: a section header without ']', expected " SECTIONS ": '[guests '" },
		{ "[guest win]\nclaim-disks=no\n indented\n",
		  DEFAULT " |f:3: an indented line, expected it at the start of the line: ' indented'" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_free char *got = NULL;

		test_case("'%s'", cases[i].text);
		got = settings_of(cases[i].text, "win", UUID);
		CHECK_STR(got, cases[i].expected);
	}
}

TEST(conf_one_broken_section_leaves_the_others)
{
	cleanup_free char *got = settings_of(
		"[guests]\nisolate-cpus=pinned\n[guest lin]\nfoo=1\n[guest win]\ninhibit=no\n", "win", NULL);

	CHECK_HAS(got, "pinned warn none claim |f:4: ");
}

TEST(conf_file)
{
	static const struct {
		const char *tree, *problem;
		enum conf_claim claim;
	} cases[] = {
		{ "", NULL, CLAIM_YES },
		{ "F: etc/vfiokit/hooks.conf=[guests]\\nclaim-disks=no\\n\n", NULL, CLAIM_NO },
		{ "D: etc/vfiokit/hooks.conf\n",
		  "cannot read the configuration: Is a directory; the built-in defaults are used", CLAIM_YES },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct hooks_conf conf = { 0 };
		struct problems problems = { 0 };
		struct guest_settings settings;

		conf_read(&conf, test_root(cases[i].tree), &problems);
		conf_settings(&conf, "win", NULL, &settings);
		CHECK_INT(settings.claim_disks, cases[i].claim);
		CHECK_STR(problems.count > 0 ? problems.items[0].message : NULL, cases[i].problem);
		conf_free(&conf);
		problems_free(&problems);
	}
}
