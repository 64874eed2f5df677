/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/call.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/time.h>

#include "hooks/call_internal.h"
#include "hooks/input.h"
#include "hooks/memory.h"
#include "hooks/preflight.h"
#include "hooks/reconcile.h"
#include "hooks/wants.h"
#include "lib/file.h"
#include "lib/log.h"
#include "lib/paths.h"
#include "lib/sysfs.h"

#define PROGRAM "vfio-hook"

/* How much later than the deadline we are ended by a signal (ms). */
#define ALARM_GRACE 1000

/* What to exit with if something hangs for good: before a start 1, until disks are free and required pages there. */
static volatile sig_atomic_t exit_when_late;

static void on_alarm(int number)
{
	static const char message[] = PROGRAM
		": it took too long to find out what the guest needs, to check its disks, or to have its huge pages; "
		"the guest is not started\n";

	(void)number;
	if (exit_when_late != 0)
		(void)!write(STDERR_FILENO, message, sizeof(message) - 1);
	_exit(exit_when_late);
}

static void set_alarm(void)
{
	const struct itimerval time = { .it_value = { (CALL_TIME + ALARM_GRACE) / 1000, 0 } };
	const struct sigaction action = { .sa_handler = on_alarm };

	(void)sigaction(SIGALRM, &action, NULL);
	(void)setitimer(ITIMER_REAL, &time, NULL);
}

int call_refuse(const struct host *host, const char *guest, const char *where, const char *why)
{
	cleanup_free char *name = util_copy_printable(guest), *reason = util_copy_printable(why);

	if (host->has_journal)
		log_error("guest %s: %s%s%s; it is not started", name, where, where[0] != '\0' ? ": " : "", reason);
	fprintf(stderr, PROGRAM ": guest %s: %s%s%s; it is not started\n", name, where, where[0] != '\0' ? ": " : "",
		reason);
	return EXIT_FAILURE;
}

int call_fail(const struct call *call, const char *where, const char *why)
{
	return call_refuse(call->host, call->name, where, why);
}

void call_warn(const struct call *call, const char *where, const char *why)
{
	cleanup_free char *name = util_copy_printable(call->name);

	log_warning("guest %s: %s: %s", name, where, why);
}

/* --- the description -------------------------------------------------------------------------------------------- */

static void read_settings(struct call *call, const char *name, const char *uuid)
{
	struct problems problems = { 0 };
	struct hooks_conf conf = { 0 };

	conf_read(&conf, call->host->root, &problems);
	for (size_t i = 0; i < problems.count; i++)
		log_warning("%s: %s", problems.items[i].where, problems.items[i].message);
	conf_settings(&conf, name, uuid, &call->settings);
	conf_free(&conf);
	problems_free(&problems);
	metadata_apply(&call->domain.metadata, &call->settings, &problems);
	for (size_t i = 0; i < problems.count && streq(call->operation, "prepare"); i++)
		call_warn(call, problems.items[i].where, problems.items[i].message);
	problems_free(&problems);
}

/* Returns what is wrong with the description, or NULL. */
static const char *read_domain(struct call *call)
{
	size_t length;
	cleanup_free char *text = input_read(call->host, &length);
	const char *wrong = domain_parse(&call->domain, text, length);

	if (streq(call->operation, "release"))
		return wrong; /* what is to be given back does not stand in the configuration */
	if (wrong != NULL)
		read_settings(call, call->name, NULL);
	else
		read_settings(call, call->domain.name, call->domain.uuid);
	return wrong;
}

/* --- the operations ---------------------------------------------------------------------------------------------- */

/* Without its claim the guard gives back what it holds, and the CPUs: nothing is left to be asked of systemd then. */
static void give_back(const struct call *call)
{
	const struct reconcile_change change = { .remove = call->domain.uuid };
	uint64_t deadline = claims_clock() + CALL_GUARD_TIME;

	if (deadline > call->host->deadline)
		deadline = call->host->deadline;
	(void)reconcile_forget(call->host, call->domain.uuid);
	if (!claims_guard_has_ended(call->host->root, call->domain.uuid, deadline))
		call_stop_guard(call);
	(void)reconcile(call->host, &change, NULL);
}

/* Devices that are missing. Returns the exit code. */
static int check_devices(const struct call *call)
{
	struct problems problems = { 0 };
	int code = EXIT_SUCCESS;

	preflight(call->host->root, &call->domain, &problems);
	for (size_t i = 0; i < problems.count && code == EXIT_SUCCESS; i++) {
		if ((call->settings.require & REQUIRE_DEVICES) != 0)
			code = call_fail(call, problems.items[i].where, problems.items[i].message);
		else
			call_warn(call, problems.items[i].where, problems.items[i].message);
	}
	problems_free(&problems);
	return code;
}

