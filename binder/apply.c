/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "binder/apply.h"

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

#define MODULE_TYPE1 "vfio_iommu_type1"

/* What the kernel prints for an empty override (Linux 6.1, 6.12). */
#define OVERRIDE_NONE "(null)"

void apply_prepare(struct apply *apply, struct plan *plan, const struct kernel *kernel, const struct journal *journal,
		   uint64_t deadline)
{
	*apply = (struct apply){ .kernel = kernel, .journal = journal, .deadline = deadline };
	for (size_t i = 0; i < plan->n_entries; i++) {
		struct apply_item *item;

		enum verdict verdict = plan->entries[i].verdict;

		if ((verdict != VERDICT_BIND && verdict != VERDICT_RELEASE) || plan->entries[i].device == NULL)
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

static void note(const struct apply *apply, const struct apply_item *item, enum journal_event event)
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

static bool has_target(const struct apply *apply, const struct apply_item *item)
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

/* Whoever touches it now may never come back. */
static void set_stuck(struct apply *apply, struct apply_item *item)
{
	item->is_stuck = true;
	item->is_failed = true;
	item->is_done = false;
	item->reason = REASON_STUCK;
	item->error = -ETIMEDOUT;
	note(apply, item, JOURNAL_STUCK);
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
	note(apply, item, JOURNAL_UNBIND);
	result = write_driver(apply, item, driver, "unbind", limit);
	if (result != -ETIMEDOUT)
		note(apply, item, JOURNAL_UNBOUND);
	/* Somebody was faster, or the driver has no unbind (suppress_bind_attrs): the link tells which. */
	if (result == -ENODEV || result == -ENOENT)
		return is_driverless(apply, item) ? 0 : -EOPNOTSUPP;
	if (result == -ETIMEDOUT)
		set_stuck(apply, item);
	return result;
}

/* Only "\n" clears it; an empty write never arrives. Tried twice: an override left behind keeps every driver away. */
static void clear_override(struct apply *apply, struct apply_item *item)
{
	char text[SYSFS_NAME_SIZE];

	for (int i = 0; i < 2 && item->has_override; i++) {
		if (write_attribute(apply, item, "driver_override", "\n") == -ETIMEDOUT && apply->guards_all) {
			set_stuck(apply, item);
			return;
		}
		if (read_override(apply, item, text, sizeof(text)) < 0)
			return;
		item->has_override = text[0] != '\0' && !streq(text, OVERRIDE_NONE);
		if (!item->has_override)
			note(apply, item, JOURNAL_CLEARED);
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
	clear_override(apply, item);
	for (int i = 0; i < 2; i++) {
		read_driver(apply, item, driver);
		if (!device_same_driver(driver, item->entry->driver))
			break;
		(void)unbind(apply, item, driver);
		if (item->is_stuck)
			return;
	}
	probe_native(apply, item);
	item->is_undone = true;
	note(apply, item, JOURNAL_UNDONE);
}

void apply_give_back(struct apply *apply, struct apply_item *item)
{
	note(apply, item, JOURNAL_OVERRIDE);
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
	note(apply, item, JOURNAL_FAIL);
}

/* The device failed: it goes back, and so does every member of its group that this run took or would take. */
static void fail(struct apply *apply, struct apply_item *item, enum reason reason, int error)
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
	note(apply, item, JOURNAL_OVERRIDE);
	item->has_override = true;
	result = write_attribute(apply, item, "driver_override", item->entry->driver);
	if (result == 0)
		result = read_override(apply, item, text, sizeof(text));
	if (result == 0 && !streq(text, item->entry->driver))
		result = -EIO;
	if (result < 0)
		fail(apply, item, REASON_PROBE, result);
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
			fail(apply, &apply->items[i], REASON_MODULE, result);
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
			fail(apply, item, REASON_UNBIND, -EBUSY);
			return;
		}
		result = unbind(apply, item, driver);
		if (result < 0) {
			fail(apply, item, REASON_UNBIND, result);
			return;
		}
		driver[0] = '\0';
	}
	if (driver[0] == '\0') {
		item->is_in_bind = true;
		note(apply, item, JOURNAL_BIND);
		result = bind_with_retries(apply, item);
		/* EBUSY may only say that the module's own registration was faster: the link decides. */
		if (!has_target(apply, item)) {
			fail(apply, item, REASON_PROBE, result < 0 ? result : -ENODEV);
			return;
		}
	}
	item->is_done = true;
	note(apply, item, JOURNAL_DONE);
}

