/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "binder/apply_internal.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "binder/console.h"
#include "lib/child.h"
#include "lib/paths.h"

#define PATH_SIZE 192

/* A driver that has not let go of a device after this time hangs (milliseconds). */
#define UNBIND_TIMEOUT 3000
/* Between two tries of a bind that the kernel defers, and for how long one device may do so (milliseconds). */
#define DEFER_PAUSE 50
#define DEFER_TIMEOUT 2000

/* For a write that should take no time, when something is known to hang (milliseconds). */
#define GUARD_TIMEOUT 250

/* What the kernel prints for an empty override (Linux 6.1, 6.12). */
#define OVERRIDE_NONE "(null)"

void apply_prepare(struct apply *apply, struct plan *plan, const struct kernel *kernel, const struct journal *journal,
		   uint64_t deadline)
{
	*apply = (struct apply){ .kernel = kernel, .journal = journal, .deadline = deadline };
	for (size_t i = 0; i < plan->n_entries; i++) {
		struct apply_item *item;

		enum verdict verdict = plan->entries[i].verdict;

		if ((verdict != VERDICT_BIND && verdict != VERDICT_RELEASE) || plan->entries[i].device == NULL ||
		    plan->entries[i].reason == REASON_VFS)
			continue;
		item = util_append(&apply->items, &apply->n_items, sizeof(*item));
		item->entry = &plan->entries[i];
		item->reason = REASON_NONE;
	}
}

void apply_free(struct apply *apply)
{
	free(apply->items);
	*apply = (struct apply){ 0 };
}

static const char *address_of(const struct apply_item *item)
{
	return item->entry->device->address;
}

void apply_note(const struct apply *apply, const struct apply_item *item, enum journal_event event)
{
	const char *driver = event == JOURNAL_UNBIND     ? item->holder
			     : event == JOURNAL_OVERRIDE ? item->entry->device->driver
							 : "";
	const struct journal_entry entry = { event, address_of(item), item->reason, item->error, driver };

	journal_write(apply->journal, &entry);
}

/* Until when a write may take that normally needs no guard: 0 for "unguarded". */
static uint64_t guard_until(const struct apply *apply)
{
	uint64_t limit = child_now() + GUARD_TIMEOUT;

	if (!apply->guards_all)
		return 0;
	return limit < apply->deadline ? limit : apply->deadline;
}

static int write_attribute(const struct apply *apply, const struct apply_item *item, const char *name,
			   const char *value)
{
	char path[PATH_SIZE];

	snprintf(path, sizeof(path), PATH_DEVICES "/%s/%s", address_of(item), name);
	return apply->kernel->write(apply->kernel->context, path, value, guard_until(apply));
}

static int write_driver(const struct apply *apply, const struct apply_item *item, const char *driver, const char *name,
			uint64_t deadline)
{
	char path[PATH_SIZE];

	snprintf(path, sizeof(path), PATH_DRIVERS "/%s/%s", driver, name);
	return apply->kernel->write(apply->kernel->context, path, address_of(item), deadline);
}

static void read_driver(const struct apply *apply, const struct apply_item *item, char driver[static SYSFS_NAME_SIZE])
{
	inventory_read_driver(apply->kernel->root, address_of(item), driver);
}

static int read_override(const struct apply *apply, const struct apply_item *item, char *text, size_t size)
{
	char path[PATH_SIZE];

	snprintf(path, sizeof(path), PATH_DEVICES "/%s/driver_override", address_of(item));
	return sysfs_read(apply->kernel->root, path, text, size);
}

bool apply_has_target(const struct apply *apply, const struct apply_item *item)
{
	char driver[SYSFS_NAME_SIZE];

	read_driver(apply, item, driver);
	return device_same_driver(driver, item->entry->driver);
}

static bool is_driverless(const struct apply *apply, const struct apply_item *item)
{
	char driver[SYSFS_NAME_SIZE];

	read_driver(apply, item, driver);
	return driver[0] == '\0';
}

void apply_set_stuck(struct apply *apply, struct apply_item *item)
{
	item->is_stuck = true;
	item->is_failed = true;
	item->is_done = false;
	item->reason = REASON_STUCK;
	item->error = -ETIMEDOUT;
	apply_note(apply, item, JOURNAL_STUCK);
}

