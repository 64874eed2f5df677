/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Makes the host fit the claims. Every call of the hook that changes a claim, every guard that ends, and a timer do
 * this; so whatever was killed, the next one puts it right.
 */
#ifndef VFIOKIT_HOOKS_RECONCILE_H
#define VFIOKIT_HOOKS_RECONCILE_H

#include "hooks/claims.h"
#include "hooks/host.h"
#include "hooks/memory.h"

/* What became of it, each 0 or a negative errno that was logged. */
struct reconcile_outcome {
	int isolation; /* -ENOSPC: the host would keep no CPU, or a unit none */
	int tuning;
	int profiles;                 /* 1: power-profiles-daemon was asked for, and is there; negative: nobody knows */
	struct memory_outcome memory; /* free it with memory_free() */
};

/* What to change before that, under the same lock. All of it may be left out. */
struct reconcile_change {
	struct claim *add;         /* write this claim; its CPUs are emptied if the host would keep none */
	bool is_start;             /* it is about to start: take the memory that it needs */
	const char *remove;        /* remove this guest's claim */
	const struct claim *ended; /* remove this claim, unless it was replaced meanwhile: its guest has ended */
	bool starts_guards;        /* start the guards of claims that have none */
	bool only_if_changed;      /* if claims want what they wanted before, do not look at the host */
};

/* Returns 0 if all is as it should be, else the first of what went wrong. ret: the details; NULL: not wanted. */
int reconcile(struct host *host, const struct reconcile_change *change, struct reconcile_outcome *ret);

/* Removes a guest's claim, and leaves the rest to its guard, which then ends, or to the next reconcile(). */
int reconcile_forget(struct host *host, const char *uuid);

/* The name of a guest's guard, as a unit. Owned by the caller. */
char *reconcile_guard_unit(const char *uuid);

#endif
