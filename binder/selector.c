/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "binder/selector.h"

#include <ctype.h>
#include <strings.h>

#include "lib/parse.h"

#define PART_DIGITS 4
#define PATH_TEXT_MAX 256

static const struct {
	const char *word;
	struct selector_class class;
} class_words[] = {
	{ "display", { 0x030000, 0xff0000 } }, { "audio", { 0x040000, 0xff0000 } },
	{ "usb", { 0x0c0300, 0xffff00 } },     { "nvme", { 0x010800, 0xffff00 } },
	{ "storage", { 0x010000, 0xff0000 } }, { "network", { 0x020000, 0xff0000 } },
};

/* Reads one part of an id up to ':' or the end; returns where it stopped, or NULL. */
static const char *take_part(const char *text, int32_t *ret)
{
	int32_t value = 0;

	if (*text == '*') {
		*ret = SELECTOR_ANY;
		return text + 1;
	}
	for (int i = 0; i < PART_DIGITS; i++) {
		int digit = parse_hex_digit(text[i]);

		if (digit < 0)
			return NULL;
		value = value << 4 | digit;
	}
	*ret = value;
	return text + PART_DIGITS;
}

const char *selector_add_id(struct selectors *selectors, const char *word)
{
	static const char expected[] =
		"vendor:device or vendor:device:subvendor:subdevice, each of four hex digits or *";
	struct selector_id id = { .part = { SELECTOR_ANY, SELECTOR_ANY, SELECTOR_ANY, SELECTOR_ANY }, .is_full = true };
	struct selector_id *item;
	int n = 0;

	for (;;) {
		word = take_part(word, &id.part[n]);
		if (word == NULL || (*word != ':' && *word != '\0'))
			return expected;
		id.is_full &= id.part[n] != SELECTOR_ANY;
		n++;
		if (*word++ == '\0')
			break;
		if (n == 4)
			return expected;
	}
	if (n != 2 && n != 4)
		return expected;
	item = util_append(&selectors->ids, &selectors->n_ids, sizeof(*item));
	*item = id;
	return NULL;
}

const char *selector_add_address(struct selectors *selectors, const char *word)
{
	struct bdf bdf, *item;

	if (!bdf_parse(word, &bdf))
		return "an address such as 0000:06:00.0 or 06:00.0";
	item = util_append(&selectors->addresses, &selectors->n_addresses, sizeof(*item));
	*item = bdf;
	return NULL;
}

const char *selector_add_path(struct selectors *selectors, const char *word)
{
	static const char expected[] =
		"a path such as 0000:00:01.1/00.0: the first address, then slot.function of each hop";
	char copy[PATH_TEXT_MAX], normal[BDF_TEXT_SIZE], **item;
	struct bdf first;
	char *hops;

	if (!util_copy_fixed(copy, sizeof(copy), word))
		return expected;
	hops = strchr(copy, '/');
	if (hops != NULL)
		*hops++ = '\0';
	if (!bdf_parse(copy, &first))
		return expected;
	bdf_format(&first, normal);
	for (char *hop = hops; hop != NULL;) {
		char *next = strchr(hop, '/');
		uint8_t slot, function;

		if (next != NULL)
			*next = '\0';
		if (!bdf_parse_hop(hop, &slot, &function))
			return expected;
		if (next != NULL)
			*next++ = '/';
		hop = next;
	}
	item = util_append(&selectors->paths, &selectors->n_paths, sizeof(*item));
	*item = hops == NULL ? util_copy(normal) : util_format("%s/%s", normal, hops);
	for (char *c = *item; *c != '\0'; c++)
		*c = (char)tolower((unsigned char)*c);
	return NULL;
}

const char *selector_add_class(struct selectors *selectors, const char *word)
{
	struct selector_class *item;
	size_t digits = strlen(word);
	uint64_t value;

	for (size_t i = 0; i < ARRAY_SIZE(class_words); i++) {
		if (!streq(word, class_words[i].word))
			continue;
		item = util_append(&selectors->classes, &selectors->n_classes, sizeof(*item));
		*item = class_words[i].class;
		return NULL;
	}
	if ((digits != 2 && digits != 4 && digits != 6) || strspn(word, "0123456789abcdefABCDEF") != digits ||
	    !parse_number(word, 16, 0xffffff, &value))
		return "display, audio, usb, nvme, storage, network, or 2, 4 or 6 hex digits of a class code";
	item = util_append(&selectors->classes, &selectors->n_classes, sizeof(*item));
	item->value = (uint32_t)value << (24 - 4 * digits);
	item->mask = 0xffffffu << (24 - 4 * digits) & 0xffffffu;
	return NULL;
}

