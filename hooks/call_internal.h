/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One call, for its parts: call.c (the operations), call_judge.c (what cannot be had), call_guard.c (the guard of its
 * guest). */
#ifndef VFIOKIT_HOOKS_CALL_INTERNAL_H
#define VFIOKIT_HOOKS_CALL_INTERNAL_H

#include "hooks/call.h"
#include "hooks/claims.h"
#include "hooks/conf.h"
#include "hooks/reconcile.h"

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

/* What a claim had in it before reconcile(), which takes out what cannot be had. */
struct call_wanted {
	bool cpus;
	unsigned int tune;
};

/*
 * Does anything speak against the start: that the claim has less than the guest asks for, what became of the claim,
 * what the guard has power-profiles-daemon hold? A warning, or the refusal if it is required. Each returns the exit
 * code.
 */
int call_judge_claim(const struct call *call, const struct claim *claim);
int call_judge_outcome(const struct call *call, const struct claim *claim, const struct call_wanted *wanted,
		       struct reconcile_outcome *outcome);
int call_judge_profile(const struct call *call, const struct claim *claim);

/* The same of a guest that runs already, which cannot be refused. */
void call_warn_of_outcome(const struct call *call, const struct claim *claim, const struct call_wanted *wanted,
			  const struct reconcile_outcome *outcome);

/*
 * Starts the guard, which checks the claim's disks and holds them in one step; without one they are only looked at.
 * Returns 0, or the exit code if a disk is in use or its guard did not stay, which was said.
 */
int call_start_guard(const struct call *call, const struct claim *claim);

/* Has the guard end, if it did not by itself. */
void call_stop_guard(const struct call *call);

#endif