/* What cannot be had is said once, when the claim is new. */
static void make_claim(const struct call *call, struct claim *claim, bool is_new)
{
	struct problems problems = { 0 };

	wants_claim(call->host->root, &call->domain, &call->settings, claim, &problems);
	for (size_t i = 0; i < problems.count && is_new; i++)
		call_warn(call, problems.items[i].where, problems.items[i].message);
	problems_free(&problems);
}

static struct call_wanted wanted_of(const struct claim *claim)
{
	return (struct call_wanted){ !cpulist_is_empty(&claim->cpus), claim->tune };
}

/* Claims, isolates, tunes, and starts the guard. Returns the exit code. */
static int take(const struct call *call, struct claim *claim)
{
	const struct reconcile_change change = { .add = claim, .is_start = true };
	const struct call_wanted wanted = wanted_of(claim);
	struct reconcile_outcome outcome;
	int code;

	(void)reconcile(call->host, &change, &outcome);
	code = call_judge_outcome(call, claim, &wanted, &outcome);
	if (code == EXIT_SUCCESS)
		code = call_start_guard(call, claim);
	return code == EXIT_SUCCESS && outcome.profiles > 0 ? call_judge_profile(call, claim) : code;
}

static int take_or_give_back(const struct call *call, struct claim *claim)
{
	int code = call_judge_claim(call, claim);

	if (code != EXIT_SUCCESS || wants_nothing(claim))
		return code;
	code = take(call, claim);
	if (code != EXIT_SUCCESS) {
		exit_when_late = code;
		give_back(call);
	}
	return code;
}

/* The process of a QEMU with this UUID, 0: there is none. libvirt never has two: it was started without (run.c). */
static pid_t find_running(const struct call *call)
{
	struct claim claim;
	bool runs = claims_find(call->host->root, call->domain.uuid, &claim) && claim.is_running &&
		    claims_is_alive(call->host->root, &claim);
	pid_t pid = runs ? claim.pid : 0;

	claim_free(&claim);
	return pid;
}

static int prepare(struct call *call)
{
	cleanup_free char *why = NULL;
	struct claim claim;
	pid_t running = find_running(call);
	int code;

	if (running != 0) {
		why = util_format("it runs already, as process %d", running);
		return call_fail(call, "", why);
	}
	code = check_devices(call);
	if (code != EXIT_SUCCESS)
		return code;
	make_claim(call, &claim, true);
	if (claim.n_disks == 0 && (claim.n_pages == 0 || (call->settings.require & REQUIRE_HUGEPAGES) == 0))
		exit_when_late = EXIT_SUCCESS;
	code = take_or_give_back(call, &claim);
	exit_when_late = code;
	claim_free(&claim);
	return code;
}

/* A controller that went to the guest took its disks along: what has their names from now on is something else. */
static void forget_absent_disks(const struct call *call, struct claim *claim)
{
	struct claim fresh;
	struct domain_disk *disks = claim->disks;
	size_t n = claim->n_disks;

	make_claim(call, &fresh, false);
	claim->disks = fresh.disks;
	claim->n_disks = fresh.n_disks;
	fresh.disks = disks;
	fresh.n_disks = n;
	claim_free(&fresh);
}

/* The guest runs: its claim lives as long as its process. A daemon that comes back may find claims gone: made anew. */
static void adopt(struct call *call, bool is_reconnect)
{
	struct reconcile_change change = { .starts_guards = is_reconnect };
	struct reconcile_outcome outcome;
	struct call_wanted wanted;
	bool is_new = false;
	struct claim claim;
	bool has_claim = claims_find(call->host->root, call->domain.uuid, &claim);

	/* That of an earlier life, which its guard has not given back yet, is no claim of this one. */
	if (has_claim && claim.is_running && !claims_is_alive(call->host->root, &claim)) {
		claim_free(&claim);
		has_claim = false;
	}
	if (has_claim) {
		forget_absent_disks(call, &claim);
	} else {
		make_claim(call, &claim, true);
		is_new = true;
		change.starts_guards = true;
		if (wants_nothing(&claim)) {
			claim_free(&claim);
			return;
		}
		if (claim.n_pages > 0 || claim.n_shm > 0)
			call_warn(call, call->operation,
				  "huge pages and shared memory are made before a start only, and it runs already");
	}
	if (!claim.is_running && claims_find_process(call->host->root, &claim, &claim.pid, &claim.started)) {
		claim.is_running = true;
		claim.deadline = 0;
	}
	change.only_if_changed = !is_reconnect && !is_new;
	if (!claim.is_running)
		call_warn(call, call->operation,
			  "its QEMU cannot be found; it is looked for again when its time is over");
	change.add = &claim;
	wanted = wanted_of(&claim);
	(void)reconcile(call->host, &change, &outcome);
	if (is_new)
		call_warn_of_outcome(call, &claim, &wanted, &outcome);
	claim_free(&claim);
}

