/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/cpulist.h"

#include "tests/unit/test.h"

static struct cpulist list(const char *text)
{
	struct cpulist set = { 0 };

	CHECK_TRUE(cpulist_parse(text, &set));
	return set;
}

TEST(cpulist_text)
{
	static const struct {
		const char *text, *formatted; /* NULL: refused */
	} cases[] = {
		{ "", "" },
		{ "0", "0" },
		{ "0-3,8", "0-3,8" },
		{ "8,3,2,1,0", "0-3,8" },
		{ "0-3,2-5", "0-5" },
		{ " 1, 3\t5 ", "1,3,5" },
		{ ",,1", "1" },
		{ "0-1,^1", "0" },
		{ "0-7,^2-5", "0-1,6-7" },
		{ "^1,1", "1" },
		{ "63-64", "63-64" },
		{ "1023-1025,8191", "1023-1025,8191" },
		{ "007", "7" },
		{ "8192", NULL },
		{ "0-8192", NULL },
		{ "99999999999999999999", NULL },
		{ "3-1", NULL },
		{ "1-", NULL },
		{ "-1", NULL },
		{ "1-2-3", NULL },
		{ "a", NULL },
		{ "1a", NULL },
		{ "0x1", NULL },
		{ "^", NULL },
		{ "^^1", NULL },
		{ "1;2", NULL },
		{ "0-7:1/2", NULL },
		{ "+1", NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct cpulist set = { .words = { 5 } };
		cleanup_free char *text = NULL;

		test_case("'%s'", cases[i].text);
		CHECK_INT(cpulist_parse(cases[i].text, &set), cases[i].formatted != NULL);
		text = cpulist_format(&set);
		CHECK_STR(text, cases[i].formatted != NULL ? cases[i].formatted : "0,2");
	}
}

TEST(cpulist_bytes)
{
	uint8_t bytes[CPULIST_BYTES + 1] = { 0 };
	struct cpulist set = list("0,9,8191"), back = { 0 };

	CHECK_INT(cpulist_to_bytes(&set, bytes), 1024);
	CHECK_INT(bytes[0], 1);
	CHECK_INT(bytes[1], 2);
	CHECK_INT(bytes[1023], 0x80);
	CHECK_TRUE(cpulist_from_bytes(bytes, sizeof(bytes), &back));
	CHECK_TRUE(cpulist_equal(&set, &back));
	bytes[1024] = 1; /* CPU 8192 */
	CHECK_TRUE(!cpulist_from_bytes(bytes, sizeof(bytes), &back));
	set = list("3");
	CHECK_INT(cpulist_to_bytes(&set, bytes), 1);
	set = list("");
	CHECK_INT(cpulist_to_bytes(&set, bytes), 0);
	CHECK_TRUE(cpulist_from_bytes(bytes, 0, &back));
	CHECK_TRUE(cpulist_is_empty(&back));
}

/* Every place in a word, and the ends of the first and of the last. */
TEST(cpulist_next)
{
	static const struct {
		const char *text;
		unsigned int from, expected;
	} rows[] = { { "", 0, CPULIST_MAX },
		     { "0", 0, 0 },
		     { "0", 1, CPULIST_MAX },
		     { "63", 0, 63 },
		     { "63", 63, 63 },
		     { "64", 1, 64 },
		     { "64", 64, 64 },
		     { "64", 65, CPULIST_MAX },
		     { "8191", 0, 8191 },
		     { "8191", 8191, 8191 },
		     { "8191", CPULIST_MAX, CPULIST_MAX },
		     { "3,200", 4, 200 },
		     { "1-8191", 0, 1 } };

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct cpulist set;

		test_case("%s from %u", rows[i].text, rows[i].from);
		CHECK_TRUE(cpulist_parse(rows[i].text, &set));
		CHECK_INT(cpulist_next(&set, rows[i].from), rows[i].expected);
	}
}

TEST(cpulist_sets)
{
	struct cpulist a = list("0-3,100"), b = list("2-5"), set = a;
	cleanup_free char *sum = NULL, *rest = NULL, *both = NULL;

	cpulist_add(&set, &b);
	sum = cpulist_format(&set);
	CHECK_STR(sum, "0-5,100");
	CHECK_TRUE(cpulist_is_subset(&a, &set));
	CHECK_TRUE(cpulist_is_subset(&b, &set));
	CHECK_TRUE(!cpulist_is_subset(&set, &a));
	CHECK_TRUE(!cpulist_equal(&set, &a));
	cpulist_remove(&set, &b);
	rest = cpulist_format(&set);
	CHECK_STR(rest, "0-1,100");
	set = a;
	cpulist_keep(&set, &b);
	both = cpulist_format(&set);
	CHECK_STR(both, "2-3");
	CHECK_TRUE(cpulist_has(&set, 3));
	CHECK_TRUE(!cpulist_has(&set, 4));
	CHECK_TRUE(!cpulist_has(&set, 100000));
}

TEST(cpulist_mask)
{
	static const struct {
		const char *text, *list; /* NULL: refused */
		const char *again;       /* NULL: as text */
	} cases[] = {
		{ "f", "0-3", NULL },
		{ "0", "", NULL },
		{ "00000000,0000000f", "0-3", "f" },
		{ "FF", "0-7", "ff" },
		{ "1,00000000", "32", NULL },
		{ "80000001,00000003,80000000", "31-33,64,95", NULL },
		{ "1,2", "1,32", "1,00000002" },
		{ "", NULL, NULL },
		{ ",", NULL, NULL },
		{ "f,", NULL, NULL },
		{ "0x1", NULL, NULL },
		{ "1 ", NULL, NULL },
		{ "123456789", NULL, NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct cpulist set = { .words = { 5 } };
		cleanup_free char *formatted = NULL, *mask = NULL;

		test_case("'%s'", cases[i].text);
		CHECK_INT(cpulist_parse_mask(cases[i].text, &set), cases[i].list != NULL);
		formatted = cpulist_format(&set);
		CHECK_STR(formatted, cases[i].list != NULL ? cases[i].list : "0,2");
		mask = cpulist_format_mask(&set);
		if (cases[i].list != NULL)
			CHECK_STR(mask, cases[i].again != NULL ? cases[i].again : cases[i].text);
	}
}

TEST(cpulist_mask_of_all)
{
	cleanup_free char *mask = NULL, *longer = NULL;
	struct cpulist set = { 0 }, again = { 0 };

	memset(&set, 0xff, sizeof(set));
	mask = cpulist_format_mask(&set);
	CHECK_INT(strlen(mask), CPULIST_MAX / 4 + CPULIST_MAX / 32 - 1);
	CHECK_TRUE(cpulist_parse_mask(mask, &again));
	CHECK_TRUE(cpulist_equal(&set, &again));
	longer = util_format("0,%s", mask);
	CHECK_TRUE(!cpulist_parse_mask(longer, &again));
}
