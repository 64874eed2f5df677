/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * irqbalance spreads interrupts over all CPUs, again every ten seconds, unless it is told which of them it must not
 * use. That is done over a socket that has its pid in its name (irqbalance 1.9.4: sock_handle() in irqbalance.c). A
 * hung one is waited for no longer than half a second. All functions return 0 or a negative errno.
 */
#ifndef VFIOKIT_HOOKS_IRQBALANCE_H
#define VFIOKIT_HOOKS_IRQBALANCE_H

#include <stdint.h>
#include <sys/types.h>

#include "lib/cpulist.h"

/* The one that runs, and when it was started. 0: none. */
pid_t irqbalance_find(int root, uint64_t *ret_started);

/* What it may not use, as of its last round. */
int irqbalance_ask(int root, pid_t pid, struct cpulist *ret_banned);

/* From its next round on. Empty: what it was configured with. */
int irqbalance_ban(int root, pid_t pid, const struct cpulist *cpus);

#endif
