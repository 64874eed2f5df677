/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What automatic disarm decides, and how it reads and writes its variable in a folder. */
#include "binder/disarm.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "binder/efivar.h"
#include "tests/unit/machine.h"
#include "tests/unit/test.h"

#define VARIABLE "sys/firmware/efi/efivars/" EFIVAR_NAME
#define EFI "D: sys/firmware/efi/efivars\nPCI: 01:00.0 1200 1111:0001 - - 1\n"

enum { OLD = 1, NEW = 2, BOOT = 7 };

static const char *const decisions[] = {
	[DISARM_GO] = "go", [DISARM_NOTE] = "note", [DISARM_STAND_DOWN] = "stand down"
};

static const struct {
	const char *name;
	struct probation found;
	uint64_t digest, boot;
	unsigned int limit;
	const char *decision;
	struct probation next;
} decide_cases[] = {
	{ "the first boot", { .state = PROBATION_NONE }, NEW, BOOT, 2, "note", { PROBATION_TRIED, 1, NEW, BOOT, 0 } },
	{ "garbage",
	  { .state = PROBATION_FOREIGN, .length = 9 },
	  NEW,
	  BOOT,
	  2,
	  "note",
	  { PROBATION_TRIED, 1, NEW, BOOT, 0 } },
	{ "one attempt",
	  { PROBATION_TRIED, 1, NEW, 6, 0 },
	  NEW,
	  BOOT,
	  2,
	  "note",
	  { PROBATION_TRIED, 2, NEW, BOOT, 0 } },
	{ "two attempts",
	  { PROBATION_TRIED, 2, NEW, 6, 0 },
	  NEW,
	  BOOT,
	  2,
	  "stand down",
	  { PROBATION_DOWN, 2, NEW, 6, 0 } },
	{ "one, and one is enough",
	  { PROBATION_TRIED, 1, NEW, 6, 0 },
	  NEW,
	  BOOT,
	  1,
	  "stand down",
	  { PROBATION_DOWN, 1, NEW, 6, 0 } },
	{ "two of three",
	  { PROBATION_TRIED, 2, NEW, 6, 0 },
	  NEW,
	  BOOT,
	  3,
	  "note",
	  { PROBATION_TRIED, 3, NEW, BOOT, 0 } },
	{ "two attempts with another policy",
	  { PROBATION_TRIED, 2, OLD, 6, 0 },
	  NEW,
	  BOOT,
	  2,
	  "note",
	  { PROBATION_TRIED, 1, NEW, BOOT, 0 } },
	{ "an attempt that was taken back",
	  { PROBATION_RETURNED, 1, NEW, 6, 0 },
	  NEW,
	  BOOT,
	  2,
	  "note",
	  { PROBATION_TRIED, 2, NEW, BOOT, 0 } },
	{ "a second run of the same boot",
	  { PROBATION_TRIED, 2, NEW, BOOT, 0 },
	  NEW,
	  BOOT,
	  2,
	  "go",
	  { PROBATION_TRIED, 2, NEW, BOOT, 0 } },
	{ "the same, with another policy",
	  { PROBATION_TRIED, 2, OLD, BOOT, 0 },
	  NEW,
	  BOOT,
	  2,
	  "note",
	  { PROBATION_TRIED, 1, NEW, BOOT, 0 } },
	{ "two boots that nobody can tell apart",
	  { PROBATION_TRIED, 2, NEW, 0, 0 },
	  NEW,
	  0,
	  2,
	  "stand down",
	  { PROBATION_DOWN, 2, NEW, 0, 0 } },
	{ "proven", { PROBATION_PROVEN, 0, NEW, 6, 0 }, NEW, BOOT, 2, "go", { PROBATION_PROVEN, 0, NEW, 6, 0 } },
	{ "proven, but another policy",
	  { PROBATION_PROVEN, 0, OLD, 6, 0 },
	  NEW,
	  BOOT,
	  2,
	  "note",
	  { PROBATION_TRIED, 1, NEW, BOOT, 0 } },
	{ "down", { PROBATION_DOWN, 2, NEW, 6, 0 }, NEW, BOOT, 2, "stand down", { PROBATION_DOWN, 2, NEW, 6, 0 } },
	{ "down, and the policy was changed",
	  { PROBATION_DOWN, 2, OLD, 6, 0 },
	  NEW,
	  BOOT,
	  2,
	  "stand down",
	  { PROBATION_DOWN, 2, OLD, 6, 0 } },
};