/* The guard may have been faster; but then its work may have failed, too. */
static void release(struct call *call)
{
	int root = call->host->root;
	pid_t running = find_running(call);
	struct claim claim;
	bool has_claim;

	if (running != 0) {
		cleanup_free char *why = util_format("process %d still runs; what it claims stays until that ends",
						     running);

		call_warn(call, "release", why);
		return;
	}
	has_claim = claims_find(root, call->domain.uuid, &claim);

	if (has_claim || !claims_guard_has_ended(root, call->domain.uuid, 0) || sysfs_exists(root, PATH_CPUS) ||
	    sysfs_exists(root, PATH_SETTINGS) || memory_is_taken(root))
		give_back(call);
	claim_free(&claim);
}

/* A guest whose disks nobody knows. Returns the exit code. */
static int judge_unclear(const struct call *call, const char *wrong)
{
	cleanup_free char *why = util_format("its description cannot be read (%s), so nobody knows its disks", wrong);

	return call->settings.claim_disks == CLAIM_YES ? call_fail(call, "", why) : EXIT_SUCCESS;
}

static int run(struct call *call)
{
	const char *wrong = read_domain(call);
	bool prepares = streq(call->operation, "prepare");

	if (wrong != NULL && prepares && judge_unclear(call, wrong) != EXIT_SUCCESS)
		return EXIT_FAILURE;
	if (wrong != NULL) {
		call_warn(call, call->operation, wrong);
		return EXIT_SUCCESS;
	}
	if (prepares)
		return prepare(call);
	if (streq(call->operation, "started") || streq(call->operation, "reconnect"))
		adopt(call, streq(call->operation, "reconnect"));
	else
		release(call);
	return EXIT_SUCCESS;
}

/* Only these; "start" and "stopped" come too early for anything, the others are not about us. */
static bool is_ours(char *const words[4])
{
	static const char *const operations[][2] = {
		{ "prepare", "begin" }, { "started", "begin" }, { "reconnect", "begin" }, { "release", "end" }
	};

	for (size_t i = 0; i < ARRAY_SIZE(operations); i++)
		if (streq(words[1], operations[i][0]) && streq(words[2], operations[i][1]))
			return true;
	return false;
}

int call_run(struct host *host, char *const words[4])
{
	struct call call = { .host = host, .name = words[0], .operation = words[1] };
	int code;

	if (!is_ours(words))
		return EXIT_SUCCESS;
	host->deadline = claims_clock() + CALL_TIME;
	exit_when_late = streq(call.operation, "prepare") ? EXIT_FAILURE : EXIT_SUCCESS;
	set_alarm();
	code = run(&call);
	domain_free(&call.domain);
	return code;
}

/* --- without a call of libvirt ----------------------------------------------------------------------------------- */

/* The description stays the caller's. */
static struct call begin(struct host *host, const struct domain *domain, const char *operation)
{
	struct call call = { .host = host, .name = domain->name, .operation = operation, .domain = *domain };

	host->deadline = claims_clock() + CALL_TIME;
	read_settings(&call, domain->name, domain->uuid);
	return call;
}

int call_prepare(struct host *host, const struct domain *domain, const char *unclear)
{
	struct call call = begin(host, domain, "prepare");

	if (unclear != NULL && judge_unclear(&call, unclear) != EXIT_SUCCESS)
		return EXIT_FAILURE;
	if (unclear != NULL)
		call_warn(&call, "its disks", unclear);
	return prepare(&call);
}

void call_adopt(struct host *host, const struct domain *domain, bool is_reconnect)
{
	struct call call = begin(host, domain, is_reconnect ? "reconnect" : "started");

	adopt(&call, is_reconnect);
}

void call_give_back(struct host *host, const struct domain *domain)
{
	const struct call call = { .host = host, .name = domain->name, .operation = "release", .domain = *domain };

	host->deadline = claims_clock() + CALL_TIME;
	give_back(&call);
}
