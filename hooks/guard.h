/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One guard, for its parts: guard.c (how long it lives) and guard_hold.c (what it holds). */
#ifndef VFIOKIT_HOOKS_GUARD_H
#define VFIOKIT_HOOKS_GUARD_H

#include "hooks/claims.h"
#include "hooks/host.h"
#include "hooks/retune.h"

/* What is missing is tried again after this time (ms). */
#define GUARD_RETRY_TIME 5000

struct guard_disk {
	int fd;         /* -1: not held */
	bool is_absent; /* there is nothing to hold */
	bool is_gone;   /* it went with its controller: what has its name now is something else */
	bool is_said;   /* that it is not held */
};

struct guard {
	struct host host;
	const char *uuid;
	struct claim claim;       /* of the life of the guest that is watched */
	struct guard_disk *disks; /* owned, one for each disk of the claim */
	int inhibitor;            /* -1: not held */
	bool is_inhibitor_said;   /* that it is not held */
	bool is_missing;          /* something could not be had: try again */
	int process;              /* pidfd of QEMU, -1 while it is pending */
	int changes;              /* inotify of the claims; -1: they are looked at now and then */
	int lock;                 /* says that we live */
	int signals;
	struct retune retune;
};

/* What the guard before us held, if it was killed. What the claim does not want any more is let go. */
void guard_take_stored(struct guard *guard);

/*
 * Takes what the claim wants and is not held yet, and says to others what is held. Returns false if a guest that does
 * not run yet must not start; why was said.
 */
bool guard_take(struct guard *guard);

/* The claim of a guest that runs in place of ours, and what it wants; what both want stays held. Empties the new one.
 */
void guard_take_over(struct guard *guard, struct claim *claim, bool is_same_life);

/* Everything, also what systemd keeps for us. */
void guard_let_go(struct guard *guard);

#endif
