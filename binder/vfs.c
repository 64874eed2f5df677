/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "binder/vfs_internal.h"

#include <errno.h>
#include <stdio.h>

#include "lib/child.h"
#include "lib/paths.h"

#define PATH_SIZE 128

bool vfs_is_planned(const struct plan_entry *entry)
{
	return entry->device != NULL && entry->reason == REASON_VFS &&
	       (entry->verdict == VERDICT_SKIP || entry->verdict == VERDICT_RELEASE);
}

bool vfs_are_planned(const struct plan *plan)
{
	for (size_t i = 0; i < plan->n_entries; i++)
		if (vfs_is_planned(&plan->entries[i]))
			return true;
	return false;
}

void vfs_conclude(const struct vfs_work *work, struct plan_entry *entry, enum verdict verdict, char *text)
{
	char driver[SYSFS_NAME_SIZE], holder[SYSFS_NAME_SIZE + 16];

	inventory_read_driver(work->kernel->root, entry->device->address, driver);
	entry->verdict = verdict;
	free(entry->message);
	entry->message = util_format("%s; %s", text, plan_holder(driver, holder, sizeof(holder)));
	free(text);
}

void vfs_conclude_stuck(struct plan_entry *entry)
{
	entry->verdict = VERDICT_FAIL;
	entry->reason = REASON_STUCK;
	free(entry->message);
	entry->message = util_format(
		"its driver did not finish with its virtual functions; it is not touched again until "
		"the next boot; %s is still busy with it",
		entry->device->driver);
}

static void note(const struct vfs_work *work, const struct plan_entry *entry, enum journal_event event,
		 const char *text)
{
	journal_write(work->journal, &(struct journal_entry){ event, entry->device->address, REASON_NONE, 0, text });
}

int vfs_write(const struct vfs_work *work, struct plan_entry *entry, enum prepare_step step, const char *value)
{
	struct prepare_change *change;
	char path[PATH_SIZE], text[SYSFS_NAME_SIZE], before[PREPARE_VALUE_SIZE];
	int result = prepare_read(work->kernel->root, entry->device->address, step, before);

	if (result < 0 || streq(before, value))
		return result;
	if (child_now() >= work->deadline)
		return -ETIME;
	change = util_append(&entry->changes, &entry->n_changes, sizeof(*change));
	change->step = step;
	memcpy(change->before, before, sizeof(before));
	snprintf(path, sizeof(path), PATH_DEVICES "/%s/%s", entry->device->address, prepare_attribute(step));
	snprintf(text, sizeof(text), "%s %.15s", prepare_attribute(step), before);
	note(work, entry, JOURNAL_PREPARE, text);
	result = work->kernel->write(work->kernel->context, path, value, work->deadline);
	if (result == -ETIMEDOUT)
		return result;
	note(work, entry, JOURNAL_UNBOUND, "");
	if (prepare_read(work->kernel->root, entry->device->address, step, change->now) == 0 &&
	    streq(change->now, value))
		return 0;
	return result < 0 ? result : -EIO;
}

int vfs_read(const struct vfs_work *work, const struct plan_entry *entry)
{
	char path[PATH_SIZE];
	uint64_t count;
	int result;

	snprintf(path, sizeof(path), PATH_DEVICES "/%s/sriov_numvfs", entry->device->address);
	result = sysfs_read_number(work->kernel->root, path, &count);
	return result < 0 ? result : (int)(count & UINT16_MAX);
}

static char *say_failure(int error)
{
	switch (-error) {
	case ENOENT:
		return util_copy("its driver makes none, or the device has none (no SR-IOV)");
	case ERANGE:
		return util_copy("those are more than it can have (sriov_totalvfs)");
	case EBUSY:
		return util_copy("it has other ones already; set its sriov_numvfs to 0 first");
	case ETIME:
		return util_copy("the deadline passed before its turn");
	default:
		return util_copy(strerror(-error));
	}
}

