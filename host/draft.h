/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A rule that vfiokit proposes: a device, its companions (functions of the same card that a guest needs with it), and
 * what the planner says to it. A rule that the planner would not carry out is drafted all the same, but switched off.
 */
#ifndef VFIOKIT_DRAFT_H
#define VFIOKIT_DRAFT_H

#include <stdio.h>

#include "binder/needs.h"
#include "host/names.h"

struct draft {
	char name[24];
	const struct device *lead;     /* borrowed from the inventory, as all below */
	const struct device **members; /* owned; the lead and its companions, in order of address */
	const struct device **pulled;  /* owned; other endpoints of their groups, which go along */
	const struct device **bridges; /* owned; other functions of their groups, which stay */
	size_t n_members, n_pulled, n_bridges;
	bool is_named; /* the user named the device: what its group pulls in is no reason against it */
	char *refusal; /* owned; why the rule is switched off; NULL if it is on */
};

/* Is this function part of what a guest sees as the lead's card? Only display devices have companions. */
bool draft_is_companion(const struct device *lead, const struct device *other);

/*
 * Drafts a rule for draft->lead; draft->is_named is set, too. inventory: complete (inventory_complete() with all). It
 * is on until it is judged. Free it with draft_free().
 */
void draft_make(struct draft *draft, const struct inventory *inventory);
void draft_free(struct draft *draft);

/*
 * Puts the last one of n drafts to the planner, alone and then in one policy with those before it that are on, and
 * switches it off if that policy would not be carried out as a whole. needs: what the planner is to know of the host.
 */
void draft_judge(struct draft *drafts, size_t n, const struct inventory *inventory, const struct needs *needs);

/* Writes the rule with its comments. */
void draft_write(FILE *file, const struct draft *draft, struct names *names);

/* A virtual function: it belongs to another one. */
bool draft_is_virtual(int root, const struct device *device);

#endif
