/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CPU isolation carried out: units are found in the kernel's cgroup tree, written through systemd (which would undo
 * what anybody else writes there), and verified by what the kernel made of it. What each unit had before stands in
 * /run.
 */
#ifndef VFIOKIT_HOOKS_CPUS_H
#define VFIOKIT_HOOKS_CPUS_H

#include "hooks/claims.h"
#include "hooks/isolation.h"

/* The two things that systemd must do for us; the tests have a systemd of their own. Return 0 or a negative errno. */
struct cpus_control {
	int (*get_allowed)(void *context, const char *unit, struct cpulist *ret);
	int (*set_allowed)(void *context, const char *unit, const struct cpulist *cpus);
	void *context;
	unsigned int patience; /* ms that the kernel may take until a unit has what was set */
};

/* Reads the possible and the online CPUs. Returns 0 or a negative errno. */
int cpus_read_machine(int root, struct isolation_machine *ret);

/* Those of these CPUs that this machine does not have; offline ones it has. None if the kernel does not say. */
void cpus_absent(int root, const struct cpulist *cpus, struct cpulist *ret);

/* The other threads of these CPUs' cores. */
void cpus_siblings(int root, const struct cpulist *cpus, struct cpulist *ret_others);

/* Why isolation cannot work on this host (cgroup v1, no cpuset controller), or NULL. */
const char *cpus_why_not(int root);

/*
 * Makes every unit fit the claims, or gives all back if none claims a CPU. Takes the lock as held. Returns 0 if all
 * units are as they should be, or a negative errno; each thing that went wrong was logged.
 */
int cpus_apply(int root, const struct claims *claims, const struct cpus_control *control);

/* What the kernel lets the tasks of a unit directly below the root slice use. */
void cpus_effective(int root, const char *unit, const struct isolation_machine *machine, struct cpulist *ret);

/* The units directly below the root slice that can hold tasks, sorted. Free each and the array. */
void cpus_list_units(int root, char ***ret_units, size_t *ret_n);

#endif
