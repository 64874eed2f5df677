/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "binder/session.h"

#include <errno.h>

#include "binder/apply.h"
#include "binder/efivar.h"
#include "binder/holders.h"
#include "binder/initramfs.h"
#include "binder/late.h"
#include "binder/modules.h"
#include "binder/request.h"
#include "binder/store.h"
#include "lib/file.h"
#include "lib/log.h"
#include "lib/paths.h"
#include "lib/root.h"

/* What was begun as planned stays planned, whatever the machine shows now (a parameter of vfio-pci, for instance). */
static void keep_taken(struct plan *plan, enum verdict verdict)
{
	for (size_t i = 0; i < plan->n_entries; i++) {
		struct plan_entry *entry = &plan->entries[i];

		if (entry->device == NULL || !entry->device->is_taken)
			continue;
		entry->verdict = verdict;
		entry->reason = REASON_NONE;
	}
}

static void narrow(struct session *session, const struct options *options)
{
	const struct bdf *bdf = &options->device;
	char address[BDF_TEXT_SIZE];

	if (options->request != NULL && !options->request->is_release)
		options->request->steps->narrow(options->request, &session->plan);
	if (!options->has_device)
		return;
	plan_narrow(&session->plan, &session->inventory, bdf);
	bdf_format(bdf, address);
	if (session->plan.is_gone)
		problem_add(&session->problems, PROBLEM_MACHINE, address,
			    "no device is at this address (it may have been removed again); nothing was changed");
}

static void build(struct session *session)
{
	if (session->request != NULL && session->request->is_release)
		session->request->steps->plan(session->request, &session->plan, &session->input);
	else
		plan_build(&session->plan, &session->input);
}

/* What would be taken from a driver, on a running system: who has it open? Then the plan is made once more. */
static void ask_holders(struct session *session, enum verdict verdict)
{
	cleanup_free bool *asked = util_alloc(session->inventory.n_devices + 1);
	bool any = false;

	for (size_t i = 0; i < session->plan.n_entries; i++) {
		const struct device *device = session->plan.entries[i].device;

		if (session->plan.entries[i].verdict != verdict || device->driver[0] == '\0' || device->is_taken)
			continue;
		asked[device - session->inventory.devices] = true;
		any = true;
	}
	if (!any)
		return;
	holders_mark(&session->inventory, session->root, asked);
	plan_free(&session->plan);
	build(session);
}

static void read_record(struct session *session)
{
	record_read(&session->record, session->root, &session->problems);
	record_locate(&session->record, &session->policy, &session->inventory, session->root);
}

static void warn_ids(struct session *session)
{
	if (session->inventory.has_vfio_ids)
		problem_add(&session->problems, PROBLEM_MACHINE, "vfio-pci",
			    "ids= is set for it in modprobe.d or on the kernel command line; it is not passed on, "
			    "because it "
			    "cannot tell twin cards apart: the policy alone names devices");
}

static bool has_binds(const struct plan *plan)
{
	for (size_t i = 0; i < plan->n_entries; i++)
		if (plan->entries[i].verdict == VERDICT_BIND)
			return true;
	return false;
}

/* efivarfs is a module in most kernels. */
static int open_efivars(const struct session *session, bool may_mount)
{
	int directory = efivar_open(session->root, may_mount);

	if (directory == -ENODEV && may_mount && modules_load(session->inventory.modules, "efivarfs") == 0)
		directory = efivar_open(session->root, true);
	return directory;
}

/* What the first run of a boot finds and decides, and what is to be said of it. */
static void count_boot(struct session *session)
{
	int result = session->efivars < 0 ? session->efivars : probation_read(session->efivars, &session->found);

	if (result < 0) {
		problem_add(&session->problems, PROBLEM_MACHINE, "automatic disarm",
			    "cannot read the EFI variables: %s; it is off at this boot", strerror(-result));
		return;
	}
	if (session->found.state == PROBATION_FOREIGN)
		problem_add(&session->problems, PROBLEM_MACHINE, "automatic disarm",
			    "the EFI variable " EFIVAR_NAME " holds %zu bytes that are not understood; the probation "
			    "begins anew",
			    session->found.length);
	session->decision = disarm_decide(&session->found,
					  disarm_digest(session->root, &session->policy, &session->switches),
					  disarm_boot(session->root), session->policy.disarm_after, &session->next);
}

static bool is_other_policy(const struct session *session, const char *digest)
{
	char ours[POLICY_DIGEST_SIZE];

	policy_format_digest(&session->policy, ours);
	return !streq(ours, digest);
}

