/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where a call of ours works: a root, the services of the running system if the root is its own, and a deadline. */
#ifndef VFIOKIT_HOOKS_HOST_H
#define VFIOKIT_HOOKS_HOST_H

#include <stdbool.h>
#include <stdint.h>

#include "hooks/bus.h"

#ifndef VFIOKIT_VERSION
#define VFIOKIT_VERSION "0.1"
#endif

struct host {
	int root;
	bool is_live;      /* the root is /: systemd and logind may be asked */
	bool has_journal;  /* our lines go there, not to standard error */
	uint64_t deadline; /* of claims_clock(), for the whole call */
	struct bus *bus;   /* NULL until host_bus() */
	bool has_no_bus;   /* it was tried in vain, or let us wait: not again */
};

/*
 * The system bus with a deadline of at most this many milliseconds from now, and never behind the host's own. NULL if
 * it cannot be had; that was logged, once.
 */
struct bus *host_bus(struct host *host, unsigned int milliseconds);

/* To be told the result of a call to the bus: one that let us wait is not asked again. */
void host_bus_said(struct host *host, int result);

void host_close(struct host *host);

/* Lines go to the journal, if that is there. */
void host_log_to_journal(const char *program);

#endif
