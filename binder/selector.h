/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The selectors of a rule: their grammar, and which devices they name. No I/O. */
#ifndef VFIOKIT_SELECTOR_H
#define VFIOKIT_SELECTOR_H

#include "binder/device.h"

#define SELECTOR_ANY (-1)

struct selector_id {
	int32_t part[4]; /* vendor, device, subvendor, subdevice; SELECTOR_ANY for * */
	bool is_full;    /* no * in it: names one kind of card exactly */
};

struct selector_class {
	uint32_t value, mask;
};

/* All arrays are owned. An empty one does not select. */
struct selectors {
	struct selector_id *ids;
	struct bdf *addresses;
	char **paths; /* each owned, in the form of struct device's path */
	struct selector_class *classes;
	char **serials; /* each owned */
	size_t n_ids, n_addresses, n_paths, n_classes, n_serials;
};

/*
 * Each adds one word to the selectors. They return NULL, or what was expected instead.
 *   id       vendor:device[:subvendor:subdevice], four hex digits each, or *
 *   address  [domain:]bus:slot.function
 *   path     address of the root port, then /slot.function of each further hop
 *   class    a word, or 2, 4 or 6 hex digits
 *   serial   any word
 */
const char *selector_add_id(struct selectors *selectors, const char *word);
const char *selector_add_address(struct selectors *selectors, const char *word);
const char *selector_add_path(struct selectors *selectors, const char *word);
const char *selector_add_class(struct selectors *selectors, const char *word);
const char *selector_add_serial(struct selectors *selectors, const char *word);

bool selectors_empty(const struct selectors *selectors);
bool selectors_have_slot(const struct selectors *selectors);
void selectors_free(struct selectors *selectors);

enum match {
	MATCH_NONE,
	MATCH_LOOSE, /* by a class, a wildcard or a serial number */
	MATCH_EXACT, /* by address, path or a full id */
	MATCH_OTHER, /* the slot is named, but holds something else than the rule says */
};

/*
 * Keys are ANDed, the values of one key ORed. The device's serial counts as none if the kernel shows none.
 * ret_wrong: on MATCH_OTHER, which key disagrees ("id", "class", "serial", "address", "path").
 */
enum match selectors_match(const struct selectors *selectors, const struct device *device, const char **ret_wrong);

#endif
