/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "binder/session.h"

#include <errno.h>

#include "binder/apply.h"
#include "binder/initramfs.h"
#include "binder/store.h"
#include "lib/child.h"
#include "lib/file.h"
#include "lib/log.h"
#include "lib/paths.h"

/* Of the time that is left, in percent: until when the plan is applied, and until when what is not finished is undone.
 */
#define SHARE_TO_APPLY 75
#define SHARE_TO_UNDO 95

void session_plan(struct session *session, const char *command, const struct options *options, int root,
		  bool will_apply)
{
	struct policy_source source = { root, options->policy };
	int result;

	*session = (struct session){ .command = command, .root = root };
	switches_read(&session->switches, root, will_apply, &session->problems);
	policy_read(&session->policy, &source, &session->switches, &session->problems);
	result = inventory_scan(&session->inventory, root, &session->problems);
	if (result < 0)
		problem_add(&session->problems, PROBLEM_MACHINE, PATH_DEVICES,
			    "cannot list the PCI devices: %s (is /sys mounted?); nothing was changed",
			    strerror(-result));
	if (options->kernel != NULL)
		(void)util_copy_fixed(session->inventory.release, sizeof(session->inventory.release), options->kernel);
	inventory_complete(&session->inventory, root, &session->policy, false);
	log_debug("%zu functions, %zu rules from %zu files, %s IOMMU, vfio-pci %s", session->inventory.n_devices,
		  session->policy.n_rules, session->policy.n_files, session->inventory.has_iommu ? "with" : "no",
		  inventory_driver(&session->inventory, POLICY_DRIVER_DEFAULT) == KNOWN_NO ? "missing" : "not missing");
	session->input = (struct plan_input){ .inventory = &session->inventory,
					      .policy = &session->policy,
					      .switches = &session->switches,
					      .needs = &needs_unknown,
					      .keeps_bound = will_apply && !initramfs_is_root(root) };
	if (session->inventory.has_vfio_ids)
		problem_add(&session->problems, PROBLEM_MACHINE, "vfio-pci",
			    "ids= is set for it in modprobe.d or on the kernel command line; it is not passed on, "
			    "because it "
			    "cannot tell twin cards apart: the policy alone names devices");
	session->stuck = store_stuck(root, &session->input.n_stuck);
	session->input.stuck = session->stuck;
	plan_build(&session->plan, &session->input);
	plan_explain(&session->plan, &session->input);
	if (session->switches.plan_only)
		session->command = "plan";
	session->generator = will_apply ? initramfs_generator(root) : NULL;
}

static int run_apply(void *context)
{
	apply_run(context);
	return 0;
}

static int run_recovery(void *context)
{
	apply_load_journal(context);
	apply_recover(context);
	return 0;
}

/* Runs the plan in a child; if that one is killed or dies, a second one gives back what it left. */
static void run_in_children(struct apply *apply, uint64_t deadline)
{
	uint64_t now = child_now(), left = deadline > now ? deadline - now : 0;
	struct child child;
	int result;

	apply->deadline = now + left * SHARE_TO_APPLY / 100;
	result = child_start(&child, run_apply, apply);
	if (result < 0) {
		log_error("cannot start a process to apply the plan: %s; nothing was changed", strerror(-result));
		return;
	}
	result = child_wait(&child, apply->deadline);
	if (result == 0)
		return;
	log_error("applying the plan %s; giving back what is not finished",
		  result == -ETIMEDOUT ? "did not end in time" : "ended unexpectedly");
	apply->deadline = now + left * SHARE_TO_UNDO / 100;
	if (child_start(&child, run_recovery, apply) < 0 || child_wait(&child, apply->deadline) != 0)
		log_error("giving back did not end in time either; 'status' shows what holds each device");
}

void session_apply(struct session *session, const char *directory, uint64_t deadline)
{
	struct kernel_context context = { session->root, session->inventory.modules };
	struct kernel kernel = kernel_real(&context);
	struct journal journal = { -1, -1 };
	struct apply apply;

	session->was_applied = true;
	apply_prepare(&apply, &session->plan, &kernel, &journal, 0);
	if (apply.n_items == 0)
		return;
	if (journal_create(&journal, session->root, directory) < 0) {
		problem_add(&session->problems, PROBLEM_MACHINE, directory,
			    "cannot make a journal, so nothing could be undone; nothing was changed");
	} else {
		run_in_children(&apply, deadline);
		apply_load_journal(&apply);
	}
	if (apply.lacks_type1 && apply_has_bound(&apply))
		problem_add(&session->problems, PROBLEM_MACHINE, "vfio_iommu_type1",
			    "cannot load this module; the devices are bound, but no guest starts until it is loaded");
	apply_conclude(&apply, &session->plan, &session->input);
	apply_free(&apply);
	journal_close(&journal);
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
	policy_free(&session->policy);
	switches_free(&session->switches);
	problems_free(&session->problems);
	free(session->stuck);
}
