/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/size.h"

#include <ctype.h>
#include <strings.h>

#include "lib/parse.h"
#include "lib/util.h"

#define WORD_SIZE 32

static bool parse_unit(const char *unit, uint64_t *ret)
{
	static const char prefixes[] = "kmgtpe";
	const char *prefix;
	uint64_t base, factor = 1;

	if (unit[0] == '\0')
		unit = "KiB";
	*ret = 1;
	if (strcasecmp(unit, "b") == 0 || strcasecmp(unit, "byte") == 0 || strcasecmp(unit, "bytes") == 0)
		return true;
	prefix = strchr(prefixes, tolower((unsigned char)unit[0]));
	if (prefix == NULL)
		return false;
	if (unit[1] == '\0' || strcasecmp(unit + 1, "iB") == 0)
		base = 1024;
	else if (strcasecmp(unit + 1, "B") == 0)
		base = 1000;
	else
		return false;
	for (const char *p = prefixes; p <= prefix; p++)
		factor *= base;
	*ret = factor;
	return true;
}

bool size_parse(const char *number, const char *unit, uint64_t *ret_bytes)
{
	char digits[WORD_SIZE];
	const char *start = number + strspn(number, " \t\r\n");
	size_t length = strcspn(start, " \t\r\n");
	uint64_t factor, value;

	if (start[length + strspn(start + length, " \t\r\n")] != '\0' || length >= sizeof(digits))
		return false;
	memcpy(digits, start, length);
	digits[length] = '\0';
	if (!parse_unit(unit, &factor) || !parse_number(digits, 10, UINT64_MAX / factor, &value))
		return false;
	*ret_bytes = value * factor;
	return true;
}

bool size_parse_word(const char *word, uint64_t *ret_bytes)
{
	char digits[WORD_SIZE];
	size_t length = strspn(word, "0123456789");
	uint64_t bytes;

	if (length == 0 || length >= sizeof(digits) || word[length] == '\0')
		return false;
	memcpy(digits, word, length);
	digits[length] = '\0';
	if (!size_parse(digits, word + length, &bytes) || bytes == 0)
		return false;
	*ret_bytes = bytes;
	return true;
}

char *size_format(uint64_t bytes)
{
	static const char *const units[] = { "bytes", "KiB", "MiB", "GiB", "TiB" };
	size_t unit = 0;

	while (bytes != 0 && bytes % 1024 == 0 && unit + 1 < ARRAY_SIZE(units)) {
		bytes /= 1024;
		unit++;
	}
	return util_format("%llu %s", (unsigned long long)bytes, units[unit]);
}