const char *selector_add_serial(struct selectors *selectors, const char *word)
{
	char **item = util_append(&selectors->serials, &selectors->n_serials, sizeof(*item));

	*item = util_copy(word);
	return NULL;
}

bool selectors_have_slot(const struct selectors *selectors)
{
	return selectors->n_addresses > 0 || selectors->n_paths > 0;
}

bool selectors_empty(const struct selectors *selectors)
{
	return !selectors_have_slot(selectors) && selectors->n_ids == 0 && selectors->n_classes == 0 &&
	       selectors->n_serials == 0;
}

void selectors_free(struct selectors *selectors)
{
	for (size_t i = 0; i < selectors->n_paths; i++)
		free(selectors->paths[i]);
	for (size_t i = 0; i < selectors->n_serials; i++)
		free(selectors->serials[i]);
	free(selectors->ids);
	free(selectors->addresses);
	free(selectors->paths);
	free(selectors->classes);
	free(selectors->serials);
	*selectors = (struct selectors){ 0 };
}

static bool id_fits(const struct selector_id *id, const struct device *device)
{
	const int32_t have[4] = { device->vendor, device->device, device->subvendor, device->subdevice };

	for (size_t i = 0; i < ARRAY_SIZE(have); i++)
		if (id->part[i] != SELECTOR_ANY && id->part[i] != have[i])
			return false;
	return true;
}

/* For each key: true if it is not given. ret_full: a full id fits. */
static bool ids_fit(const struct selectors *selectors, const struct device *device, bool *ret_full)
{
	bool fits = selectors->n_ids == 0;

	*ret_full = false;
	for (size_t i = 0; i < selectors->n_ids; i++) {
		if (!id_fits(&selectors->ids[i], device))
			continue;
		fits = true;
		*ret_full |= selectors->ids[i].is_full;
	}
	return fits;
}

static bool addresses_fit(const struct selectors *selectors, const struct device *device)
{
	for (size_t i = 0; i < selectors->n_addresses; i++)
		if (bdf_compare(&selectors->addresses[i], &device->bdf) == 0)
			return true;
	return selectors->n_addresses == 0;
}

static bool paths_fit(const struct selectors *selectors, const struct device *device)
{
	for (size_t i = 0; i < selectors->n_paths; i++)
		if (streq(selectors->paths[i], device->path))
			return true;
	return selectors->n_paths == 0;
}

static bool classes_fit(const struct selectors *selectors, const struct device *device)
{
	for (size_t i = 0; i < selectors->n_classes; i++)
		if ((device->class & selectors->classes[i].mask) == selectors->classes[i].value)
			return true;
	return selectors->n_classes == 0;
}

static bool serials_fit(const struct selectors *selectors, const struct device *device)
{
	for (size_t i = 0; i < selectors->n_serials; i++)
		if (device->serial != NULL && strcasecmp(selectors->serials[i], device->serial) == 0)
			return true;
	return selectors->n_serials == 0;
}

enum match selectors_match(const struct selectors *selectors, const struct device *device, const char **ret_wrong)
{
	bool address = addresses_fit(selectors, device), path = paths_fit(selectors, device), full_id;
	bool has_slot = selectors_have_slot(selectors);
	const char *wrong = NULL;

	/* With both given, a device at one of them but not at the other has moved. */
	if (has_slot && !(address && selectors->n_addresses > 0) && !(path && selectors->n_paths > 0))
		return MATCH_NONE;
	if (!address)
		wrong = "address";
	else if (!path)
		wrong = "path";
	else if (!ids_fit(selectors, device, &full_id))
		wrong = "id";
	else if (!classes_fit(selectors, device))
		wrong = "class";
	else if (!serials_fit(selectors, device))
		wrong = "serial";
	else
		return has_slot || full_id ? MATCH_EXACT : MATCH_LOOSE;
	*ret_wrong = wrong;
	return has_slot ? MATCH_OTHER : MATCH_NONE;
}
