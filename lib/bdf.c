/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/bdf.h"

#include <stdio.h>

#include "lib/parse.h"

#define MAX_SLOT 0x1f
#define MAX_FUNCTION 7

/* Reads min to max hex digits; returns the text after them, or NULL. */
static const char *take_hex(const char *text, int min, int max, uint32_t *ret)
{
	uint32_t value = 0;
	int digits = 0, digit;

	while (digits < max && (digit = parse_hex_digit(*text)) >= 0) {
		value = value << 4 | (uint32_t)digit;
		digits++;
		text++;
	}
	*ret = value;
	return digits >= min ? text : NULL;
}

static const char *take_hop(const char *text, uint8_t *ret_slot, uint8_t *ret_function)
{
	uint32_t slot, function;

	text = take_hex(text, 2, 2, &slot);
	if (text == NULL || slot > MAX_SLOT || *text++ != '.')
		return NULL;
	text = take_hex(text, 1, 1, &function);
	if (text == NULL || function > MAX_FUNCTION)
		return NULL;
	*ret_slot = (uint8_t)slot;
	*ret_function = (uint8_t)function;
	return text;
}

bool bdf_parse_hop(const char *text, uint8_t *ret_slot, uint8_t *ret_function)
{
	text = take_hop(text, ret_slot, ret_function);
	return text != NULL && *text == '\0';
}

bool bdf_parse(const char *text, struct bdf *ret)
{
	struct bdf bdf = { 0 };
	uint32_t bus, domain;
	const char *rest = take_hex(text, 4, 8, &domain);

	if (rest != NULL && *rest == ':') {
		bdf.domain = domain;
		text = rest + 1;
	}
	text = take_hex(text, 2, 2, &bus);
	if (text == NULL || *text++ != ':')
		return false;
	bdf.bus = (uint8_t)bus;
	if (!bdf_parse_hop(text, &bdf.slot, &bdf.function))
		return false;
	*ret = bdf;
	return true;
}

void bdf_format(const struct bdf *bdf, char buffer[static BDF_TEXT_SIZE])
{
	snprintf(buffer, BDF_TEXT_SIZE, "%04x:%02x:%02x.%x", bdf->domain, bdf->bus, bdf->slot,
		 bdf->function & MAX_FUNCTION);
}

int bdf_compare(const struct bdf *a, const struct bdf *b)
{
	if (a->domain != b->domain)
		return a->domain < b->domain ? -1 : 1;
	if (a->bus != b->bus)
		return a->bus - b->bus;
	if (a->slot != b->slot)
		return a->slot - b->slot;
	return a->function - b->function;
}

bool bdf_same_slot(const struct bdf *a, const struct bdf *b)
{
	return a->domain == b->domain && a->bus == b->bus && a->slot == b->slot;
}
