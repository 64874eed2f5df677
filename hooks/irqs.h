/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * irqs = away: interrupts are handled by other CPUs than those of the guests. irqbalance is told first, so that it does
 * not bring them back; then each is moved, also where new ones begin. What was told to which irqbalance, and how many
 * interrupts the kernel keeps for itself, stands in /run:
 *
 *	vfiokit-irqs 1
 *	kept 3
 *	irqbalance PID STARTED FORMER WRITTEN NEXT      CPUs that it may not use, as in struct setting_record; - for
 *none
 */
#ifndef VFIOKIT_HOOKS_IRQS_H
#define VFIOKIT_HOOKS_IRQS_H

#include <stdint.h>
#include <sys/types.h>

#include "hooks/settings.h"

struct irqs_memory {
	size_t kept;      /* that could not be moved */
	pid_t pid;        /* of the irqbalance that was told; 0: none */
	uint64_t started; /* field 22 of its stat: pids are used again */
	struct cpulist former, written, next;
};

/* What is remembered; nothing if there is no such file. */
void irqs_recall(int root, struct irqs_memory *ret);

/* The text of the file; false if it is none. For tests. */
bool irqs_parse(struct irqs_memory *memory, const char *text, size_t length);
char *irqs_format(const struct irqs_memory *memory);

/*
 * Tells irqbalance not to use these CPUs; with none, what it was before. ret_runs: there is one. Returns 0, also if
 * none runs, or a negative errno that was logged.
 */
int irqs_tell(int root, const struct cpulist *taken, const struct cpulist *online, bool *ret_runs);

/* Do new interrupts begin away from guests' CPUs, because we said so? */
bool irqs_begin_away(int root);

/*
 * Adds a setting for new interrupts, and one for each that is in use. With no CPUs taken they shall be what they were:
 * also those that came since the last call, which nobody remembers yet.
 */
void irqs_want(int root, const struct cpulist *taken, const struct cpulist *online, struct settings *settings);

/* So many stay where the kernel keeps them: said when that changes. */
void irqs_say_kept(int root, size_t kept);

#endif
