/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/wants.h"

#include "hooks/claims.h"
#include "hooks/cpus.h"
#include "hooks/disks.h"
#include "hooks/memory.h"
#include "lib/util.h"

/*
 * How long a guest may take from "prepare" until its QEMU is there (ms). When it is over, and there is one, the claim
 * stays; only a guest that never came is given up.
 */
#define PENDING_TIME 120000

struct cpulist wants_cpus(const struct domain *domain, const struct guest_settings *settings)
{
	if (settings->isolate == ISOLATE_PINNED)
		return domain->pinned;
	return settings->isolate == ISOLATE_LIST ? settings->cpus : (struct cpulist){ 0 };
}

/* A typing error, or settings of another machine: then the guest has less than its user thinks. */
static void drop_absent_cpus(int root, struct claim *claim, struct problems *problems)
{
	cleanup_free char *text = NULL, *rest = NULL;
	struct cpulist absent;

	cpus_absent(root, &claim->cpus, &absent);
	if (cpulist_is_empty(&absent))
		return;
	cpulist_remove(&claim->cpus, &absent);
	text = cpulist_format(&absent);
	rest = cpulist_format(&claim->cpus);
	problem_add(problems, PROBLEM_MACHINE, "isolate-cpus", "this host has no CPUs %s; %s%s", text,
		    rest[0] != '\0' ? "isolated are only " : "no CPU is isolated", rest);
}

static void want_cpus(int root, const struct domain *domain, const struct guest_settings *settings, struct claim *claim,
		      struct problems *problems)
{
	struct cpulist others;
	cleanup_free char *text = NULL;

	if (settings->isolate == ISOLATE_PINNED && !domain->has_pins)
		problem_add(problems, PROBLEM_MACHINE, "isolate-cpus",
			    "the guest has no <vcpupin>, and its <vcpu> no cpuset; no CPU is isolated");
	claim->cpus = wants_cpus(domain, settings);
	drop_absent_cpus(root, claim, problems);
	cpus_siblings(root, &claim->cpus, &others);
	if (cpulist_is_empty(&others))
		return;
	if (settings->siblings == SIBLINGS_INCLUDE) {
		cpulist_add(&claim->cpus, &others);
		return;
	}
	text = cpulist_format(&others);
	problem_add(problems, PROBLEM_MACHINE, "isolate-cpus",
		    "the host shares cores with the guest: CPUs %s are threads of the same; pin them too, or say "
		    "smt-siblings = include",
		    text);
}

static void want_tuning(const struct guest_settings *settings, struct claim *claim, struct problems *problems)
{
	if (cpulist_is_empty(&claim->cpus))
		problem_add(problems, PROBLEM_MACHINE, "tuning",
			    "no CPU is isolated for this guest, so there is none to keep free of the host's work; set "
			    "isolate-cpus; nothing is tuned");
	else
		claim->tune = settings->tune;
}

static void want_disks(int root, const struct domain *domain, struct claim *claim)
{
	for (size_t i = 0; i < domain->n_disks; i++)
		disks_add(util_copy(domain->disks[i].path), domain->disks[i].is_held, &claim->disks, &claim->n_disks);
	for (size_t i = 0; i < domain->n_devices; i++)
		if (domain->devices[i].kind == HOST_PCI)
			disks_add_of_pci(root, &domain->devices[i].bdf, &claim->disks, &claim->n_disks);
}

void wants_claim(int root, const struct domain *domain, const struct guest_settings *settings, struct claim *ret,
		 struct problems *problems)
{
	*ret = (struct claim){ .deadline = claims_now() + PENDING_TIME };
	memcpy(ret->uuid, domain->uuid, sizeof(ret->uuid));
	ret->name = util_copy(domain->name);
	ret->slice = util_copy(domain->slice);
	if (settings->isolate != ISOLATE_NO)
		want_cpus(root, domain, settings, ret, problems);
	if (settings->tune != 0)
		want_tuning(settings, ret, problems);
	memory_want(root, domain, settings, ret, problems);
	if (settings->inhibit == INHIBIT_LIST)
		ret->inhibit = settings->inhibit_what;
	else if (domain_has_pci_device(domain))
		ret->inhibit = INHIBIT_SLEEP;
	if (settings->claim_disks == CLAIM_YES)
		want_disks(root, domain, ret);
}

bool wants_nothing(const struct claim *claim)
{
	return streq(claim->slice, DOMAIN_SLICE) && cpulist_is_empty(&claim->cpus) && claim->inhibit == 0 &&
	       claim->n_disks == 0 && claim->n_pages == 0 && claim->n_shm == 0;
}
