/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory of guests: huge pages and shared files, from settings to a claim, and from claims to the host. */
#ifndef VFIOKIT_HOOKS_MEMORY_H
#define VFIOKIT_HOOKS_MEMORY_H

#include "hooks/claims.h"
#include "hooks/conf_guest.h"
#include "lib/problem.h"

/* What could not be had for a guest that starts: sentences for the user, owned; NULL: nothing. */
struct memory_outcome {
	char *pages, *shm;
};

void memory_free(struct memory_outcome *outcome);

/* The same sentence for both: nothing was tried. */
void memory_fail(struct memory_outcome *outcome, const char *why);

/* Adds to the claim what the guest wants of this. problems: what it cannot have, as PROBLEM_MACHINE. */
void memory_want(int root, const struct domain *domain, const struct guest_settings *settings, struct claim *claim,
		 struct problems *problems);

/*
 * Makes the host fit the claims: see hugepages_apply() and shm_apply(). deadline: that of the call; what else it has to
 * do is thought of. Returns 0 or a negative errno, which was logged.
 */
int memory_apply(int root, const struct claims *claims, const char *start, uint64_t deadline,
		 struct memory_outcome *ret);

/* Is there something of this to give back? */
bool memory_is_taken(int root);

#endif
