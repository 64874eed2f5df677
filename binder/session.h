/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One run of the pipeline: read, plan, apply, report. The commands choose how far it goes. */
#ifndef VFIOKIT_SESSION_H
#define VFIOKIT_SESSION_H

#include "binder/options.h"
#include "binder/report.h"

struct session {
	const char *command;
	int root;
	struct problems problems;
	struct switches switches;
	struct policy policy;
	struct inventory inventory;
	struct plan plan;
	struct plan_input input;
	struct bdf *stuck;     /* owned */
	const char *generator; /* whose initramfs this run is in; NULL outside, or if unknown */
	bool was_applied;
};

/*
 * Reads everything and makes the plan. will_apply: this run means to change the machine, so it needs the kernel command
 * line, and on a running system leaves bound devices alone.
 */
void session_plan(struct session *session, const char *command, const struct options *options, int root,
		  bool will_apply);

/*
 * Applies the plan, in a child, until the deadline (child_now() time). The journal goes to directory (PATH_RUN or
 * PATH_RUN_PID1).
 */
void session_apply(struct session *session, const char *directory, uint64_t deadline);

/* A report that borrows all from the session. */
struct report session_report(const struct session *session);
int session_exit_code(const struct session *session);
void session_free(struct session *session);

#endif
