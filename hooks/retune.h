/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a guard does for the tuning of its guest. Others may undo it: an irqbalance that is started anew has forgotten
 * what it was told; that is put right by reconcile(), this says when. And power-profiles-daemon holds a profile only as
 * long as the connection lives that asked for it.
 */
#ifndef VFIOKIT_HOOKS_RETUNE_H
#define VFIOKIT_HOOKS_RETUNE_H

#include "hooks/claim.h"
#include "hooks/host.h"

struct retune {
	unsigned int tune; /* of TUNE_... */
	int root;
	int watch; /* inotify; poll it for input. -1: nothing is to be watched */
	unsigned int tries;
	uint64_t due;    /* of claims_clock(), while there are tries */
	char *name;      /* of the guest, printable; owned */
	struct bus *bus; /* of our own; NULL if none is needed, or it cannot be had */
	bool is_held;    /* the profile */
};

/* Begins to watch, and asks for a first look soon: the guard before this one may have been killed. */
void retune_open(struct retune *retune, int root, const struct claim *claim);
void retune_close(struct retune *retune);

/* What to poll for input, -1 for none: the watch, and the bus. */
int retune_bus_fd(const struct retune *retune);

/* There was input. */
void retune_note(struct retune *retune);

/* Returns false if power-profiles-daemon came or went, or the bus: what it held is held no more. Needs a bus. */
bool retune_note_bus(struct retune *retune);

/* How long to wait at most (ms): the shorter of this time and what it needs itself; -1 is without limit. */
int retune_time(const struct retune *retune, int time);

/* Does what is due. */
void retune_run(struct retune *retune, struct host *host);

#endif
