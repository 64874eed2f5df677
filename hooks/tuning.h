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

/*
 * Makes the host's settings fit the claims, or what they were before. Takes the lock of the hooks as held. Returns 0 if
 * all is as it should be, or a negative errno; each thing that went wrong was logged.
 */
int tuning_apply(int root, const struct claims *claims);

#endif
