/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Are the host's devices that a guest wants there, and will it get them? Looked at before libvirt touches any of them.
 */
#ifndef VFIOKIT_HOOKS_PREFLIGHT_H
#define VFIOKIT_HOOKS_PREFLIGHT_H

#include "hooks/domain.h"
#include "lib/problem.h"

/* Adds a problem (PROBLEM_MACHINE) for each device of which the guest would not start, or would start without. */
void preflight(int root, const struct domain *domain, struct problems *problems);

#endif
