/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/reconcile.h"

#include <errno.h>

#include "hooks/conf_guest.h"
#include "hooks/cpus.h"
#include "hooks/records.h"
#include "hooks/tuning.h"
#include "lib/log.h"
#include "lib/util.h"

/* What systemd may take for all units together, and the kernel for one (ms). */
#define BUS_TIME 3000
#define KERNEL_TIME 1000

char *reconcile_guard_unit(const char *uuid)
{
	return util_format("vfio-guard@%s.service", uuid);
}

static void drop(struct claims *claims, size_t i)
{
	claim_free(&claims->items[i]);
	memmove(claims->items + i, claims->items + i + 1, (claims->count - i - 1) * sizeof(*claims->items));
	claims->count--;
}

static struct claim *find(const struct claims *claims, const char *uuid)
{
	for (size_t i = 0; i < claims->count; i++)
		if (streq(claims->items[i].uuid, uuid))
			return &claims->items[i];
	return NULL;
}

static void remove_claim(int root, struct claims *claims, const struct claim *claim)
{
	int result = claims_remove(root, claim->uuid);

	if (result < 0 && result != -ENOENT)
		log_error("%s: cannot remove its claim: %s; its CPUs stay taken", claim->uuid, strerror(-result));
	drop(claims, (size_t)(claim - claims->items));
}

/* A claim whose time is over may have a guest nevertheless: the daemon was killed before it called us again. */
static bool adopt(int root, struct claim *claim)
{
	if (claim->is_running || !claims_find_process(root, claim, &claim->pid, &claim->started))
		return false;
	claim->is_running = true;
	claim->deadline = 0;
	return claims_write(root, claim) == 0;
}

static void drop_dead(int root, struct claims *claims)
{
	for (size_t i = claims->count; i-- > 0;) {
		struct claim *claim = &claims->items[i];
		cleanup_free char *name = util_copy_printable(claim->name);

		if (claims_is_alive(root, claim) || adopt(root, claim))
			continue;
		log_info("guest %s has ended; what it claimed is given back", name);
		remove_claim(root, claims, claim);
	}
}

static int leaves_host(int root, const struct claims *claims, const struct claim *added)
{
	struct cpulist taken = added->cpus;
	struct isolation_machine machine;
	int result = cpus_read_machine(root, &machine);

	for (size_t i = 0; i < claims->count; i++)
		cpulist_add(&taken, &claims->items[i].cpus);
	if (result < 0)
		return result;
	return isolation_leaves_host(&machine, &taken) ? 0 : -ENOSPC;
}

static int add_claim(int root, struct claims *claims, struct claim *claim)
{
	struct claim *old = find(claims, claim->uuid);
	cleanup_free char *text = NULL;
	int refused = 0, result;

	if (old != NULL)
		drop(claims, (size_t)(old - claims->items));
	if (!cpulist_is_empty(&claim->cpus)) {
		refused = leaves_host(root, claims, claim);
		if (refused < 0) {
			claim->cpus = (struct cpulist){ 0 };
			claim->tune = 0;
		}
	}
	result = claims_write(root, claim);
	if (result < 0)
		return result;
	text = claim_format(claim);
	(void)util_append(&claims->items, &claims->count, sizeof(*claims->items));
	if (!claim_parse(&claims->items[claims->count - 1], claim->uuid, text, strlen(text)))
		claims->count--;
	return refused;
}

static void end_claim(int root, struct claims *claims, const struct claim *ended)
{
	const struct claim *now = find(claims, ended->uuid);

	if (now != NULL && now->is_running == ended->is_running && now->pid == ended->pid &&
	    now->started == ended->started && now->deadline == ended->deadline)
		remove_claim(root, claims, now);
}

static int apply_cpus(struct host *host, const struct claims *claims)
{
	struct cpus_control control = { bus_get_allowed_cpus, bus_set_allowed_cpus, NULL, KERNEL_TIME };
	struct unit_records records;
	bool is_needed = false;
	int result;

	records_read(host->root, &records);
	is_needed = records.count > 0;
	records_free(&records);
	for (size_t i = 0; i < claims->count; i++)
		is_needed = is_needed || !cpulist_is_empty(&claims->items[i].cpus);
	if (!is_needed)
		return 0;
	control.context = host_bus(host, BUS_TIME);
	if (control.context == NULL)
		return -EHOSTDOWN;
	result = cpus_apply(host->root, claims, &control);
	host_bus_said(host, result);
	return result;
}

/*
 * Where power-profiles-daemon runs, the clock is its own: 1, else 0. If it does not answer that is no reason to tell
 * systemd nothing either, so this says nothing to host_bus_said().
 */
