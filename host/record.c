/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vfiokit record: what the running system teaches the next boot. */
#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>

#include "binder/initramfs.h"
#include "binder/report.h"
#include "host/commands.h"
#include "host/content.h"
#include "host/record_text.h"
#include "lib/file.h"
#include "lib/paths.h"
#include "lib/root.h"

#define LOCK_TRIES 200
#define LOCK_PAUSE 50         /* milliseconds */
#define SYSFS_KIND 0x62656572 /* linux/magic.h */

struct recording {
	int root;
	struct problems problems;
	struct switches switches;
	struct policy policy;
	struct inventory inventory;
	struct needs needs;
	struct plan plan;
	struct record old;
	cJSON *changes;
};

/*
 * Not of this machine as it runs: a chroot (an image is made for another system, or in a rescue), a container, an
 * initramfs, or no live sysfs. NULL if it is. A folder given by --root is what it is.
 */
static const char *why_not(const struct recording *recording, const struct options *options)
{
	struct stat own, first;
	struct statfs info;

	if (initramfs_is_root(recording->root))
		return "this is an initramfs";
	if (recording->inventory.n_devices == 0)
		return "no PCI device is to be seen (is /sys mounted?)";
	if (recording->inventory.n_unread > 0)
		return "not every PCI function can be read";
	if (needs_why_blind(&recording->needs) != NULL)
		return needs_why_blind(&recording->needs);
	if (!streq(options->root, "/"))
		return NULL;
	if (fstatat(recording->root, PATH_PROC "/1/root", &first, 0) < 0 || fstat(recording->root, &own) < 0)
		return "process 1 shows no root (is this root, and is /proc mounted?)";
	if (first.st_dev != own.st_dev || first.st_ino != own.st_ino)
		return "this is a chroot";
	if (sysfs_exists(recording->root, "run/systemd/container"))
		return "this is a container";
	if (statfs("/" PATH_DEVICES, &info) < 0 || info.f_type != SYSFS_KIND)
		return "no sysfs is mounted on /sys";
	return NULL;
}

/* By the policy alone: neither an old record nor the kernel command line has a say in what is recorded. */
static int look(struct recording *recording, const struct options *options)
{
	struct policy_source source = { recording->root, options->policy };
	/* Not against the old record: whatever is there now is what shall be recorded. */
	const struct record no_record = { 0 };
	struct plan_input input = { &recording->inventory, &recording->policy, &recording->switches,
				    .needs = &needs_unknown, .record = &no_record };
	int result;

	policy_read(&recording->policy, &source, &recording->switches, &recording->problems);
	result = inventory_scan(&recording->inventory, recording->root, &recording->problems);
	if (result < 0)
		return result;
	inventory_complete(&recording->inventory, recording->root, &recording->policy, true);
	needs_scan(&recording->needs, recording->root);
	record_text_add_consoles(&recording->needs, &recording->inventory);
	plan_build(&recording->plan, &input);
	return 0;
}

static void say(struct recording *recording, const struct options *options, const char *address, const char *rule,
		const char *state, const char *text)
{
	cJSON *change = cJSON_CreateObject();

	cJSON_AddStringToObject(change, "address", address);
	cJSON_AddStringToObject(change, "rule", rule);
	cJSON_AddStringToObject(change, "state", state);
	cJSON_AddStringToObject(change, "message", text);
	cJSON_AddItemToArray(recording->changes, change);
	if (!options->json)
		printf("%s: %s (rule %s): %s\n", address, state, rule, text);
}

/* What is not as it was recorded, and what becomes of that. */
static void compare(struct recording *recording, const struct options *options)
{
	for (size_t i = 0; i < recording->plan.n_entries; i++) {
		const struct plan_entry *entry = &recording->plan.entries[i];
		const struct record_device *was;
		cleanup_free char *now = NULL, *old = NULL, *text = NULL;
		enum recorded recorded;

		if (!record_text_wants(entry))
			continue;
		recorded = record_check(&recording->old, entry->rule, entry->device, &was);
		if (recorded == RECORDED_SAME)
			continue;
		now = record_text_identity(entry->device);
		old = was != NULL ? record_text_recorded(was) : NULL;
		text = util_format("%s%s%s%s", now, old != NULL ? "; the record has " : "", old != NULL ? old : "",
				   options->needs ? "; not accepted, 'vfiokit record' does that" : "");
		say(recording, options, entry->device->address, entry->rule->name,
		    recorded == RECORDED_NOT ? "new" : "changed", text);
	}
}

