/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What other mechanisms name, as rules of a policy. */
#ifndef VFIOKIT_IMPORT_H
#define VFIOKIT_IMPORT_H

#include "binder/inventory.h"
#include "host/rivals.h"

/* One card or one slot that another mechanism gives to vfio-pci. */
struct target {
	const struct rival *source;  /* borrowed */
	char *id;                    /* owned; as the policy writes it; NULL for a slot alone */
	char *class;                 /* owned; digits; NULL if it does not count */
	struct selector_id selector; /* of id */
	uint32_t class_value, class_mask;
	bool has_address;
	struct bdf bdf;
	bool takes_group; /* the mechanism takes the whole IOMMU group */
	char *problem;    /* owned; why it cannot become a rule; NULL if it can */
};

struct targets {
	struct target *items; /* owned */
	size_t count;
};

/*
 * Reads what the rivals name. The same id or slot counts once, where it came first; the command line of the running
 * kernel comes last.
 */
void targets_read(struct targets *targets, const struct rivals *rivals);
void targets_free(struct targets *targets);

bool target_matches(const struct target *target, const struct device *device);

#endif
