/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>

#include "hooks/call_internal.h"
#include "hooks/profiles.h"
#include "hooks/tuning.h"
#include "hooks/wants.h"

/* Returns the exit code: isolation is required. */
static int judge_cpus(const struct call *call, const struct claim *claim)
{
	struct cpulist absent = wants_cpus(&call->domain, &call->settings);
	cleanup_free char *text = NULL, *why = NULL;

	if (cpulist_is_empty(&absent))
		return call_fail(call, "isolate-cpus", "it is not pinned to any CPU, so none can be isolated");
	cpulist_remove(&absent, &claim->cpus);
	if (cpulist_is_empty(&absent))
		return EXIT_SUCCESS;
	text = cpulist_format(&absent);
	why = util_format("this host has no CPUs %s, so they cannot be isolated", text);
	return call_fail(call, "isolate-cpus", why);
}

int call_judge_claim(const struct call *call, const struct claim *claim)
{
	unsigned int require = call->settings.require;

	if (call->settings.isolate != ISOLATE_NO && (require & REQUIRE_ISOLATION) != 0 &&
	    judge_cpus(call, claim) != EXIT_SUCCESS)
		return EXIT_FAILURE;
	if (call->settings.tune != 0 && claim->tune == 0 && (require & REQUIRE_TUNING) != 0)
		return call_fail(call, "tuning", "no CPU is isolated for it, so there is none to keep free");
	if (call->settings.n_shm > claim->n_shm && (require & REQUIRE_TUNING) != 0)
		return call_fail(call, "shm", "the user or the group of its file is not known");
	if (call->settings.hugepages == PAGES_AUTO && (call->domain.memory.has_hugepages || call->domain.is_by_hand) &&
	    claim->n_pages == 0 && (require & REQUIRE_HUGEPAGES) != 0)
		return call_fail(call, "hugepages", "nobody knows which huge pages it needs");
	return EXIT_SUCCESS;
}

static const char *why_not_isolated(const struct claim *claim, int result)
{
	if (result == -ENOSPC && cpulist_is_empty(&claim->cpus))
		return "the guests would have every CPU, and the host none; nothing was isolated";
	if (result < 0)
		return "the CPUs of guests could not all be isolated; the journal of vfio-hook says why";
	return NULL;
}

static const char *why_not_tuned(unsigned int tune, const struct reconcile_outcome *outcome)
{
	return tune != 0 && outcome->tuning < 0
		       ? "the host could not be tuned as the guest wants; the journal of vfio-hook says why"
		       : NULL;
}

static const char *why_no_governor(const struct call *call, const struct claim *claim,
				   const struct reconcile_outcome *outcome)
{
	if ((claim->tune & TUNE_GOVERNOR) == 0 || outcome->profiles != 0 ||
	    tuning_has_governors(call->host->root, &claim->cpus))
		return NULL;
	return "neither power-profiles-daemon nor the kernel can say how fast its CPUs run (there is no cpufreq driver "
	       "for them); they run as before";
}

/* What cannot be had, if why says so: a warning, or the end of the start. Returns the exit code. */
static int settle(const struct call *call, const char *where, unsigned int require, const char *why)
{
	if (why != NULL && (call->settings.require & require) != 0)
		return call_fail(call, where, why);
	if (why != NULL)
		call_warn(call, where, why);
	return EXIT_SUCCESS;
}

/* Huge pages and shared memory. Returns the exit code. */
static int settle_memory(const struct call *call, const struct claim *claim, struct reconcile_outcome *outcome)
{
	int code = settle(call, "hugepages", REQUIRE_HUGEPAGES, claim->n_pages > 0 ? outcome->memory.pages : NULL);

	if (code == EXIT_SUCCESS)
		code = settle(call, "shm", REQUIRE_TUNING, claim->n_shm > 0 ? outcome->memory.shm : NULL);
	memory_free(&outcome->memory);
	return code;
}

int call_judge_outcome(const struct call *call, const struct claim *claim, const struct call_wanted *wanted,
		       struct reconcile_outcome *outcome)
{
	int code = settle_memory(call, claim, outcome);

	if (code == EXIT_SUCCESS)
		code = settle(call, "isolate-cpus", REQUIRE_ISOLATION,
			      wanted->cpus ? why_not_isolated(claim, outcome->isolation) : NULL);
	if (code == EXIT_SUCCESS)
		code = settle(call, "tuning", REQUIRE_TUNING, why_not_tuned(wanted->tune, outcome));
	if (code == EXIT_SUCCESS)
		code = settle(call, "governor", REQUIRE_TUNING, why_no_governor(call, claim, outcome));
	return code;
}

int call_judge_profile(const struct call *call, const struct claim *claim)
{
	cleanup_free char *why = (claim->tune & TUNE_GOVERNOR) != 0 ? profiles_judge(call->host, claim) : NULL;

	return settle(call, "governor", REQUIRE_TUNING, why);
}

void call_warn_of_outcome(const struct call *call, const struct claim *claim, const struct call_wanted *wanted,
			  const struct reconcile_outcome *outcome)
{
	const struct {
		const char *where, *why;
	} items[] = {
		{ "isolate-cpus", wanted->cpus ? why_not_isolated(claim, outcome->isolation) : NULL },
		{ "tuning", why_not_tuned(wanted->tune, outcome) },
		{ "governor", why_no_governor(call, claim, outcome) },
	};

	for (size_t i = 0; i < ARRAY_SIZE(items); i++)
		if (items[i].why != NULL)
			call_warn(call, items[i].where, items[i].why);
}
