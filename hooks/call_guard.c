/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/call_internal.h"
#include "hooks/disks.h"
#include "hooks/held.h"
#include "hooks/reconcile.h"
#include "lib/file.h"
#include "lib/log.h"
#include "lib/paths.h"

/* The sentence that a guard leaves when it refuses a disk. Owned by the caller; NULL if there is none. */
static char *take_refusal(const struct call *call)
{
	cleanup_free char *path = util_format(PATH_REFUSED "/%s", call->domain.uuid);
	char *text = NULL;
	size_t length;

	if (file_read_start(call->host->root, path, 1024, &text, &length) < 0)
		return NULL;
	(void)file_remove(call->host->root, path, 0);
	return text;
}

/* Without a guard nobody holds the disks, but they can be looked at. Returns the exit code. */
static int check_disks(const struct call *call, const struct claim *claim)
{
	for (size_t i = 0; i < claim->n_disks; i++) {
		cleanup_free char *why = NULL;
		cleanup_close int fd = disks_take(call->host->root, claim->disks[i].path, claim->uuid, &why);

		if (fd < 0 && why != NULL)
			return call_fail(call, claim->disks[i].path, why);
	}
	if (claim->n_disks > 0)
		call_warn(call, "claim-disks",
			  "its disks are free now, but without a guard nothing keeps the host from using them");
	return EXIT_SUCCESS;
}

/* A guard without a claim would hold nothing, and not look at the disks. */
static bool is_claimed(const struct call *call)
{
	struct claim claim;
	bool is_there = claims_find(call->host->root, call->domain.uuid, &claim);

	claim_free(&claim);
	return is_there;
}

/* systemd is content with one that found no claim, or has ended since. Returns the exit code. */
static int check_guard(const struct call *call, const struct claim *claim)
{
	if (is_claimed(call) && held_is_guarded(call->host->root, claim->uuid))
		return EXIT_SUCCESS;
	if (claim->n_disks > 0)
		return call_fail(call, "its guard",
				 "it did not stay, so nothing keeps the host from using the guest's disks; the journal "
				 "of vfio-guard may say why; start the guest again");
	call_warn(call, "its guard", "it did not stay; the journal of vfio-guard may say why");
	return EXIT_SUCCESS;
}

int call_start_guard(const struct call *call, const struct claim *claim)
{
	cleanup_free char *unit = reconcile_guard_unit(claim->uuid), *refusal = NULL;
	struct bus *bus = host_bus(call->host, CALL_GUARD_TIME);
	int result;

	free(take_refusal(call)); /* of an earlier start */
	if (bus == NULL || !is_claimed(call))
		return check_disks(call, claim);
	result = bus_restart_unit(bus, unit);
	if (result == 0)
		return check_guard(call, claim);
	refusal = take_refusal(call);
	if (refusal != NULL)
		return call_fail(call, "", refusal);
	log_warning("%s: cannot be started: %s %s", unit, strerror(-result), bus_error(bus));
	host_bus_said(call->host, result);
	return check_disks(call, claim);
}

void call_stop_guard(const struct call *call)
{
	cleanup_free char *unit = reconcile_guard_unit(call->domain.uuid);
	struct bus *bus = host_bus(call->host, CALL_GUARD_TIME);
	int result = bus != NULL ? bus_stop_unit(bus, unit) : 0;

	if (result < 0)
		log_warning("%s: cannot be stopped: %s %s; it ends by itself", unit, strerror(-result), bus_error(bus));
	host_bus_said(call->host, result);
}
