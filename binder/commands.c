/* SPDX-License-Identifier: GPL-2.0-or-later */
/* plan, apply and boot: how far each goes along the pipeline, and where its report goes. */
#include "binder/commands.h"

#include <errno.h>
#include <string.h>

#include "binder/session.h"
#include "binder/store.h"
#include "lib/child.h"
#include "lib/log.h"
#include "lib/paths.h"

/* The supervisor of "boot" waits this much longer than the work itself may take (milliseconds). */
#define SUPERVISOR_SHARE 200

int command_plan(const struct options *options, int root)
{
	struct session session;
	struct report report;
	int code;

	session_plan(&session, "plan", options, root, false);
	report = session_report(&session);
	report_emit(&report, options->json);
	code = session_exit_code(&session);
	session_free(&session);
	return code;
}

/* Plans, and applies unless the command line says otherwise. */
static void plan_and_apply(struct session *session, const char *command, const struct options *options, int root,
			   const char *directory, uint64_t deadline)
{
	session_plan(session, command, options, root, true);
	if (!session->switches.plan_only && !session->switches.off)
		session_apply(session, directory, deadline);
}

static void keep(const struct report *report, int root, const char *directory)
{
	int result = store_add(root, directory, report_json(report));

	if (result < 0)
		log_warning("cannot keep the report in %s: %s, ignoring", directory, strerror(-result));
}

static void adopt_earlier(int root)
{
	int result = store_adopt(root);

	if (result < 0)
		log_warning("cannot move the report of the run as PID 1 to " PATH_RUN ": %s, ignoring",
			    strerror(-result));
}

int command_apply(const struct options *options, int root)
{
	uint64_t now = child_now(), deadline = now + options->deadline * 1000;
	int lock = store_lock(root, PATH_RUN, now + (deadline - now) / 2);
	struct session session;
	struct report report;
	int code;

	adopt_earlier(root);
	plan_and_apply(&session, "apply", options, root, PATH_RUN, deadline);
	report = session_report(&session);
	keep(&report, root, PATH_RUN);
	report_emit(&report, options->json);
	code = session_exit_code(&session);
	session_free(&session);
	store_unlock(lock);
	return code;
}

struct boot {
	const struct options *options;
	int root;
	const char *directory;
	uint64_t deadline;
};

static int boot_work(void *context)
{
	const struct boot *boot = context;
	uint64_t now = child_now();
	int lock = store_lock(boot->root, boot->directory, now + (boot->deadline - now) / 4);
	struct session session;
	struct report report;

	if (streq(boot->directory, PATH_RUN))
		adopt_earlier(boot->root);
	plan_and_apply(&session, "boot", boot->options, boot->root, boot->directory, boot->deadline);
	report = session_report(&session);
	report_log(&report);
	keep(&report, boot->root, boot->directory);
	if (boot->options->json)
		report_emit(&report, true);
	session_free(&session);
	store_unlock(lock);
	return 0;
}

void boot_supervised(const struct options *options, int root, const char *directory)
{
	uint64_t end = child_now() + options->deadline * 1000;
	struct boot boot = { options, root, directory, end - SUPERVISOR_SHARE };
	struct child child;
	int result;

	log_setup("vfio-bind", options->verbose, root);
	result = child_start(&child, boot_work, &boot);
	if (result == 0)
		result = child_wait(&child, end);
	if (result == -ETIMEDOUT)
		log_error("boot: gave up after %u s; 'vfio-bind status' shows what holds each device, the boot goes on",
			  options->deadline);
	else if (result != 0)
		log_error("boot: ended unexpectedly (%s); 'vfio-bind status' shows what holds each device, the boot "
			  "goes on",
			  result < 0 ? strerror(-result) : "crashed");
}

int command_boot(const struct options *options, int root)
{
	boot_supervised(options, root, PATH_RUN);
	return 0;
}