/* Takes the device from the driver that has it. A driver that does not let go makes the item stuck. */
static int unbind(struct apply *apply, struct apply_item *item, const char *driver)
{
	uint64_t limit = child_now() + UNBIND_TIMEOUT;
	int result;

	/* What cannot be seen to its end is not begun: it would look as if the driver hung. */
	if (child_now() >= apply->deadline)
		return -ETIMEDOUT;
	if (limit > apply->deadline)
		limit = apply->deadline;
	(void)util_copy_fixed(item->holder, sizeof(item->holder), driver);
	item->is_in_bind = false;
	apply_note(apply, item, JOURNAL_UNBIND);
	result = write_driver(apply, item, driver, "unbind", limit);
	if (result != -ETIMEDOUT)
		apply_note(apply, item, JOURNAL_UNBOUND);
	/* Somebody was faster, or the driver has no unbind (suppress_bind_attrs): the link tells which. */
	if (result == -ENODEV || result == -ENOENT)
		return is_driverless(apply, item) ? 0 : -EOPNOTSUPP;
	if (result == -ETIMEDOUT)
		apply_set_stuck(apply, item);
	return result;
}

/* Only "\n" clears it; an empty write never arrives. Tried twice: an override left behind keeps every driver away. */
void apply_clear_override(struct apply *apply, struct apply_item *item)
{
	char text[SYSFS_NAME_SIZE];

	for (int i = 0; i < 2 && item->has_override; i++) {
		if (write_attribute(apply, item, "driver_override", "\n") == -ETIMEDOUT && apply->guards_all) {
			apply_set_stuck(apply, item);
			return;
		}
		if (read_override(apply, item, text, sizeof(text)) < 0)
			return;
		item->has_override = text[0] != '\0' && !streq(text, OVERRIDE_NONE);
		if (!item->has_override)
			apply_note(apply, item, JOURNAL_CLEARED);
	}
}

/* Lets the kernel choose a driver again, and insists on the one that it had. */
static void probe_native(struct apply *apply, struct apply_item *item)
{
	const char *native = item->entry->device->driver;

	for (int i = 0; i < 2 && is_driverless(apply, item); i++) {
		(void)apply->kernel->write(apply->kernel->context, PATH_PROBE, address_of(item), guard_until(apply));
		/* Of a release, the driver before was the one that it is taken from. */
		if (native[0] == '\0' || streq(native, item->entry->driver))
			return;
		if (is_driverless(apply, item))
			(void)write_driver(apply, item, native, "bind", guard_until(apply));
	}
}

/* Gives the device back to its native driver, as far as that goes. */
static void undo(struct apply *apply, struct apply_item *item)
{
	char driver[SYSFS_NAME_SIZE];

	if (item->is_stuck || item->is_undone)
		return;
	apply_clear_override(apply, item);
	for (int i = 0; i < 2; i++) {
		read_driver(apply, item, driver);
		if (!device_same_driver(driver, item->entry->driver))
			break;
		(void)unbind(apply, item, driver);
		if (item->is_stuck)
			return;
	}
	if (apply_reset_device(apply, item) == -ETIMEDOUT) {
		apply_set_stuck(apply, item);
		return;
	}
	probe_native(apply, item);
	item->is_undone = true;
	apply_note(apply, item, JOURNAL_UNDONE);
}

void apply_give_back(struct apply *apply, struct apply_item *item)
{
	apply_note(apply, item, JOURNAL_OVERRIDE);
	item->has_override = true;
	undo(apply, item);
}

static void set_failed(struct apply *apply, struct apply_item *item, enum reason reason, int error)
{
	if (item->is_failed)
		return;
	item->is_failed = true;
	item->is_done = false;
	item->reason = reason;
	item->error = error;
	apply_note(apply, item, JOURNAL_FAIL);
}

void apply_fail(struct apply *apply, struct apply_item *item, enum reason reason, int error)
{
	set_failed(apply, item, reason, error);
	undo(apply, item);
	for (size_t i = 0; i < apply->n_items; i++) {
		struct apply_item *other = &apply->items[i];

		if (other == item || other->is_failed ||
		    other->entry->device->iommu_group != item->entry->device->iommu_group)
			continue;
		set_failed(apply, other, REASON_GROUP, 0);
		undo(apply, other);
	}
}

static void set_override(struct apply *apply, struct apply_item *item)
{
	char text[SYSFS_NAME_SIZE];
	int result;

	if (item->is_failed)
		return;
	apply_note(apply, item, JOURNAL_OVERRIDE);
	item->has_override = true;
	result = write_attribute(apply, item, "driver_override", item->entry->driver);
	if (result == 0)
		result = read_override(apply, item, text, sizeof(text));
	if (result == 0 && !streq(text, item->entry->driver))
		result = -EIO;
	if (result < 0)
		apply_fail(apply, item, REASON_PROBE, result);
}

/*
 * A policy or an alias may have named the module; an override takes effect with the driver's own name only. Returns
 * false if there is no such driver by any name.
 */
static bool learn_name(struct apply *apply, size_t index)
{
	char name[SYSFS_NAME_SIZE];

	memcpy(name, apply->items[index].entry->driver, sizeof(name));
	if (!inventory_find_driver(apply->kernel->root, name))
		return false;
	for (size_t i = index; i < apply->n_items; i++) {
		char *driver = apply->items[i].entry->driver;

		if (!device_same_driver(driver, name) || streq(driver, name))
			continue;
		memcpy(driver, name, sizeof(name));
		set_override(apply, &apply->items[i]);
	}
	return true;
}