TEST(disarm_decide)
{

	for (size_t i = 0; i < ARRAY_SIZE(decide_cases); i++) {
		struct probation next;
		unsigned char got[PROBATION_SIZE], expected[PROBATION_SIZE];

		test_case("%s", decide_cases[i].name);
		CHECK_STR(decisions[disarm_decide(&decide_cases[i].found, decide_cases[i].digest, decide_cases[i].boot,
						  decide_cases[i].limit, &next)],
			  decide_cases[i].decision);
		probation_format(&next, got);
		probation_format(&decide_cases[i].next, expected);
		CHECK_STR(probation_name(next.state), probation_name(decide_cases[i].next.state));
		CHECK_INT(next.attempts, decide_cases[i].next.attempts);
		CHECK_INT(memcmp(got, expected, sizeof(got)), 0);
	}
}

TEST(disarm_end_of_boot)
{
	static const struct {
		const char *name;
		struct probation found;
		bool succeeds, takes_back;
		unsigned int attempts; /* after it was taken back */
	} cases[] = {
		{ "tried at this boot", { PROBATION_TRIED, 2, NEW, BOOT, 0 }, true, true, 1 },
		{ "taken back at this boot", { PROBATION_RETURNED, 1, NEW, BOOT, 0 }, true, false, 0 },
		{ "tried at an earlier boot", { PROBATION_TRIED, 1, NEW, 6, 0 }, false, false, 0 },
		{ "proven", { PROBATION_PROVEN, 0, NEW, BOOT, 0 }, false, false, 0 },
		{ "down", { PROBATION_DOWN, 2, NEW, BOOT, 0 }, false, false, 0 },
		{ "nothing", { .state = PROBATION_NONE }, false, false, 0 },
		{ "garbage", { .state = PROBATION_FOREIGN }, false, false, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct probation next;

		test_case("%s", cases[i].name);
		CHECK_INT(disarm_succeed(&cases[i].found, BOOT, &next), cases[i].succeeds);
		if (cases[i].succeeds)
			CHECK_STR(probation_name(next.state), "proven");
		CHECK_INT(disarm_take_back(&cases[i].found, BOOT, &next), cases[i].takes_back);
		if (cases[i].takes_back)
			CHECK_INT(next.attempts, cases[i].attempts);
		CHECK_INT(disarm_succeed(&cases[i].found, 0, &next), false);
	}
}

TEST(probation_content)
{
	const struct probation probation = { PROBATION_TRIED, 2, 0x123456789abcdef0, 0xfedcba9876543210, 0 };
	unsigned char data[PROBATION_SIZE + 1] = { 0 };
	struct probation read;

	probation_format(&probation, data);
	read = probation_parse(data, PROBATION_SIZE);
	CHECK_STR(probation_name(read.state), "tried");
	CHECK_INT(read.attempts, 2);
	CHECK_TRUE(read.digest == probation.digest && read.boot == probation.boot);
	for (size_t length = 0; length <= sizeof(data); length++)
		if (length != PROBATION_SIZE)
			CHECK_STR(probation_name(probation_parse(data, length).state), "foreign");
	/* Another name, another version, no such state, something where nothing is to be. */
	static const struct {
		size_t at;
		unsigned char value;
	} wrong[] = {
		{ 0, 'V' }, { 7, 2 }, { 24, PROBATION_NONE }, { 24, PROBATION_FOREIGN }, { 24, PROBATION_DOWN + 1 },
		{ 26, 1 },  { 31, 1 }
	};

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		unsigned char copy[PROBATION_SIZE];

		test_case("byte %zu is %u", wrong[i].at, wrong[i].value);
		memcpy(copy, data, sizeof(copy));
		copy[wrong[i].at] = wrong[i].value;
		CHECK_STR(probation_name(probation_parse(copy, sizeof(copy)).state), "foreign");
	}
}