static int find_profiles(struct host *host, const struct claims *claims)
{
	const char *daemon = NULL;
	bool is_needed = false;
	struct bus *bus;
	int result;

	for (size_t i = 0; i < claims->count; i++)
		is_needed = is_needed || (claims->items[i].tune & TUNE_GOVERNOR) != 0;
	if (!is_needed || !host->is_live)
		return 0;
	bus = host_bus(host, BUS_TIME);
	result = bus != NULL ? bus_find_profiles(bus, &daemon) : -EHOSTDOWN;
	if (result < 0)
		log_warning("power-profiles-daemon: cannot be asked for its profiles: %s %s; restart it or stop it; "
			    "the governors of all CPUs stay as they are",
			    bus != NULL ? strerror(-result) : "the system bus does not answer",
			    bus != NULL ? bus_error(bus) : "");
	return result < 0 ? result : daemon != NULL;
}

static void start_guards(struct host *host, const struct claims *claims)
{
	for (size_t i = 0; i < claims->count; i++) {
		cleanup_free char *unit = reconcile_guard_unit(claims->items[i].uuid);
		struct bus *bus = host_bus(host, BUS_TIME);
		int result = bus != NULL ? bus_start_unit(bus, unit) : 0;

		if (result < 0)
			log_warning("%s: cannot be started: %s %s", unit, strerror(-result), bus_error(bus));
		host_bus_said(host, result);
	}
}

static int take_lock(const struct host *host)
{
	int lock = claims_lock(host->root, host->deadline);

	if (lock < 0)
		log_warning("cannot take the lock of the hooks: %s; nothing was changed", strerror(-lock));
	return lock;
}

/* What all claims together want of the host. */
struct demand {
	struct cpulist isolated;
	struct cpulist tuned[TUNE_BITS];
};

static void sum_up(const struct claims *claims, struct demand *ret)
{
	*ret = (struct demand){ 0 };
	for (size_t i = 0; i < claims->count; i++)
		cpulist_add(&ret->isolated, &claims->items[i].cpus);
	for (unsigned int i = 0; i < TUNE_BITS; i++)
		ret->tuned[i] = tuning_cpus(claims, 1u << i);
}

static bool is_same(const struct demand *a, const struct demand *b)
{
	bool same = cpulist_equal(&a->isolated, &b->isolated);

	for (unsigned int i = 0; i < TUNE_BITS; i++)
		same = same && cpulist_equal(&a->tuned[i], &b->tuned[i]);
	return same;
}

/* Under the lock: the claims first, then the host. */
static void change_claims(const struct host *host, const struct reconcile_change *change, struct claims *claims,
			  struct reconcile_outcome *ret)
{
	int result;

	if (change->ended != NULL)
		end_claim(host->root, claims, change->ended);
	if (change->remove != NULL && find(claims, change->remove) != NULL)
		remove_claim(host->root, claims, find(claims, change->remove));
	drop_dead(host->root, claims);
	result = change->add != NULL ? add_claim(host->root, claims, change->add) : 0;
	ret->isolation = result;
	ret->tuning = result;
}

int reconcile(struct host *host, const struct reconcile_change *change, struct reconcile_outcome *ret)
{
	cleanup_close int lock = take_lock(host);
	struct reconcile_outcome outcome = { .isolation = lock < 0 ? lock : 0, .tuning = lock < 0 ? lock : 0 };
	const char *start = change->is_start && change->add != NULL ? change->add->uuid : NULL;
	int memory;
	struct demand before, after;
	struct claims claims;

	if (lock < 0 && ret != NULL)
		memory_fail(&outcome.memory, "the lock of the hooks was not free in time, so nothing was taken");
	if (ret != NULL)
		*ret = outcome;
	if (lock < 0)
		return lock;
	claims_read(host->root, &claims);
	sum_up(&claims, &before);
	change_claims(host, change, &claims, &outcome);
	sum_up(&claims, &after);
	if (!change->only_if_changed || !is_same(&before, &after)) {
		int isolation = apply_cpus(host, &claims), tuning;

		outcome.profiles = find_profiles(host, &claims);
		tuning = tuning_apply(host->root, &claims, outcome.profiles);
		tuning = tuning < 0 || outcome.profiles > 0 ? tuning : outcome.profiles;
		outcome.isolation = outcome.isolation < 0 ? outcome.isolation : isolation;
		outcome.tuning = outcome.tuning < 0 ? outcome.tuning : tuning;
	}
	memory = memory_apply(host->root, &claims, start, host->deadline, &outcome.memory);
	if (change->starts_guards)
		start_guards(host, &claims);
	claims_free(&claims);
	if (ret != NULL)
		*ret = outcome;
	else
		memory_free(&outcome.memory);
	return outcome.isolation < 0 ? outcome.isolation : outcome.tuning < 0 ? outcome.tuning : memory;
}

int reconcile_forget(struct host *host, const char *uuid)
{
	cleanup_close int lock = take_lock(host);

	return lock < 0 ? lock : claims_remove(host->root, uuid);
}
