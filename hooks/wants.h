/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a guest's description and its settings to what it claims. */
#ifndef VFIOKIT_HOOKS_WANTS_H
#define VFIOKIT_HOOKS_WANTS_H

#include "hooks/claim.h"
#include "hooks/conf.h"
#include "lib/problem.h"

/*
 * Fills in a pending claim, with a deadline from now on. problems: what the user asked for and cannot have, as
 * PROBLEM_MACHINE. Free the claim with claim_free().
 */
void wants_claim(int root, const struct domain *domain, const struct guest_settings *settings, struct claim *ret,
		 struct problems *problems);

/* The CPUs that isolate-cpus asks for, whether or not this host has them all: the claim has only those. */
struct cpulist wants_cpus(const struct domain *domain, const struct guest_settings *settings);

/*
 * Does it claim nothing at all? Then there is nothing to do for this guest. In a slice of its own it does: that is not
 * confined for others.
 */
bool wants_nothing(const struct claim *claim);

#endif
