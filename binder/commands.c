/* SPDX-License-Identifier: GPL-2.0-or-later */
/* plan, apply and boot: how far each goes along the pipeline, and where its report goes. */
#include "binder/commands.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <string.h>

#include "binder/late.h"
#include "binder/request.h"
#include "binder/session.h"
#include "binder/store.h"
#include "lib/child.h"
#include "lib/log.h"
#include "lib/paths.h"

int command_plan(const struct options *options, int root)
{
	struct session session;
	struct report report;
	int code;

	session_plan(&session, "plan", options, root, NULL);
	if (options->udev) {
		late_print_properties(&session, &options->device);
		session_free(&session);
		return 0;
	}
	report = session_report(&session);
	report_emit(&report, options->json);
	code = session_exit_code(&session);
	session_free(&session);
	return code;
}

static void keep(const struct report *report, int root, const char *directory)
{
	int result = store_add(root, directory, report_json(report));

	if (result < 0)
		log_warning("cannot keep the report in %s: %s, ignoring", directory, strerror(-result));
}

/* Of a late device that is none of our business nothing is kept: there may be many. */
static bool is_worth_keeping(const struct session *session, const struct options *options)
{
	return !options->has_device || session->plan.n_entries > 0 || session->plan.is_gone;
}

static void adopt_earlier(int root)
{
	int result = store_adopt(root);

	if (result < 0)
		log_warning("cannot move the report of the run as PID 1 to " PATH_RUN ": %s, ignoring",
			    strerror(-result));
}

/* What the processes of a run have in common. */
struct run {
	const char *command;
	const struct options *options;
	int root;
	const char *directory; /* where report and journal go */
	struct journal journal;
	enum session_part part;
	uint64_t deadline; /* of this part */
	bool is_boot;
};

/* Giving back is always allowed. */
static bool is_release(const struct options *options)
{
	return options->request != NULL && options->request->is_release;
}

/* Plans, applies unless the command line says otherwise, and reports. Frees nothing: the process ends here. */
static int work(void *context)
{
	struct run *run = context;
	struct session session;
	struct report report;

	if (run->part == SESSION_APPLY && streq(run->directory, PATH_RUN))
		adopt_earlier(run->root);
	session_plan(&session, run->command, run->options, run->root, &run->journal);
	if (run->part == SESSION_APPLY && !session.switches.plan_only)
		session_note_attempt(&session);
	if (is_release(run->options) || (!session.switches.plan_only && !session.switches.off)) {
		session_apply(&session, run->part, &run->journal, run->directory, run->deadline);
		if (run->options->has_device && run->part == SESSION_APPLY)
			late_give_back(&session, &run->options->device, run->deadline);
	}
	report = session_report(&session);
	report.earlier = run->options->quiet ? store_read(run->root) : NULL;
	if (run->is_boot)
		report_log(&report);
	if (is_worth_keeping(&session, run->options))
		keep(&report, run->root, run->directory);
	if (!run->is_boot || run->options->json)
		report_emit(&report, run->options->json);
	return session_exit_code(&session);
}

/* Of the time that there is, in percent: until when each part has to end. */
static const unsigned int shares[] = { [SESSION_APPLY] = 75, [SESSION_RECOVER] = 95, [SESSION_TELL] = 100 };

/*
 * Runs it in a child. If that one dies or hangs after it has begun to change something, a second one gives back what it
 * left, and if that ends no better, a third one only tells. Returns an exit code, or a negative errno.
 */
static int supervise(struct run *run, uint64_t end)
{
	uint64_t start = child_now(), left = end > start ? end - start : 0;
	struct child child;
	bool is_started = false;
	int result = 0;

	for (size_t i = 0; i < ARRAY_SIZE(shares); i++) {
		run->part = (enum session_part)i;
		run->deadline = start + left * shares[i] / 100;
		result = child_start(&child, work, run);
		is_started = result == 0;
		if (is_started)
			result = child_wait(&child, run->deadline);
		if (result >= 0 || journal_is_empty(&run->journal))
			break;
		log_error("%s the plan %s%s", run->part == SESSION_APPLY ? "applying" : "undoing",
			  result == -ETIMEDOUT ? "did not end in time" : "ended unexpectedly",
			  run->part == SESSION_APPLY ? "; giving back what is not finished" : "");
	}
	if (result == -ETIMEDOUT)
		log_error("%s: gave up after %u s; 'vfio-bind status' shows what holds each device", run->command,
			  run->options->deadline);
	else if (!is_started && journal_is_empty(&run->journal))
		log_error("%s: cannot start a process: %s; nothing was changed", run->command, strerror(-result));
	else if (result < 0)
		log_error("%s: ended unexpectedly (%s); 'vfio-bind status' shows what holds each device", run->command,
			  result == -ECHILD ? "crashed" : strerror(-result));
	return result;
}

/* lock_share: how much of the time may go by with waiting for another run, as its reciprocal. */
static int run_supervised(struct run *run, unsigned int lock_share)
{
	uint64_t now = child_now(), time = run->options->deadline * 1000;
	struct store_lock lock;
	int result;

	store_lock(&lock, run->root, run->directory, now + time / lock_share);
	(void)journal_create(&run->journal); /* without one, nothing will be done */
	result = supervise(run, now + time);
	journal_close(&run->journal);
	store_unlock(&lock);
	return result;
}

int command_apply(const struct options *options, int root)
{
	return request_supervised("apply", options, root);
}

int request_supervised(const char *command, const struct options *options, int root)
{
	struct run run = { .command = command, .options = options, .root = root, .directory = PATH_RUN };
	int result = run_supervised(&run, 2);

	return result < 0 ? EXIT_FAILURE : result;
}

void boot_supervised(const struct options *options, int root, const char *directory)
{
	struct run run = {
		.command = "boot", .options = options, .root = root, .directory = directory, .is_boot = true
	};

	log_setup("vfio-bind", options->verbose, root);
	(void)run_supervised(&run, 4);
}

int command_boot(const struct options *options, int root)
{
	boot_supervised(options, root, PATH_RUN);
	return 0;
}
