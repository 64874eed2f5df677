/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The lists of other mechanisms, read by their own rules. */
#include <stdio.h>

#include "host/import.h"
#include "lib/parse.h"

/* PCI_ANY_ID: in ids=, a missing field, or one of all bits. */
#define ANY UINT32_MAX

enum { FIELD_VENDOR, FIELD_DEVICE, FIELD_SUBVENDOR, FIELD_SUBDEVICE, FIELD_CLASS, FIELD_MASK, N_FIELDS };

static struct target *append(struct targets *targets, const struct rival *source)
{
	struct target *target = util_append(&targets->items, &targets->count, sizeof(*target));

	target->source = source;
	return target;
}

static void format_part(char *text, size_t size, uint32_t value)
{
	if (value == ANY)
		snprintf(text, size, "*");
	else
		snprintf(text, size, "%04x", value);
}

static void set_id(struct target *target, const uint32_t fields[static N_FIELDS])
{
	char parts[4][9];

	for (size_t i = 0; i < 4; i++) {
		format_part(parts[i], sizeof(parts[i]), fields[i]);
		target->selector.part[i] = fields[i] == ANY ? SELECTOR_ANY : (int32_t)fields[i];
	}
	if (fields[FIELD_SUBVENDOR] == ANY && fields[FIELD_SUBDEVICE] == ANY)
		target->id = util_format("%s:%s", parts[0], parts[1]);
	else
		target->id = util_format("%s:%s:%s:%s", parts[0], parts[1], parts[2], parts[3]);
}

/* A policy's class has two, four or six digits. */
static void set_class(struct target *target, const char *word)
{
	char digits[8];
	size_t n = target->class_mask == 0xffffff ? 6 : target->class_mask == 0xffff00 ? 4 : 2;

	if (target->class_mask == 0)
		return;
	if (n == 2 && target->class_mask != 0xff0000) {
		target->problem = util_format("the class mask in '%.60s' has no equal in a policy", word);
		return;
	}
	snprintf(digits, sizeof(digits), "%06x", target->class_value & 0xffffff);
	digits[n] = '\0';
	target->class = util_copy(digits);
}

/* vendor:device[:subvendor[:subdevice[:class[:mask]]]], hex (vfio_pci_fill_ids(), Linux 6.12). */
static void take_id(struct targets *targets, const struct rival *source, char *word)
{
	struct target *target = append(targets, source);
	uint32_t fields[N_FIELDS] = { ANY, ANY, ANY, ANY, 0, 0 };
	cleanup_free char *copy = util_copy(word);
	char *rest = copy;
	size_t n = 0;

	for (char *field = strsep(&rest, ":"); field != NULL; field = strsep(&rest, ":"), n++) {
		uint64_t value;

		if (n >= N_FIELDS || !parse_number(field, 16, UINT32_MAX, &value) ||
		    (n < FIELD_CLASS && value > UINT16_MAX && value != ANY)) {
			n = 0;
			break;
		}
		fields[n] = (uint32_t)value;
	}
	if (n < 2) {
		target->problem = util_format("'%.60s' is no vendor:device, and vfio-pci skips it, too", word);
		return;
	}
	set_id(target, fields);
	target->class_value = fields[FIELD_CLASS];
	target->class_mask = fields[FIELD_MASK] & 0xffffff;
	set_class(target, word);
}

static bool is_vfio(const char *driver)
{
	return device_is_vfio_driver(driver) || streq(driver, "vfio_pci");
}

static void take_slot(struct targets *targets, const struct rival *source, const char *address, const char *id)
{
	struct target *target = append(targets, source);
	uint32_t fields[N_FIELDS] = { ANY, ANY, ANY, ANY, 0, 0 };
	struct selectors selectors = { .ids = NULL };

	target->has_address = bdf_parse(address, &target->bdf);
	target->takes_group = source->kind == RIVAL_UNRAID;
	if (!target->has_address)
		target->problem = util_format("'%.60s' is no PCI address", address);
	else if (source->kind == RIVAL_DRIVERCTL && !is_vfio(source->value))
		target->problem = util_format("its driver '%.60s' is none of vfio's: this is not for a guest",
					      source->value);
	if (id == NULL || target->problem != NULL)
		return;
	if (selector_add_id(&selectors, id) != NULL) {
		target->problem = util_format("'%.60s' is no vendor:device", id);
	} else {
		fields[0] = (uint32_t)selectors.ids[0].part[0];
		fields[1] = (uint32_t)selectors.ids[0].part[1];
		set_id(target, fields);
	}
	selectors_free(&selectors);
}

static void take_rival(struct targets *targets, const struct rival *rival)
{
	cleanup_free char *copy = util_copy(rival->value);
	char *list = copy, *word;

	switch (rival->kind) {
	case RIVAL_IDS:
		copy[strcspn(copy, " \t\"'")] = '\0';
		while ((word = parse_next_word(&list)) != NULL)
			take_id(targets, rival, word);
		break;
	case RIVAL_DRIVERCTL:
		take_slot(targets, rival, rival->address, NULL);
		break;
	case RIVAL_UNRAID:
		word = strchr(copy, '|');
		if (word != NULL)
			*word++ = '\0';
		take_slot(targets, rival, copy, word);
		break;
	default:
		break;
	}
}

static bool is_same(const struct target *a, const struct target *b)
{
	if (a->problem != NULL || b->problem != NULL || a->has_address != b->has_address)
		return false;
	if (a->has_address)
		return bdf_compare(&a->bdf, &b->bdf) == 0;
	return streq(a->id, b->id) && a->class_mask == b->class_mask && a->class_value == b->class_value;
}

static void free_target(struct target *target)
{
	free(target->id);
	free(target->class);
	free(target->problem);
}

static void drop_doubles(struct targets *targets)
{
	size_t n = 0;

	for (size_t i = 0; i < targets->count; i++) {
		bool is_new = true;

		for (size_t j = 0; j < n; j++)
			is_new &= !is_same(&targets->items[j], &targets->items[i]);
		if (is_new)
			targets->items[n++] = targets->items[i];
		else
			free_target(&targets->items[i]);
	}
	targets->count = n;
}

void targets_read(struct targets *targets, const struct rivals *rivals)
{
	*targets = (struct targets){ .items = NULL };
	for (int running = 0; running < 2; running++)
		for (size_t i = 0; i < rivals->count; i++)
			if (rivals->items[i].is_running == (running == 1))
				take_rival(targets, &rivals->items[i]);
	drop_doubles(targets);
}

void targets_free(struct targets *targets)
{
	for (size_t i = 0; i < targets->count; i++)
		free_target(&targets->items[i]);
	free(targets->items);
	*targets = (struct targets){ .items = NULL };
}

bool target_matches(const struct target *target, const struct device *device)
{
	const int32_t ids[4] = { device->vendor, device->device, device->subvendor, device->subdevice };

	if (target->has_address && bdf_compare(&target->bdf, &device->bdf) != 0)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(ids) && target->id != NULL; i++)
		if (target->selector.part[i] != SELECTOR_ANY && target->selector.part[i] != ids[i])
			return false;
	return (device->class & target->class_mask) == (target->class_value & target->class_mask);
}
