/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What power-profiles-daemon does for guests with "governor = performance". */
#ifndef VFIOKIT_HOOKS_PROFILES_H
#define VFIOKIT_HOOKS_PROFILES_H

#include <stdbool.h>

#include "hooks/claims.h"
#include "hooks/host.h"

struct profiles_view {
	const char *daemon; /* its name on the bus; NULL: it does not run */
	char *active;       /* owned; the profile that is active */
	bool is_known;
};

/* Asks the daemon, if one of the claims wants it. To be freed with profiles_free(). */
void profiles_look(struct host *host, const struct claims *claims, struct profiles_view *ret);
void profiles_free(struct profiles_view *view);

/*
 * "none": the guest does not want it, or the daemon does not run; "held"; "overruled": held, but another profile is
 * active; "missing"; "unknown".
 */
const char *profiles_state(struct host *host, const struct profiles_view *view, const struct claim *claim);

/*
 * The guard of this guest, whose claim wants it, has been started: why its CPUs may run slower all the same, as a
 * sentence that the caller owns; NULL if they do not.
 */
char *profiles_judge(struct host *host, const struct claim *claim);

#endif
