/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers and word lists. Nothing here prints. */
#ifndef VFIOKIT_PARSE_H
#define VFIOKIT_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Value of a hex digit in any case, or -1. */
int parse_hex_digit(char c);

/*
 * Reads the whole text as a number of the base (10, or 16 with or without 0x) from 0 to max.
 * No sign, no blanks, no other bases. Returns false and leaves *ret alone otherwise.
 */
bool parse_number(const char *text, unsigned int base, uint64_t max, uint64_t *ret);

/*
 * Takes the next word of a list separated by blanks, tabs or commas. The text is cut in place.
 * list: where to go on, advanced. Returns NULL at the end.
 */
char *parse_next_word(char **list);

#endif