TEST(efivar_in_a_folder)
{
	int root = test_root(EFI), directory = efivar_open(root, false);
	char text[64] = "";

	CHECK_TRUE(directory >= 0);
	CHECK_INT(efivar_read(directory, text, sizeof(text)), -ENOENT);
	CHECK_INT(efivar_remove(directory), -ENOENT);
	CHECK_INT(efivar_write(directory, "hello", 5), 0);
	CHECK_INT(efivar_read(directory, text, sizeof(text)), 5);
	CHECK_STR(text, "hello");
	CHECK_INT(efivar_write(directory, "me", 2), 0);
	CHECK_INT(efivar_read(directory, text, 1), 2);
	/* Shorter than the attributes, longer than anything of ours. */
	test_write_file(root, VARIABLE, "\7\0", 2);
	CHECK_INT(efivar_read(directory, text, sizeof(text)), 0);
	test_write_file(root, VARIABLE, (char[5000]){ 7 }, 5000);
	CHECK_TRUE(efivar_read(directory, text, sizeof(text)) > PROBATION_SIZE);
	CHECK_INT(efivar_remove(directory), 0);
	close(directory);
	CHECK_INT(efivar_open(test_root("D: sys\n"), false), -ENODEV);
	CHECK_INT(efivar_open(test_root("D: sys/firmware/efi\n"), false), -ENOENT);
}

/* What changes the plan changes the digest; what only takes away does not. */
TEST(disarm_digest)
{
	static const char *const words[] = { "", "vfiokit.id=1111:0001", "vfiokit.id=1111:0002",
					     "vfiokit.address=01:00.0", "vfiokit.address=01:00.0 vfiokit.group=whole" };
	uint64_t seen[ARRAY_SIZE(words) + 1];
	struct policy policy = { .digest = 5 };
	struct problems problems = { 0 };
	int root = test_root("D: etc/vfiokit\n");

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		struct switches switches = { 0 };

		switches_parse(&switches, words[i], &problems);
		seen[i] = disarm_digest(root, &policy, &switches);
		switches_parse(&switches, "vfiokit.skip=02:00.0", &problems);
		CHECK_TRUE(disarm_digest(root, &policy, &switches) == seen[i]);
		switches_free(&switches);
		for (size_t j = 0; j < i; j++)
			CHECK_TRUE(seen[i] != seen[j]);
	}
	test_write_file(root, "etc/vfiokit/bind.record", "a", 1);
	seen[ARRAY_SIZE(words)] = disarm_digest(root, &policy, &(struct switches){ 0 });
	for (size_t j = 0; j < ARRAY_SIZE(words); j++)
		CHECK_TRUE(seen[ARRAY_SIZE(words)] != seen[j]);
	problems_free(&problems);
}

/* Boots on a folder, with the program's own commands in between: the whole story in small. */
TEST(disarm_words)
{
	static const struct {
		struct probation written;
		const char *says;
	} cases[] = {
		{ { PROBATION_TRIED, 1, NEW, BOOT, 0 }, "1 of 2 boots without success counted" },
		{ { PROBATION_PROVEN, 0, NEW, BOOT, 0 }, "is proven" },
		{ { PROBATION_DOWN, 2, NEW, BOOT, 0 }, "'vfiokit arm' switches it on again" },
	};
	int root = test_root(EFI), directory = efivar_open(root, false);
	cleanup_free char *none = disarm_explain(root, 2), *never = disarm_explain(root, 0);

	CHECK_HAS(none, "nothing to watch");
	CHECK_HAS(never, "disarm-after = 0");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_free char *text = NULL;

		CHECK_INT(probation_write(directory, &cases[i].written), 0);
		text = disarm_explain(root, 2);
		CHECK_HAS(text, cases[i].says);
	}
	CHECK_INT(efivar_write(directory, "x", 1), 0);
	none = (free(none), disarm_explain(root, 2));
	CHECK_HAS(none, "holds 1 bytes that are not understood");
	close(directory);
}
