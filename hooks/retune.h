/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a guard watches for the tuning of its guest, because others may undo it: an irqbalance that is started anew has
 * forgotten what it was told. All of it is done by reconcile(); this says when.
 */
#ifndef VFIOKIT_HOOKS_RETUNE_H
#define VFIOKIT_HOOKS_RETUNE_H

#include "hooks/host.h"

struct retune {
	unsigned int tune; /* of TUNE_... */
	int root;
	int watch; /* inotify; poll it for input. -1: nothing is to be watched */
	unsigned int tries;
	uint64_t due; /* of claims_clock(), while there are tries */
};

/* Begins to watch, and asks for a first look soon: the guard before this one may have been killed. */
void retune_open(struct retune *retune, int root, unsigned int tune);
void retune_close(struct retune *retune);

/* There was input. */
void retune_note(struct retune *retune);

/* How long to wait at most (ms): the shorter of this time and what it needs itself; -1 is without limit. */
int retune_time(const struct retune *retune, int time);

/* Does what is due. */
void retune_run(struct retune *retune, struct host *host);

#endif
