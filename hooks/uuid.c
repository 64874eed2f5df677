/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/uuid.h"

#include "lib/parse.h"
#include "lib/util.h"

bool uuid_copy(char uuid[static UUID_SIZE], const char *text)
{
	char copy[UUID_SIZE];

	if (!util_copy_fixed(copy, sizeof(copy), text) || strlen(copy) != UUID_SIZE - 1)
		return false;
	for (size_t i = 0; i < UUID_SIZE - 1; i++) {
		bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (is_dash ? copy[i] != '-' : parse_hex_digit(copy[i]) < 0)
			return false;
		if (copy[i] >= 'A' && copy[i] <= 'F')
			copy[i] = (char)(copy[i] - 'A' + 'a');
	}
	memcpy(uuid, copy, sizeof(copy));
	return true;
}
