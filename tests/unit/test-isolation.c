/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/isolation.h"

#include "tests/unit/test.h"

static struct cpulist list(const char *text)
{
	struct cpulist set = { 0 };

	CHECK_TRUE(cpulist_parse(text, &set));
	return set;
}

TEST(isolation_leaves_host)
{
	static const struct {
		const char *online, *taken;
		bool leaves;
	} cases[] = {
		{ "0-7", "2-7", true },  { "0-7", "0-7", false },     { "0-7", "", true },
		{ "2-7", "2-7", false }, { "0-7", "0-6,8-15", true }, { "0,8191", "0", true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct isolation_machine machine = { list("0-8191"), list(cases[i].online) };
		struct cpulist taken = list(cases[i].taken);

		test_case("%s of %s", cases[i].taken, cases[i].online);
		CHECK_INT(isolation_leaves_host(&machine, &taken), cases[i].leaves);
	}
}

/* The record as "FORMER/WRITTEN/NEXT", NULL if there is none. On a machine with the CPUs 0-7. */
TEST(isolation_decide)
{
	static const char *const names[] = { "none", "write", "clear", "forget", "foreign", "no room" };
	static const struct {
		const char *name, *taken, *current, *record, *expected;
	} cases[] = {
		{ "nothing to do", "", "", NULL, "none" },
		{ "nothing to do for one that is confined", "", "0-3", NULL, "none" },
		{ "the first guest", "2-3", "", NULL, "write 0-1,4-7" },
		{ "the first guest, confined before", "2-3", "0-3", NULL, "write 0-1" },
		{ "confined elsewhere before", "2-3", "4-5", NULL, "none" },
		{ "confined to what the guest takes", "2-3", "2-3", NULL, "no room" },
		{ "already done", "2-3", "0-1,4-7", "/0-1,4-7/0-1,4-7", "none" },
		{ "a second guest", "2-5", "0-1,4-7", "/0-1,4-7/0-1,4-7", "write 0-1,6-7" },
		{ "the first of two goes", "4-5", "0-1,6-7", "/0-1,6-7/0-1,6-7", "write 0-3,6-7" },
		{ "a second guest, confined before", "2-5", "0-1", "0-3/0-1/0-1", "none" },
		{ "a second guest that takes the rest", "0-3", "0-1", "0-3/0-1/0-1", "no room" },
		{ "the last one goes", "", "0-1,4-7", "/0-1,4-7/0-1,4-7", "clear 0-7" },
		{ "the last one goes, confined before", "", "0-1", "0-3/0-1/0-1", "write 0-3" },
		{ "killed before the write", "2-3", "", "//0-1,4-7", "write 0-1,4-7" },
		{ "killed behind the write", "2-3", "0-1,4-7", "//0-1,4-7", "none" },
		{ "killed before the write, then nothing is left", "", "", "//0-1,4-7", "clear 0-7" },
		{ "killed behind the write, then nothing is left", "", "0-1,4-7", "//0-1,4-7", "clear 0-7" },
		{ "killed while giving back, all CPUs", "", "0-7", "/0-1,4-7/0-7", "clear 0-7" },
		{ "killed while giving back, empty", "", "", "/0-7/", "clear 0-7" },
		{ "a guest after that", "2-3", "", "/0-7/", "write 0-1,4-7" },
		{ "changed by others", "2-3", "0", "/0-1,4-7/0-1,4-7", "foreign" },
		{ "emptied by others", "2-3", "", "/0-1,4-7/0-1,4-7", "foreign" },
		{ "widened by a drop-in", "2-3", "0-2,4-7", "/0-1,4-7/0-1,4-7", "foreign" },
		{ "changed by others, the last one goes", "", "0", "/0-1,4-7/0-1,4-7", "forget" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct isolation_machine machine = { list("0-7"), list("0-7") };
		struct cpulist taken = list(cases[i].taken), current = list(cases[i].current);
		cleanup_free char *lists = util_copy(cases[i].record != NULL ? cases[i].record : "//"), *value = NULL;
		cleanup_free char *got = NULL;
		char *rest = lists;
		struct unit_record record = { .unit = NULL };
		struct unit_decision decision;

		test_case("%s", cases[i].name);
		record.former = list(strsep(&rest, "/"));
		record.written = list(strsep(&rest, "/"));
		record.next = list(rest);
		isolation_decide(&machine, &taken, &current, cases[i].record != NULL ? &record : NULL, &decision);
		value = cpulist_format(&decision.value);
		got = decision.step == STEP_WRITE || decision.step == STEP_CLEAR
			      ? util_format("%s %s", names[decision.step], value)
			      : util_copy(names[decision.step]);
		CHECK_STR(got, cases[i].expected);
	}
}

/* Any number of guests in any order: what a unit has depends on who is there, not on who came first. */
TEST(isolation_any_order)
{
	static const char *const guests[] = { "1", "1-2", "4", "6-7" };
	struct isolation_machine machine = { list("0-7"), list("0-7") };
	struct unit_record record = { 0 };
	struct cpulist current = { 0 };
	bool has_record = false;
	unsigned int random = 1;

	for (int i = 0, present = 0; i < 2000; i++) {
		struct cpulist taken = { 0 }, expected = list("0-7");
		struct unit_decision decision;

		random = random * 1103515245 + 12345;
		present ^= 1 << (random >> 16) % 4;
		for (int j = 0; j < 4; j++) {
			struct cpulist more = list(guests[j]);

			if ((present >> j & 1) != 0)
				cpulist_add(&taken, &more);
		}
		cpulist_remove(&expected, &taken);
		isolation_decide(&machine, &taken, &current, has_record ? &record : NULL, &decision);
		if (decision.step == STEP_WRITE) {
			record = (struct unit_record){ NULL, decision.former, decision.value, decision.value };
			current = decision.value;
			has_record = true;
		} else if (decision.step == STEP_CLEAR) {
			current = (struct cpulist){ 0 };
			has_record = false;
		}
		CHECK_TRUE(present == 0 ? cpulist_is_empty(&current) : cpulist_equal(&current, &expected));
		CHECK_INT(has_record, present != 0);
	}
}
