/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/bdf.h"
#include "tests/unit/test.h"

TEST(bdf_parse)
{
	static const struct {
		const char *text, *normal; /* NULL: refused */
	} cases[] = {
		{ "0000:06:00.0", "0000:06:00.0" },
		{ "06:00.0", "0000:06:00.0" },
		{ "FFFF:AB:1F.7", "ffff:ab:1f.7" },
		{ "10000:e1:00.0", "10000:e1:00.0" }, /* VMD */
		{ "12345678:00:00.0", "12345678:00:00.0" },
		{ "00010000:e1:00.0", "10000:e1:00.0" },
		{ "", NULL },
		{ ":", NULL },
		{ "0:06:00.0", NULL },
		{ "000:06:00.0", NULL },
		{ "123456789:06:00.0", NULL },
		{ "0000:6:00.0", NULL },
		{ "0000:006:00.0", NULL },
		{ "0000:06:0.0", NULL },
		{ "0000:06:20.0", NULL }, /* slots end at 1f */
		{ "0000:06:00.8", NULL },
		{ "0000:06:00.", NULL },
		{ "0000:06:00", NULL },
		{ "0000:06:00.00", NULL },
		{ "0000:06:00.0 ", NULL },
		{ " 0000:06:00.0", NULL },
		{ "0000:06:00.0/00.0", NULL },
		{ "0x00:06:00.0", NULL },
		{ "0000:0g:00.0", NULL },
		{ "0000-06-00.0", NULL },
		{ "-000:06:00.0", NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct bdf bdf = { 7, 7, 7, 7 };
		char text[BDF_TEXT_SIZE];

		test_case("'%s'", cases[i].text);
		CHECK_INT(bdf_parse(cases[i].text, &bdf), cases[i].normal != NULL);
		bdf_format(&bdf, text);
		CHECK_STR(text, cases[i].normal != NULL ? cases[i].normal : "0007:07:07.7");
	}
}

TEST(bdf_parse_hop)
{
	static const struct {
		const char *text;
		int slot, function; /* -1: refused */
	} cases[] = {
		{ "00.0", 0, 0 },    { "1f.7", 31, 7 },  { "1F.7", 31, 7 },  { "", -1, -1 },
		{ "0.0", -1, -1 },   { "20.0", -1, -1 }, { "00.8", -1, -1 }, { "00.0/", -1, -1 },
		{ "000.0", -1, -1 }, { "00:0", -1, -1 }, { "00", -1, -1 },   { "00.00", -1, -1 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint8_t slot = 0xff, function = 0xff;

		test_case("'%s'", cases[i].text);
		CHECK_INT(bdf_parse_hop(cases[i].text, &slot, &function), cases[i].slot >= 0);
		if (cases[i].slot < 0)
			continue;
		CHECK_INT(slot, cases[i].slot);
		CHECK_INT(function, cases[i].function);
	}
}

TEST(bdf_order_and_slot)
{
	static const struct {
		const char *left, *right;
		int order;
		bool same_slot;
	} cases[] = {
		{ "0000:01:02.3", "0000:01:02.3", 0, true },  { "0000:01:02.3", "0000:01:02.4", -1, true },
		{ "0000:01:03.0", "0000:01:02.7", 1, false }, { "0000:02:00.0", "0000:01:1f.7", 1, false },
		{ "0001:00:00.0", "0000:ff:1f.7", 1, false }, { "80000000:00:00.0", "0000:00:00.0", 1, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct bdf left, right;
		int order;

		test_case("%s %s", cases[i].left, cases[i].right);
		CHECK_TRUE(bdf_parse(cases[i].left, &left) && bdf_parse(cases[i].right, &right));
		order = bdf_compare(&left, &right);
		CHECK_INT((order > 0) - (order < 0), cases[i].order);
		order = bdf_compare(&right, &left);
		CHECK_INT((order > 0) - (order < 0), -cases[i].order);
		CHECK_INT(bdf_same_slot(&left, &right), cases[i].same_slot);
	}
}
