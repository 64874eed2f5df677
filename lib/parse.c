/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/parse.h"

#include <string.h>

#define SEPARATORS " \t,"

int parse_hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool parse_number(const char *text, unsigned int base, uint64_t max, uint64_t *ret)
{
	uint64_t value = 0;

	if (base == 16 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
		text += 2;
	if (*text == '\0')
		return false;
	for (; *text != '\0'; text++) {
		int digit = parse_hex_digit(*text);

		if (digit < 0 || (unsigned int)digit >= base)
			return false;
		if ((uint64_t)digit > max || value > (max - (uint64_t)digit) / base)
			return false;
		value = value * base + (uint64_t)digit;
	}
	*ret = value;
	return true;
}

char *parse_next_word(char **list)
{
	char *word = *list + strspn(*list, SEPARATORS);
	size_t length = strcspn(word, SEPARATORS);

	if (length == 0)
		return NULL;
	*list = word + length;
	if (**list != '\0')
		*(*list)++ = '\0';
	return word;
}