static void fail(const struct vfs_work *work, struct plan_entry *entry, int error)
{
	cleanup_free char *why = say_failure(error);

	vfs_conclude(work, entry, VERDICT_FAIL,
		     util_format("cannot make the %u virtual functions of rule '%s' (%s): %s", entry->rule->vfs,
				 entry->rule->name, entry->rule->where, why));
}

static void tell_done(const struct vfs_work *work, struct plan_entry *entry)
{
	vfs_conclude(work, entry, VERDICT_SKIP,
		     util_format("its %u virtual functions are there, by rule '%s' (%s)", entry->rule->vfs,
				 entry->rule->name, entry->rule->where));
}

/* Tried twice: it would keep drivers from virtual functions that others make. */
static void allow_probing(const struct vfs_work *work, struct plan_entry *entry)
{
	for (int i = 0; i < 2; i++)
		(void)vfs_write(work, entry, PREPARE_AUTOPROBE, "1");
}

static void make(const struct vfs_work *work, struct plan_entry *entry)
{
	char count[16];
	bool was_probing = false;
	int result;

	/* Who asks for more than one change at once gets EBUSY from the kernel, too (sriov_numvfs_store()). */
	result = entry->device->vfs != 0 ? -EBUSY : vfs_write(work, entry, PREPARE_AUTOPROBE, "0");
	was_probing = entry->n_changes > 0;
	snprintf(count, sizeof(count), "%u", entry->rule->vfs);
	if (result == 0)
		result = vfs_write(work, entry, PREPARE_NUMVFS, count);
	if (result == -ETIMEDOUT) {
		vfs_conclude_stuck(entry);
		return;
	}
	if (result == 0) {
		tell_done(work, entry);
		return;
	}
	if (was_probing)
		allow_probing(work, entry);
	fail(work, entry, result);
}

void vfs_make(const struct vfs_work *work)
{
	for (size_t i = 0; i < work->plan->n_entries; i++) {
		struct plan_entry *entry = &work->plan->entries[i];

		if (!vfs_is_planned(entry))
			continue;
		if (entry->device->driver[0] == '\0' || device_is_vfio_driver(entry->device->driver))
			continue; /* the plan says so */
		if (entry->device->vfs == entry->rule->vfs)
			tell_done(work, entry);
		else
			make(work, entry);
	}
}

struct half_done {
	const char *address;
	bool is_begun, was_probing;
};

static void take_event(void *context, const struct journal_entry *entry)
{
	struct half_done *half = context;

	if (!streq(entry->address, half->address))
		return;
	half->is_begun = entry->event == JOURNAL_PREPARE;
	half->was_probing |= half->is_begun && streq(entry->driver, "sriov_drivers_autoprobe 1");
}

static void recover(const struct vfs_work *work, struct plan_entry *entry, const struct half_done *half, bool may_write)
{
	int now = vfs_read(work, entry);

	if (entry->verdict == VERDICT_RELEASE) {
		vfs_conclude(work, entry, now == 0 ? VERDICT_RELEASE : VERDICT_FAIL,
			     util_format("%d of its virtual functions are there; the work was cut short", now));
	} else if (now == (int)entry->rule->vfs) {
		tell_done(work, entry);
	} else {
		if (half->was_probing && may_write)
			allow_probing(work, entry);
		fail(work, entry, -ETIME);
	}
}

void vfs_recover(const struct vfs_work *work, bool may_write)
{
	for (size_t i = 0; i < work->plan->n_entries; i++) {
		struct plan_entry *entry = &work->plan->entries[i];
		struct half_done half = { .address = entry->device != NULL ? entry->device->address : "" };

		if (!vfs_is_planned(entry) || entry->device->driver[0] == '\0' ||
		    device_is_vfio_driver(entry->device->driver))
			continue;
		journal_read(work->journal, take_event, &half);
		if (half.is_begun)
			vfs_conclude_stuck(entry);
		else
			recover(work, entry, &half, may_write);
	}
}
