/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What else of the host makes room for guests on the CPUs that are theirs: which settings of the kernel that takes, for
 * the claims that there are. Carrying them out and giving them back is settings.h.
 */
#ifndef VFIOKIT_HOOKS_TUNING_H
#define VFIOKIT_HOOKS_TUNING_H

#include "hooks/claims.h"

/* The CPUs of all claims that want this (one of TUNE_...). */
struct cpulist tuning_cpus(const struct claims *claims, unsigned int bit);

/* Has the kernel governors for the clock of any of these CPUs? */
bool tuning_has_governors(int root, const struct cpulist *cpus);

/*
 * Makes the host's settings fit the claims, or what they were before. Takes the lock of the hooks as held.
 * profiles: 1: power-profiles-daemon sees to the clock, and the guards to that (retune.h): governors are given back. 0:
 * it does not. Negative: nobody knows; those that are ours stay it, and no other is touched.
 * Returns 0 if all is as it should be, or a negative errno; each thing that went wrong was logged.
 */
int tuning_apply(int root, const struct claims *claims, int profiles);

#endif