/*
 * Who comes later goes by the first run of this boot: stays down where it has stood down, even if the variable cannot
 * be read or could not be written (there is none after `vfiokit arm`), and does not bind another policy, which nobody
 * would count. automatic: nobody typed what is to be bound.
 */
static void follow_boot(struct session *session, const struct store_first *first, bool automatic)
{
	bool is_read = session->efivars >= 0 && probation_read(session->efivars, &session->found) == 0;
	struct probation *found = &session->found;

	if (first->is_down && !(is_read && found->state == PROBATION_NONE))
		found->state = PROBATION_DOWN;
	session->next = *found;
	if (found->state == PROBATION_DOWN)
		session->decision = DISARM_STAND_DOWN;
	else if (automatic && first->is_covered && is_other_policy(session, first->digest))
		session->decision = DISARM_WAIT;
	/* What the variable says is of another policy. */
	if (found->state > PROBATION_FOREIGN && found->state != PROBATION_DOWN &&
	    found->digest != disarm_digest(session->root, &session->policy, &session->switches))
		session->next.state = PROBATION_NONE;
}

/* boot counts boots; where none did, apply early in the real root. A device that arrives later is no boot. */
static void ask_probation(struct session *session, const struct options *options, bool will_apply)
{
	bool is_boot = streq(session->command, "boot"), automatic = options->policy == NULL && options->request == NULL;
	struct store_first first;

	if (session->policy.disarm_after == 0 || session->switches.off || !has_binds(&session->plan) ||
	    !efivar_has_efi(session->root))
		return;
	session->efivars = open_efivars(session, is_boot && root_is_own(session->root));
	store_first(session->root, &first);
	if (is_boot || (will_apply && automatic && !options->has_device && first.is_uncalled))
		count_boot(session);
	else
		follow_boot(session, &first, automatic && (will_apply || options->has_device));
	if (session->decision != DISARM_STAND_DOWN && session->decision != DISARM_WAIT)
		return;
	session->switches.off = session->switches.is_disarmed = true;
	session->switches.off_cause = session->decision == DISARM_WAIT ? DISARM_CAUSE_OTHER : DISARM_CAUSE;
	plan_free(&session->plan);
	build(session);
}

void session_note_attempt(struct session *session)
{
	int result;

	if (session->decision == DISARM_GO || session->decision == DISARM_WAIT ||
	    session->found.state == PROBATION_DOWN)
		return;
	result = probation_write(session->efivars, &session->next);
	if (result < 0)
		problem_add(&session->problems, PROBLEM_MACHINE, "automatic disarm",
			    "cannot write the EFI variable " EFIVAR_NAME ": %s; this boot is not counted",
			    strerror(-result));
}

static void scan(struct session *session)
{
	int result = inventory_scan(&session->inventory, session->root, &session->problems);

	if (result < 0)
		problem_add(&session->problems, PROBLEM_MACHINE, PATH_DEVICES,
			    "cannot list the PCI devices: %s (is /sys mounted?); nothing was changed",
			    strerror(-result));
}

void session_plan(struct session *session, const char *command, const struct options *options, int root,
		  const struct journal *journal)
{
	bool will_apply = journal != NULL, is_release = options->request != NULL && options->request->is_release;
	enum verdict verdict = is_release ? VERDICT_RELEASE : VERDICT_BIND;
	struct policy_source source = { root, options->policy };
	bool is_initramfs = initramfs_is_root(root);

	*session = (struct session){ .command = command, .root = root, .request = options->request, .efivars = -1 };
	switches_read(&session->switches, root, will_apply, &session->problems);
	policy_read(&session->policy, &source, &session->switches, &session->problems);
	if (options->request != NULL)
		options->request->steps->add_rule(options->request, &session->policy);
	scan(session);
	if (options->kernel != NULL)
		(void)util_copy_fixed(session->inventory.release, sizeof(session->inventory.release), options->kernel);
	if (journal != NULL)
		apply_rewind(&session->inventory, journal);
	if (session->policy.n_rules > 0)
		read_record(session);
	inventory_complete(&session->inventory, root, &session->policy, false);
	/* Nothing is looked up for a policy that no device meets. */
	if (session->inventory.n_drivers > 0)
		needs_scan(&session->needs, root);
	/* A person who asks for a device now is told of what is used now. */
	if (options->request == NULL)
		record_add_needs(&session->record, &session->inventory, &session->needs);
	if (options->has_device)
		late_mark(&session->inventory, root, &options->device, &session->needs);
	if (options->request != NULL)
		options->request->steps->mark(options->request, &session->inventory, root, &session->needs);
	log_debug("%zu functions, %zu rules from %zu files, %s IOMMU, vfio-pci %s", session->inventory.n_devices,
		  session->policy.n_rules, session->policy.n_files, session->inventory.has_iommu ? "with" : "no",
		  inventory_driver(&session->inventory, POLICY_DRIVER_DEFAULT) == KNOWN_NO ? "missing" : "not missing");
	session->input = (struct plan_input){ .inventory = &session->inventory,
					      .policy = &session->policy,
					      .switches = &session->switches,
					      .needs = &session->needs,
					      .record = &session->record,
					      .keeps_bound = (will_apply || options->has_device) && !is_initramfs,
					      .ignores_open = options->even_if_open };
	warn_ids(session);
	session->stuck = store_stuck(root, &session->input.n_stuck);
	session->input.stuck = session->stuck;
	build(session);
	if (session->input.keeps_bound)
		ask_holders(session, verdict);
	keep_taken(&session->plan, verdict);
	/* Once the work was begun it is only to be finished. */
	if (journal == NULL || journal_is_empty(journal))
		ask_probation(session, options, will_apply);
	narrow(session, options);
	plan_explain(&session->plan, &session->input);
	if (session->switches.plan_only && !is_release)
		session->command = "plan";
	session->generator = will_apply && is_initramfs ? initramfs_generator(root) : NULL;
}

