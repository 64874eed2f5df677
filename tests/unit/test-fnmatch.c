/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The static program's fnmatch() against that of the C library. */
#include <fnmatch.h>

#include "tests/unit/test.h"

int fnmatch_bytes(const char *pattern, const char *text, int flags);
#define fnmatch fnmatch_bytes
#include "lib/fnmatch.c" /* NOLINT(bugprone-suspicious-include): only the static program links it */
#undef fnmatch

TEST(fnmatch_cases)
{
	static const char *const patterns[] = { "",
						"*",
						"**",
						"?",
						"a",
						"a*",
						"*a",
						"*a*b*",
						"a?c",
						"[abc]",
						"[!abc]",
						"[^abc]",
						"[a-c]x",
						"[]a]",
						"[!]a]",
						"[a-]",
						"[-a]",
						"[",
						"[a",
						"a[",
						"\\*",
						"\\a",
						"[\\]]",
						"[c-a]",
						"vfio_pci:v*d*sv*sd*bc*sc*i*",
						"pci:v000010DEd0000*sv*sd*bc0[34]sc*i00*",
						"pci:v000010DEd000013C[0-9]sv*sd*bc03sc00i*",
						"\xff*" };
	static const char *const texts[] = { "",
					     "a",
					     "b",
					     "c",
					     "abc",
					     "aab",
					     "xaxb",
					     "bx",
					     "]",
					     "-",
					     "[",
					     "[a",
					     "a[",
					     "*",
					     "\\",
					     "vfio_pci:v000010DEd000013C2sv00001043sd00008508bc03sc00i00",
					     "pci:v000010DEd000013C2sv00001043sd00008508bc03sc00i00",
					     "pci:v000010DEd000013C2sv00001043sd00008508bc03sc00i0",
					     "\xff\xfe",
					     "/a" };

	for (size_t i = 0; i < ARRAY_SIZE(patterns); i++)
		for (size_t j = 0; j < ARRAY_SIZE(texts); j++) {
			test_case("'%s' '%s'", patterns[i], texts[j]);
			CHECK_INT(fnmatch_bytes(patterns[i], texts[j], 0), fnmatch(patterns[i], texts[j], 0));
		}
}

/* Up to seven of the first letters. */
static void fill(char text[static 8], unsigned int *seed, const char *letters, unsigned int n_letters)
{
	size_t length = 0;

	for (int i = 0; i < 7; i++) {
		*seed = *seed * 1103515245 + 12345;
		if (*seed >> 29 != 0)
			text[length++] = letters[(*seed >> 16) % n_letters];
	}
	text[length] = '\0';
}

/* Short ones of few different characters meet every branch. */
TEST(fnmatch_random)
{
	static const char letters[] = "ab*?[]-!^\\";
	unsigned int seed = 1;

	for (int i = 0; i < 300000; i++) {
		char pattern[8], text[8];

		fill(pattern, &seed, letters, sizeof(letters) - 1);
		/* Where a set ends in the middle of a range, the libraries differ. */
		if (ends_with(pattern, "-") || ends_with(pattern, "\\"))
			continue;
		fill(text, &seed, letters, i % 2 == 0 ? 2 : sizeof(letters) - 1);
		test_case("'%s' '%s'", pattern, text);
		CHECK_INT(fnmatch_bytes(pattern, text, 0), fnmatch(pattern, text, 0));
	}
}
