/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One call, for its parts: call.c (the operations) and call_guard.c (the guard of its guest). */
#ifndef VFIOKIT_HOOKS_CALL_INTERNAL_H
#define VFIOKIT_HOOKS_CALL_INTERNAL_H

#include "hooks/call.h"
#include "hooks/claims.h"
#include "hooks/conf.h"

/* What systemd may take to start or stop a guard (ms). */
#define CALL_GUARD_TIME 5000

struct call {
	struct host *host;
	const char *name; /* as libvirt gave it: for messages only */
	const char *operation;
	struct domain domain;
	struct guest_settings settings;
};

/* The one way to refuse, and to warn: where ("": nowhere) and why. call_fail() returns the exit code. */
int call_fail(const struct call *call, const char *where, const char *why);
void call_warn(const struct call *call, const char *where, const char *why);

/*
 * Starts the guard, which checks the claim's disks and holds them in one step; without one they are only looked at.
 * Returns 0, or the exit code if a disk is in use or its guard did not stay, which was said.
 */
int call_start_guard(const struct call *call, const struct claim *claim);

/* Has the guard end, if it did not by itself. */
void call_stop_guard(const struct call *call);

#endif