/* What becomes of virtual functions, once the rest is done. */
static void apply_vfs(enum session_part part, const struct vfs_work *work, const struct request_steps *release)
{
	if (part != SESSION_APPLY)
		vfs_recover(work, part == SESSION_RECOVER);
	else if (release != NULL)
		release->remove_vfs(work);
	else
		vfs_make(work);
}

static void apply_part(struct apply *apply, enum session_part part, const struct request_steps *release)
{
	if (release != NULL)
		release->load(apply);
	if (part == SESSION_APPLY && release != NULL)
		release->run(apply);
	else if (part == SESSION_APPLY)
		apply_run(apply);
	else
		apply_load_journal(apply);
	if (part == SESSION_RECOVER)
		apply_recover(apply);
	if (part == SESSION_RECOVER && release != NULL)
		release->finish(apply);
}

void session_apply(struct session *session, enum session_part part, struct journal *journal, const char *directory,
		   uint64_t deadline)
{
	struct kernel_context context = { session->root, session->inventory.modules };
	struct kernel kernel = kernel_real(&context);
	struct vfs_work vfs = { &session->plan, &kernel, journal, deadline };
	struct apply apply;
	const struct request_steps *release = session->request != NULL && session->request->is_release
						      ? session->request->steps
						      : NULL;

	session->was_applied = true;
	apply_prepare(&apply, &session->plan, &kernel, journal, deadline);
	if (apply.n_items == 0 && !vfs_are_planned(&session->plan))
		return;
	if (journal->fd < 0) {
		problem_add(&session->problems, PROBLEM_MACHINE, directory,
			    "cannot make a journal, so nothing could be undone; nothing was changed");
	} else {
		journal_keep_copy(journal, session->root, directory);
		apply_part(&apply, part, release);
	}
	if (apply.lacks_type1 && apply_has_bound(&apply))
		problem_add(&session->problems, PROBLEM_MACHINE, "vfio_iommu_type1",
			    "cannot load this module; the devices are bound, but no guest starts until it is loaded");
	if (release != NULL)
		release->conclude(&apply);
	else
		apply_conclude(&apply, &session->plan, &session->input);
	apply_free(&apply);
	/* Virtual functions that were released may go now. */
	if (journal->fd >= 0)
		apply_vfs(part, &vfs, release);
}

static bool has_policy_errors(const struct session *session)
{
	return problem_count(&session->problems, PROBLEM_POLICY) > 0;
}

struct report session_report(const struct session *session)
{
	return (struct report){ .command = session->command,
				.inventory = &session->inventory,
				.policy = &session->policy,
				.plan = &session->plan,
				.problems = &session->problems,
				.result = plan_result(&session->plan, has_policy_errors(session)),
				.root = session->root,
				.generator = session->generator,
				.probation = session->efivars >= 0 ? probation_name(session->next.state) : NULL,
				.was_applied = session->was_applied };
}

int session_exit_code(const struct session *session)
{
	return report_exit_code(plan_result(&session->plan, has_policy_errors(session)), has_policy_errors(session));
}

void session_free(struct session *session)
{
	plan_free(&session->plan);
	inventory_free(&session->inventory);
	needs_free(&session->needs);
	record_free(&session->record);
	policy_free(&session->policy);
	switches_free(&session->switches);
	problems_free(&session->problems);
	free(session->stuck);
	util_close_fd(&session->efivars);
}
