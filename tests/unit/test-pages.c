/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Amounts of memory, lists of pools, and what is remembered of them. */
#include "hooks/pages.h"

#include "hooks/size.h"
#include "tests/unit/test.h"

TEST(size_units)
{
	static const struct {
		const char *number, *unit;
		uint64_t bytes; /* 0: refused */
	} cases[] = {
		{ "1", "", 1024 },
		{ " 1048576\n", "KiB", 1073741824 },
		{ "3", "b", 3 },
		{ "3", "bytes", 3 },
		{ "2", "k", 2048 },
		{ "2", "KB", 2000 },
		{ "2", "MiB", 2097152 },
		{ "2", "mib", 2097152 },
		{ "2", "MB", 2000000 },
		{ "1", "G", 1073741824 },
		{ "1", "TiB", 1099511627776 },
		{ "1", "kiB5", 0 },
		{ "1", "x", 0 },
		{ "", "KiB", 0 },
		{ "-1", "KiB", 0 },
		{ "1 2", "KiB", 0 },
		{ "18446744073709551615", "KiB", 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t bytes = 0;

		test_case("'%s' '%s'", cases[i].number, cases[i].unit);
		CHECK_INT(size_parse(cases[i].number, cases[i].unit, &bytes), cases[i].bytes != 0);
		CHECK_INT(bytes, cases[i].bytes);
	}
}

TEST(size_shown)
{
	cleanup_free char *odd = size_format(1025), *mega = size_format(2097152), *giga = size_format(1073741824);

	CHECK_STR(odd, "1025 bytes");
	CHECK_STR(mega, "2 MiB");
	CHECK_STR(giga, "1 GiB");
}

TEST(pages_lists)
{
	static const struct {
		const char *text, *expected; /* as in claims, NULL: refused */
	} cases[] = {
		{ "2M:4096", "2048 4096 any" },
		{ "2M:4096, 1G:8@0", "2048 4096 any|1048576 8 0" },
		{ "2048k:1@1023 2MiB:1@3", "2048 1 1023|2048 1 3" },
		{ "", NULL },
		{ "2M", NULL },
		{ "2M:", NULL },
		{ "2M:0", NULL },
		{ "2M:x", NULL },
		{ "2M:1@", NULL },
		{ "2M:1@any", NULL },
		{ "2M:1@1024", NULL },
		{ "2M:1@0@1", NULL },
		{ "2:1", NULL },
		{ "1b:1", NULL },
		{ "M:1", NULL },
		{ "2M:1 2M:2", NULL },
		{ "2M:1 2048K:2", NULL },
		{ "1k:1 2k:1 3k:1 4k:1 5k:1 6k:1 7k:1 8k:1 9k:1 10k:1 11k:1 12k:1 13k:1 14k:1 15k:1 16k:1 17k:1",
		  NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_free char *text = util_copy(cases[i].text), *got = NULL;
		struct pages_want wants[PAGES_MAX], again;
		size_t n = 0;

		test_case("'%s'", cases[i].text);
		CHECK_INT(pages_parse_list(text, wants, &n), cases[i].expected != NULL);
		for (size_t k = 0; cases[i].expected != NULL && k < n; k++) {
			cleanup_free char *want = pages_format_want(&wants[k]), *copy = util_copy(want);

			test_append(&got, "%s%s", k > 0 ? "|" : "", want);
			CHECK_TRUE(pages_parse_want(copy, &again));
			CHECK_INT(again.node, wants[k].node);
		}
		if (cases[i].expected != NULL)
			CHECK_STR(got, cases[i].expected);
	}
}

#define HEAD "vfiokit-hugepages 1\n"
#define UUID "4dea22b3-1d52-d8f3-2516-782e98ab3fa0"
#define UUID2 "4dea22b3-1d52-d8f3-2516-782e98ab3fa1"

TEST(pages_records)
{
	static const struct {
		const char *text;
		bool good;
	} cases[] = {
		{ HEAD, true },
		{ HEAD "pool 0 2048 4 20 20\npool any 1048576 0 0 1\nguest " UUID " 0 2048 16 12\n", true },
		{ "", false },
		{ "vfiokit-hugepages 2\n", false },
		{ HEAD "pool 0 2048 4 20\n", false },
		{ HEAD "pool 0 2048 4 20 20 1\n", false },
		{ HEAD "pool 0 0 4 20 20\n", false },
		{ HEAD "pool x 2048 4 20 20\n", false },
		{ HEAD "pool 0 2048 4 20 99999999999999\n", false },
		{ HEAD "pool 0 2048 4 20 20\npool 0 2048 4 20 20\n", false },
		{ HEAD "guest " UUID " 0 2048 16 12\n", false },
		{ HEAD "pool 0 2048 4 20 20\nguest ../x 0 2048 16 12\n", false },
		{ HEAD "pool 0 2048 4 20 20\nguest " UUID " 1 2048 16 12\n", false },
		{ HEAD "pool\n", false },
		{ HEAD "pools 0 2048 4 20 20\n", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct pages_records records;
		cleanup_free char *again = NULL;

		test_case("'%s'", cases[i].text);
		CHECK_INT(pages_parse_records(&records, cases[i].text, strlen(cases[i].text)), cases[i].good);
		again = pages_format_records(&records);
		CHECK_STR(again, cases[i].good ? cases[i].text : HEAD);
		pages_free_records(&records);
	}
}

/* A pool with these guests, a number of pages that is found there: is that ours, and what shall it have? */
TEST(pages_decided)
{
	static const struct {
		const char *name, *records;
		uint64_t count;
		bool is_foreign;
		uint64_t target;
	} cases[] = {
		{ "as we left it", "pool 0 2048 4 20 20\nguest " UUID " 0 2048 16 16\n", 20, false, 20 },
		{ "nobody is left", "pool 0 2048 4 20 20\n", 20, false, 4 },
		{ "one of two", "pool 0 2048 4 30 30\nguest " UUID " 0 2048 16 10\n", 30, false, 14 },
		{ "killed before the write", "pool 0 2048 4 4 20\n", 4, false, 4 },
		{ "killed in the write", "pool 0 2048 4 4 20\n", 11, false, 4 },
		{ "killed behind the write", "pool 0 2048 4 4 20\n", 20, false, 4 },
		{ "killed while giving back", "pool 0 2048 4 20 4\n", 20, false, 4 },
		{ "raised by somebody else", "pool 0 2048 4 20 20\nguest " UUID " 0 2048 16 16\n", 24, true, 24 },
		{ "lowered by somebody else", "pool 0 2048 4 20 20\nguest " UUID " 0 2048 16 16\n", 2, true, 2 },
		{ "others' pools do not count",
		  "pool 0 2048 4 20 20\npool 1 2048 0 8 8\nguest " UUID " 1 2048 8 8\nguest " UUID2 " 0 2048 16 16\n",
		  20, false, 20 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_free char *text = util_format(HEAD "%s", cases[i].records);
		struct pages_records records;

		test_case("%s", cases[i].name);
		CHECK_TRUE(pages_parse_records(&records, text, strlen(text)));
		CHECK_INT(pages_is_foreign(&records, &records.pools[0], cases[i].count), cases[i].is_foreign);
		CHECK_INT(pages_target(&records, &records.pools[0]), cases[i].target);
		pages_free_records(&records);
	}
}

TEST(pages_available)
{
	static const struct {
		const char *name, *records;
		bool is_pending;
		struct pages_view view;
		uint64_t available;
	} cases[] = {
		{ "all free ones", "", false, { 4, 4, 0 }, 4 },
		{ "what others have reserved", "", false, { 4, 4, 3 }, 1 },
		{ "more reserved than free", "", false, { 4, 2, 3 }, 0 },
		{ "what a guest waits for", "guest " UUID " 0 2048 3 0\n", true, { 4, 4, 0 }, 1 },
		{ "which has reserved it", "guest " UUID " 0 2048 3 0\n", true, { 4, 4, 3 }, 1 },
		{ "what a guest uses already", "guest " UUID " 0 2048 3 0\n", false, { 4, 1, 0 }, 1 },
		{ "what is to be given back", "", false, { 7, 5, 0 }, 2 },
		{ "given back, but still in use", "", false, { 7, 2, 0 }, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_free char *text = util_format(HEAD "pool 0 2048 4 4 4\n%s", cases[i].records);
		struct pages_records records;

		test_case("%s", cases[i].name);
		CHECK_TRUE(pages_parse_records(&records, text, strlen(text)));
		if (records.n_shares > 0)
			records.shares[0].is_pending = cases[i].is_pending;
		CHECK_INT(pages_available(&records, &records.pools[0], &cases[i].view), cases[i].available);
		pages_free_records(&records);
	}
}