/* Each driver's module once. A driver that is there already needs none: it may be built in. */
static void load_driver(struct apply *apply, size_t index)
{
	const char *driver = apply->items[index].entry->driver;
	int result;

	for (size_t i = 0; i < index; i++)
		if (!apply->items[i].is_failed && streq(apply->items[i].entry->driver, driver))
			return;
	/* Only a softdep of vfio, which not every image and loader follows; without it no guest can start. */
	if (device_is_vfio_driver(driver)) {
		result = apply->kernel->load(apply->kernel->context, MODULE_TYPE1);
		apply->lacks_type1 |= result < 0;
		if (result < 0)
			journal_write(apply->journal,
				      &(struct journal_entry){ JOURNAL_FAIL, MODULE_TYPE1, REASON_MODULE, result, "" });
	}
	if (learn_name(apply, index))
		return;
	result = apply->kernel->load(apply->kernel->context, driver);
	if (result == 0 && !learn_name(apply, index))
		result = -ENODEV;
	for (size_t i = index; i < apply->n_items && result < 0; i++)
		if (streq(apply->items[i].entry->driver, driver) && !apply->items[i].is_failed)
			apply_fail(apply, &apply->items[i], REASON_MODULE, result);
}

static int bind_with_retries(struct apply *apply, struct apply_item *item)
{
	const struct timespec pause = { .tv_nsec = DEFER_PAUSE * 1000000L };
	uint64_t limit = child_now() + DEFER_TIMEOUT;
	int result;

	if (limit > apply->deadline)
		limit = apply->deadline;
	for (;;) {
		result = write_driver(apply, item, item->entry->driver, "bind", 0);
		/* EAGAIN stands for a deferred probe (drivers/base/bus.c). */
		if (result != -EAGAIN || child_now() + DEFER_PAUSE >= limit)
			return result;
		(void)nanosleep(&pause, NULL);
	}
}

/* A device that does not answer any more is not bound; any other one is, whatever could not be set. */
static void prepare(struct apply *apply, struct apply_item *item)
{
	if (item->is_prepared)
		return;
	item->is_prepared = true;
	if (apply_set_device(apply, item) == -ETIMEDOUT) {
		apply_set_stuck(apply, item);
		apply_fail(apply, item, REASON_STUCK, -ETIMEDOUT);
	}
}

static void bind_item(struct apply *apply, struct apply_item *item)
{
	char driver[SYSFS_NAME_SIZE];
	int result;

	if (item->is_failed)
		return;
	read_driver(apply, item, driver);
	if (driver[0] != '\0' && !device_same_driver(driver, item->entry->driver)) {
		/* A driver that was faster than our override, where the plan said that none is disturbed. */
		if (item->entry->keeps_driver) {
			apply_fail(apply, item, REASON_UNBIND, -EBUSY);
			return;
		}
		result = unbind(apply, item, driver);
		if (result < 0) {
			apply_fail(apply, item, REASON_UNBIND, result);
			return;
		}
		driver[0] = '\0';
	}
	if (driver[0] == '\0') {
		prepare(apply, item);
		if (item->is_failed)
			return;
		item->is_in_bind = true;
		apply_note(apply, item, JOURNAL_BIND);
		result = bind_with_retries(apply, item);
		/* EBUSY may only say that the module's own registration was faster: the link decides. */
		if (!apply_has_target(apply, item)) {
			apply_fail(apply, item, REASON_PROBE, result < 0 ? result : -ENODEV);
			return;
		}
	}
	item->is_done = true;
	apply_note(apply, item, JOURNAL_DONE);
}

/* Last, because a console whose card could not be bound is still wanted. */
void apply_release_framebuffer(const struct apply *apply)
{
	for (size_t i = 0; i < apply->n_items; i++)
		if (apply->items[i].is_done && apply->items[i].entry->device->has_framebuffer)
			console_release(apply->kernel, guard_until(apply));
}

void apply_run(struct apply *apply)
{
	for (size_t i = 0; i < apply->n_items; i++)
		set_override(apply, &apply->items[i]);
	/* The module takes what has no driver as soon as it is there. */
	for (size_t i = 0; i < apply->n_items; i++)
		if (!apply->items[i].is_failed && is_driverless(apply, &apply->items[i]))
			prepare(apply, &apply->items[i]);
	for (size_t i = 0; i < apply->n_items; i++)
		if (!apply->items[i].is_failed)
			load_driver(apply, i);
	for (size_t i = 0; i < apply->n_items; i++)
		bind_item(apply, &apply->items[i]);
	apply_release_framebuffer(apply);
}
