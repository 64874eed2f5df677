/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts of `vfiokit suggest`. */
#ifndef VFIOKIT_SUGGEST_H
#define VFIOKIT_SUGGEST_H

#include "host/draft.h"

struct suggestion {
	struct draft *drafts; /* owned */
	size_t n_drafts;
	const struct inventory *inventory; /* borrowed */
	struct names *names;               /* borrowed */
	struct needs needs;                /* what the host uses now */
	int root;
};

/* Is it a GPU that a guest could have: no console, no management controller, no virtual function? */
bool suggest_is_candidate(const struct suggestion *suggestion, const struct device *device);

/* Nothing says which GPU carries the console, and there is more than one. */
bool suggest_lacks_console(const struct inventory *inventory);

void suggest_add(struct suggestion *suggestion, const struct device *lead, bool is_named);

/*
 * Asks on standard error, device by device, and reads the answers from standard input. Returns false if the user
 * stopped: nothing is to be printed then.
 */
bool suggest_ask(struct suggestion *suggestion);

#endif
