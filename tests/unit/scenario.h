/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs of apply on the fake kernel: machines, and what must hold whatever goes wrong. */
#ifndef TESTS_UNIT_SCENARIO_H
#define TESTS_UNIT_SCENARIO_H

#include "binder/apply.h"
#include "tests/unit/fakekernel.h"
#include "tests/unit/machine.h"

struct scenario {
	const char *name, *tree, *policy;
	const char *refused, *hanging; /* as in struct fake_kernel */
	int refused_error;
	const struct fake_driver *drivers; /* NULL: fake_drivers */
	bool lacks_type1;
	const char *verdicts; /* when the kernel works: as machine_verdicts() */
	const char *links;    /* and what holds each device then: "01:00.0=vfio-pci ..." */
};

/* All of them; the last one has no name. */
extern const struct scenario scenarios[];

struct run {
	const struct scenario *scenario;
	int root;
	struct machine machine;
	struct fake_kernel fake;
	struct journal journal;
	bool lacks_type1;
};

/* Makes the machine and its plan. Set fake.mode and the like then. */
void run_begin(struct run *run, const struct scenario *scenario);

/* The same on a root where something was done already. */
void run_begin_again(struct run *run, const struct scenario *scenario, int root);
void run_end(struct run *run);

/* Applies the plan in this process, as the child of a session would. */
void run_apply(struct run *run);

/* Applies it in a child that the fake kernel may kill; then recovers. Returns false if the child was not killed. */
bool run_apply_killed(struct run *run);

/* Reads the journal into fresh items and puts the result into the plan, as session_apply() does. */
void run_conclude(struct run *run);

/* "01:00.0=vfio-pci 01:00.1= " of all devices. Owned by the caller. */
char *run_links(const struct run *run);

/* What must hold for each device and group. Only the device at the address stuck may be; NULL for none. */
void run_check_tree(const struct run *run, const char *stuck);

/* What each message must say; stuck_on: the driver that a stuck device must be said to hang in, NULL if unknown. */
void run_check_report(const struct run *run, const char *stuck_on);

#endif
