/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One run of the pipeline: read, plan, apply, report. The commands choose how far it goes, and start another process
 * that goes on from the journal if the one that applies the plan dies or hangs.
 */
#ifndef VFIOKIT_SESSION_H
#define VFIOKIT_SESSION_H

#include "binder/disarm.h"
#include "binder/journal.h"
#include "binder/options.h"
#include "binder/report.h"

struct session {
	const char *command;
	int root;
	struct problems problems;
	struct switches switches;
	struct policy policy;
	struct inventory inventory;
	struct needs needs;
	struct record record;
	struct plan plan;
	struct plan_input input;
	struct bdf *stuck;             /* owned */
	const struct request *request; /* borrowed; NULL unless a person asks for something */
	int efivars;                   /* where the probation is kept; -1 if it was not asked */
	enum disarm_decision decision;
	struct probation found, next;
	const char *generator; /* whose initramfs this run is in; NULL outside, or if unknown */
	bool was_applied;
};

/*
 * Reads everything and makes the plan. journal: NULL for a dry run; otherwise this run means to change the machine, so
 * it needs the kernel command line, and on a running system leaves bound devices alone. The plan is the one from before
 * what is in the journal was done.
 */
void session_plan(struct session *session, const char *command, const struct options *options, int root,
		  const struct journal *journal);

/*
 * Before anything is bound: notes this boot as an attempt, if the policy is on probation. What does not work is a
 * problem in the report; it stops nothing.
 */
void session_note_attempt(struct session *session);

/* What a process has to do: apply the plan; or give back what an earlier one left unfinished; or only tell of it. */
enum session_part { SESSION_APPLY, SESSION_RECOVER, SESSION_TELL };

/*
 * Does it, until the deadline (child_now() time). A copy of the journal goes to directory (PATH_RUN or PATH_RUN_PID1).
 */
void session_apply(struct session *session, enum session_part part, struct journal *journal, const char *directory,
		   uint64_t deadline);

/* A report that borrows all from the session. */
struct report session_report(const struct session *session);
int session_exit_code(const struct session *session);
void session_free(struct session *session);

#endif
