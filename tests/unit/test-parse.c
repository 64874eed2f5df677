/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/parse.h"
#include "tests/unit/test.h"

TEST(parse_number)
{
	static const struct {
		const char *text;
		size_t base;
		uint64_t max;
		bool fits;
		uint64_t value;
	} cases[] = {
		{ "0", 10, UINT64_MAX, true, 0 },
		{ "42", 10, 42, true, 42 },
		{ "43", 10, 42, false, 0 },
		{ "0042", 10, 42, true, 42 },
		{ "18446744073709551615", 10, UINT64_MAX, true, UINT64_MAX },
		{ "18446744073709551616", 10, UINT64_MAX, false, 0 },
		{ "99999999999999999999", 10, UINT64_MAX, false, 0 },
		{ "ff", 16, 0xff, true, 0xff },
		{ "0xFF", 16, 0xff, true, 0xff },
		{ "0Xff", 16, 0xff, true, 0xff },
		{ "100", 16, 0xff, false, 0 },
		{ "ffffffffffffffff", 16, UINT64_MAX, true, UINT64_MAX },
		{ "10000000000000000", 16, UINT64_MAX, false, 0 },
		{ "0x10", 10, 100, false, 0 },
		{ "a", 10, 100, false, 0 },
		{ "g", 16, 100, false, 0 },
		{ "", 10, 100, false, 0 },
		{ "0x", 16, 100, false, 0 },
		{ "-1", 10, 100, false, 0 },
		{ "+1", 10, 100, false, 0 },
		{ " 1", 10, 100, false, 0 },
		{ "1 ", 10, 100, false, 0 },
		{ "1.0", 10, 100, false, 0 },
		/* A maximum below the base. */
		{ "5", 10, 5, true, 5 },
		{ "9", 10, 5, false, 0 },
		{ "1", 10, 0, false, 0 },
		{ "f", 16, 7, false, 0 },
		{ "10", 10, 9, false, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t value = 12345;

		test_case("'%s' base %zu max %ju", cases[i].text, cases[i].base, (uintmax_t)cases[i].max);
		CHECK_INT(parse_number(cases[i].text, (unsigned int)cases[i].base, cases[i].max, &value),
			  cases[i].fits);
		CHECK_INT(value, cases[i].fits ? cases[i].value : 12345);
	}
}

TEST(parse_next_word)
{
	static const struct {
		const char *list, *words;
	} cases[] = {
		{ "", "" },
		{ " ,\t ", "" },
		{ "a", "[a]" },
		{ "a b", "[a][b]" },
		{ "a,b", "[a][b]" },
		{ " a ,\t b,,c ", "[a][b][c]" },
		{ "a\nb", "[a\nb]" }, /* lines were split before */
		{ "10de:13c2 10de:0fbb", "[10de:13c2][10de:0fbb]" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_free char *copy = util_copy(cases[i].list), *words = util_copy("");
		char *rest = copy, *word;

		test_case("'%s'", cases[i].list);
		while ((word = parse_next_word(&rest)) != NULL)
			test_append(&words, "[%s]", word);
		CHECK_STR(words, cases[i].words);
		CHECK_TRUE(parse_next_word(&rest) == NULL);
	}
}

TEST(parse_hex_digit)
{
	static const char digits[] = "0123456789abcdef";

	for (int c = 0; c < 256; c++) {
		const char *found = c == '\0' ? NULL : strchr(digits, c >= 'A' && c <= 'F' ? c + 32 : c);

		test_case("character %d", c);
		CHECK_INT(parse_hex_digit((char)c), found != NULL ? found - digits : -1);
	}
}