/* Last, because a console whose card could not be bound is still wanted. */
static void release_framebuffer(const struct apply *apply)
{
	for (size_t i = 0; i < apply->n_items; i++)
		if (apply->items[i].is_done && apply->items[i].entry->device->has_framebuffer)
			console_release(apply->kernel, guard_until(apply));
}

void apply_run(struct apply *apply)
{
	for (size_t i = 0; i < apply->n_items; i++)
		set_override(apply, &apply->items[i]);
	for (size_t i = 0; i < apply->n_items; i++)
		if (!apply->items[i].is_failed)
			load_driver(apply, i);
	for (size_t i = 0; i < apply->n_items; i++)
		bind_item(apply, &apply->items[i]);
	release_framebuffer(apply);
}

static struct apply_item *find_item(struct apply *apply, const char *address)
{
	for (size_t i = 0; i < apply->n_items; i++)
		if (streq(address_of(&apply->items[i]), address))
			return &apply->items[i];
	return NULL;
}

static void take_event(void *context, const struct journal_entry *entry)
{
	struct apply *apply = context;
	struct apply_item *item = find_item(apply, entry->address);

	if (item == NULL) {
		apply->lacks_type1 |= streq(entry->address, MODULE_TYPE1);
		return;
	}
	item->is_begun = entry->event == JOURNAL_UNBIND || entry->event == JOURNAL_BIND;
	switch (entry->event) {
	case JOURNAL_OVERRIDE:
		item->has_override = true;
		break;
	case JOURNAL_CLEARED:
		item->has_override = false;
		break;
	case JOURNAL_UNBIND:
		item->is_in_bind = false;
		(void)util_copy_fixed(item->holder, sizeof(item->holder), entry->driver);
		break;
	case JOURNAL_UNBOUND:
		break;
	case JOURNAL_BIND:
		item->is_in_bind = true;
		break;
	case JOURNAL_DONE:
		item->is_done = true;
		break;
	case JOURNAL_STUCK:
		item->is_stuck = true;
		item->is_failed = true;
		break;
	case JOURNAL_FAIL:
		item->is_failed = true;
		item->is_done = false;
		break;
	case JOURNAL_UNDONE:
		item->is_undone = true;
		break;
	}
	if (entry->event == JOURNAL_STUCK || entry->event == JOURNAL_FAIL) {
		item->reason = entry->reason;
		item->error = entry->error;
	}
}

static void rewind_device(void *context, const struct journal_entry *entry)
{
	const struct inventory *inventory = context;

	if (entry->event != JOURNAL_OVERRIDE)
		return;
	for (size_t i = 0; i < inventory->n_devices; i++) {
		struct device *device = &inventory->devices[i];

		if (!streq(device->address, entry->address))
			continue;
		free(device->driver);
		device->driver = util_copy(entry->driver);
		device->is_taken = true;
	}
}

void apply_rewind(struct inventory *inventory, const struct journal *journal)
{
	journal_read(journal, rewind_device, inventory);
}

void apply_load_journal(struct apply *apply)
{
	journal_read(apply->journal, take_event, apply);
	for (size_t i = 0; i < apply->n_items; i++)
		(void)inventory_find_driver(apply->kernel->root, apply->items[i].entry->driver);
}

/*
 * First what the dead process hung on is marked, so that nobody touches it on behalf of its group, and all overrides of
 * unfinished devices go, so that their drivers can have them; the rest may take time that is not there.
 */
void apply_recover(struct apply *apply)
{
	apply->guards_all = true;
	for (size_t i = 0; i < apply->n_items; i++) {
		struct apply_item *item = &apply->items[i];

		if (item->is_begun && item->is_in_bind && has_target(apply, item)) {
			item->is_done = true; /* it was only slow */
			note(apply, item, JOURNAL_DONE);
		} else if (item->is_begun) {
			set_stuck(apply, item);
		}
	}
	for (size_t i = 0; i < apply->n_items; i++)
		if (!apply->items[i].is_done && !apply->items[i].is_stuck)
			clear_override(apply, &apply->items[i]);
	for (size_t i = 0; i < apply->n_items; i++) {
		struct apply_item *item = &apply->items[i];

		if (item->is_failed)
			fail(apply, item, item->reason, item->error);
		else if (!item->is_done)
			fail(apply, item, REASON_PROBE, -ETIMEDOUT);
	}
	release_framebuffer(apply);
}