static int finish(struct recording *recording, const struct options *options, const char *wrong, int code)
{
	cJSON *document = cJSON_CreateObject(), *needs;

	if (wrong != NULL)
		fprintf(stderr, "vfiokit: record: %s; the old record stays as it is\n", wrong);
	cJSON_AddNumberToObject(document, "version", 1);
	cJSON_AddStringToObject(document, "command", "record");
	cJSON_AddBoolToObject(document, "written", wrong == NULL);
	cJSON_AddItemToObject(document, "changes", recording->changes);
	needs = cJSON_AddArrayToObject(document, "needs");
	for (size_t i = 0; i < recording->needs.count; i++) {
		const struct need *need = &recording->needs.items[i];
		cJSON *object = cJSON_CreateObject();
		char address[BDF_TEXT_SIZE];

		bdf_format(&need->bdf, address);
		if (need->is_elsewhere)
			cJSON_AddNullToObject(object, "address");
		else
			cJSON_AddStringToObject(object, "address", address);
		cJSON_AddStringToObject(object, "kind", needs_kind_name(need->kind));
		cJSON_AddStringToObject(object, "use", need->use);
		cJSON_AddBoolToObject(object, "certain", !need->is_guess);
		cJSON_AddItemToArray(needs, object);
		if (!options->json && !options->needs && wrong == NULL && need->kind != NEED_DATA)
			printf("%s: %s: %s%s\n", need->is_elsewhere ? "elsewhere" : address,
			       needs_kind_name(need->kind), need->use, need->is_guess ? " (a guess)" : "");
	}
	report_add_errors(document, &recording->problems);
	for (size_t i = 0; i < recording->problems.count && !options->json; i++)
		fprintf(stderr, "%s: %s\n", recording->problems.items[i].where, recording->problems.items[i].message);
	if (options->json)
		report_emit_json(document);
	else
		cJSON_Delete(document);
	plan_free(&recording->plan);
	needs_free(&recording->needs);
	record_free(&recording->old);
	inventory_free(&recording->inventory);
	policy_free(&recording->policy);
	problems_free(&recording->problems);
	return code;
}

/*
 * One at a time, from the look at the machine to the file: the last one to write would undo what others have accepted.
 * Locks the directory, until the descriptor is closed; -ENOENT: there is none yet, and no record in it.
 */
static int lock_records(int root)
{
	const struct timespec pause = { .tv_nsec = LOCK_PAUSE * 1000000L };
	int fd = root_open(root, PATH_POLICY_DIRECTORY, O_RDONLY | O_DIRECTORY, 0), error;

	for (size_t i = 0; fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0; i++) {
		error = errno;
		if ((error != EWOULDBLOCK && error != EINTR) || i == LOCK_TRIES) {
			close(fd);
			return -error;
		}
		(void)nanosleep(&pause, NULL);
	}
	return fd;
}

int command_record(const struct options *options, int root)
{
	struct recording recording = { .root = root,
				       .needs.identify = content_identify,
				       .changes = cJSON_CreateArray() };
	cleanup_close int lock = lock_records(root);
	int result = look(&recording, options);
	const char *wrong = result < 0 ? "the PCI devices cannot be listed" : why_not(&recording, options);
	cleanup_free char *text = NULL;

	/* In a chroot this is no mistake: the build of the image goes on. */
	if (wrong != NULL)
		return finish(&recording, options, wrong, options->needs ? 0 : EXIT_FAILURE);
	if (lock < 0 && lock != -ENOENT)
		return finish(&recording, options, "another one is at work, or the directory cannot be locked",
			      EXIT_FAILURE);
	if (problem_count(&recording.problems, PROBLEM_POLICY) > 0)
		return finish(&recording, options, "the policy has errors", EXIT_USAGE);
	record_read(&recording.old, root, &recording.problems);
	record_locate(&recording.old, &recording.policy, &recording.inventory, root);
	if (options->needs && !recording.old.is_there && sysfs_exists(root, PATH_RECORD))
		return finish(&recording, options, "it cannot be read, and --needs keeps what is in it", EXIT_FAILURE);
	if (options->needs && recording.policy.n_rules == 0 && !recording.old.is_there)
		return finish(&recording, options, NULL, 0); /* nothing is to be bound */
	compare(&recording, options);
	text = record_text(&recording.plan, &recording.inventory, &recording.needs,
			   options->needs ? &recording.old : NULL, root);
	result = file_write_private(root, PATH_RECORD, text, strlen(text));
	if (result < 0) {
		fprintf(stderr, "vfiokit: " PATH_RECORD ": %s\n", strerror(-result));
		return finish(&recording, options, "it cannot be written", EXIT_FAILURE);
	}
	return finish(&recording, options, NULL, 0);
}
