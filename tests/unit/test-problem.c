/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/problem.h"

#include "tests/unit/test.h"

TEST(problem_add)
{
	static const struct {
		const char *text, *expected;
	} cases[] = {
		{ "plain", "plain" },
		{ "a\nb\tc\x1b[31md", "a?b?c?[31md" },
		{ "\xc3\xa4\x7f", "???" },
		{ "~ !", "~ !" },
		{ "", "" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct problems problems = { 0 };

		problem_add(&problems, PROBLEM_POLICY, "f:1", "%s", cases[i].text);
		CHECK_STR(problems.items[0].message, cases[i].expected);
		CHECK_STR(problems.items[0].where, "f:1");
		problems_free(&problems);
	}
}

TEST(problem_limits)
{
	struct problems problems = { 0 };
	cleanup_free char *many = util_alloc(2000);

	memset(many, 'x', 1999);
	for (int i = 0; i < PROBLEMS_MAX + 7; i++)
		problem_add(&problems, i % 2 == 0 ? PROBLEM_POLICY : PROBLEM_MACHINE, "f", "%d %s", i, many);
	CHECK_INT(problems.count, PROBLEMS_MAX);
	CHECK_INT(problems.left_out, 7);
	CHECK_INT(problem_count(&problems, PROBLEM_POLICY), (PROBLEMS_MAX + 8) / 2);
	CHECK_INT(problem_count(&problems, PROBLEM_MACHINE), (PROBLEMS_MAX + 7) / 2);
	CHECK_TRUE(strlen(problems.items[0].message) < 1000);
	problems_free(&problems);
	CHECK_INT(problems.count, 0);
}
