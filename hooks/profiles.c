/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/profiles.h"

#include <stdlib.h>

#include "hooks/conf_guest.h"
#include "lib/util.h"

#define BUS_TIME 2000

void profiles_look(struct host *host, const struct claims *claims, struct profiles_view *ret)
{
	struct bus *bus;
	bool is_needed = false;

	*ret = (struct profiles_view){ .is_known = true };
	for (size_t i = 0; i < claims->count; i++)
		is_needed = is_needed || (claims->items[i].tune & TUNE_GOVERNOR) != 0;
	if (!is_needed)
		return;
	bus = host_bus(host, BUS_TIME);
	ret->is_known = bus != NULL && bus_find_profiles(bus, &ret->daemon) == 0 &&
			(ret->daemon == NULL || bus_active_profile(bus, ret->daemon, &ret->active) == 0);
}

void profiles_free(struct profiles_view *view)
{
	free(view->active);
	view->active = NULL;
}

const char *profiles_state(struct host *host, const struct profiles_view *view, const struct claim *claim)
{
	cleanup_free char *name = util_copy_printable(claim->name), *why = util_format(CLAIM_INHIBITOR_WHY, name);
	struct bus *bus;
	bool is_held;

	if ((claim->tune & TUNE_GOVERNOR) == 0 || (view->is_known && view->daemon == NULL))
		return "none";
	bus = view->is_known ? host_bus(host, BUS_TIME) : NULL;
	if (bus == NULL || bus_has_hold(bus, view->daemon, CLAIM_INHIBITOR_WHO, why, &is_held) < 0)
		return "unknown";
	if (!is_held)
		return "missing";
	return streq(view->active, BUS_PROFILE) ? "held" : "overruled";
}

char *profiles_judge(struct host *host, const struct claim *claim)
{
	struct claim copy = *claim;
	const struct claims claims = { .items = &copy, .count = 1 };
	struct profiles_view view;
	const char *state;
	char *why = NULL;

	profiles_look(host, &claims, &view);
	state = profiles_state(host, &view, claim);
	if (streq(state, "overruled"))
		why = util_format("power-profiles-daemon holds the profile " BUS_PROFILE
				  " for it, but '%s' is active, because "
				  "somebody else wants that; see 'powerprofilesctl list-holds'",
				  view.active);
	else if (streq(state, "unknown"))
		why = util_copy("power-profiles-daemon could not be asked whether it holds the profile " BUS_PROFILE
				" for it");
	else if (!streq(state, "held"))
		why = util_copy("power-profiles-daemon does not hold the profile " BUS_PROFILE
				" for it; the journal of vfio-guard says why");
	profiles_free(&view);
	return why;
}
