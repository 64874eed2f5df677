/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What CPU isolation means, decided without touching anything. The CPUs that guests claimed are taken from every unit
 * directly below the root slice, except slices that hold guests; the rest of the host shares what is left. A unit gets
 * back what it had before, unless somebody else has changed it meanwhile.
 */
#ifndef VFIOKIT_HOOKS_ISOLATION_H
#define VFIOKIT_HOOKS_ISOLATION_H

#include "lib/cpulist.h"

/* What was done to a unit, as remembered in /run until nothing is isolated any more. */
struct unit_record {
	char *unit;             /* owned */
	struct cpulist former;  /* its AllowedCPUs before us; empty: it had none */
	struct cpulist written; /* what it has from us */
	struct cpulist next;    /* what we were about to write: if we were killed then, it may have either */
};

/* The processors of this machine, as sets. */
struct isolation_machine {
	struct cpulist possible; /* what can ever be: the mask of a unit that may run anywhere */
	struct cpulist online;
};

/* Does the host keep a CPU that is online, if guests take these? */
bool isolation_leaves_host(const struct isolation_machine *machine, const struct cpulist *taken);

enum unit_step {
	STEP_NONE,    /* it is as it should be */
	STEP_WRITE,   /* write value */
	STEP_CLEAR,   /* it had none: write value (every possible CPU), verify, then the empty set, verify */
	STEP_FORGET,  /* somebody else has changed it: leave it, and forget what it was */
	STEP_FOREIGN, /* the same, but guests still claim CPUs: leave it, and remember that it is not ours */
	STEP_NO_ROOM, /* it is confined to CPUs that guests take: leave it */
};

struct unit_decision {
	enum unit_step step;
	struct cpulist former, value; /* with STEP_WRITE and STEP_CLEAR */
};

/*
 * What to do with a unit. current: its AllowedCPUs; record: what we remember of it, or NULL; taken: what all guests
 * claim, empty if nothing is isolated any more, or if it holds guests.
 */
void isolation_decide(const struct isolation_machine *machine, const struct cpulist *taken,
		      const struct cpulist *current, const struct unit_record *record, struct unit_decision *ret);

#endif
