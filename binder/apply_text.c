/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What came of a plan, in words. */
#include <errno.h>

#include "binder/apply.h"

/* Cause and remedy of a module that could not be loaded. */
static const char *explain_load(int error)
{
	switch (-error) {
	case ENOENT:
		return "it is not here, or one that it needs is not; rebuild the initramfs with the vfio modules";
	case ENOEXEC:
		return "it was built for another kernel, or is damaged; rebuild the initramfs for this kernel";
	case ENOSYS:
		return "it is compressed in a way that neither we nor this kernel can read; recompress it";
	case EKEYREJECTED:
		return "the kernel enforces module signatures and rejects this one";
	case EPERM:
		return "not allowed: kernel.modules_disabled, lockdown, or module_blacklist= on the kernel command "
		       "line";
	case EXDEV:
		return "--root is not the running system";
	case ENODEV:
		return "it was loaded, but registers no driver of that name; check driver = in the rule";
	default:
		return strerror(-error);
	}
}

static const char *explain_bind(int error)
{
	switch (-error) {
	case EINVAL:
		return "the driver refused it (Invalid argument); the kernel log says why";
	case EBUSY:
		return "a guest uses its IOMMU group, or it has virtual functions (Device or resource busy)";
	case EAGAIN:
		return "the kernel deferred it until the deadline: something that it depends on is missing";
	case ENODEV:
		return "the driver does not take it, or its override was changed by somebody else (No such device)";
	case EACCES:
	case EPERM:
	case EROFS:
		return "/sys cannot be written (only root may, and not where it is mounted read-only)";
	case ENOENT:
		return "the device or the driver has vanished (No such file or directory)";
	case ETIMEDOUT:
		return "the deadline passed before its turn";
	default:
		return strerror(-error);
	}
}

/* The driver link is gone before the driver's remove() hangs, so what is remembered counts. */
static const char *stuck_on(const struct apply_item *item)
{
	if (item->holder[0] != '\0')
		return item->holder;
	return item->entry->device->driver[0] != '\0' ? item->entry->device->driver : item->entry->driver;
}

/* The end of each message: what has the device now. */
static char *say_holder(const struct apply_item *item, const char *driver)
{
	char buffer[SYSFS_NAME_SIZE + 16];

	if (item->is_stuck)
		return util_format("%s is still busy with it", stuck_on(item));
	return util_copy(plan_holder(driver, buffer, sizeof(buffer)));
}

static char *say_failure(const struct apply_item *item)
{
	const char *driver = item->entry->driver;

	switch (item->reason) {
	case REASON_MODULE:
		return util_format("cannot load the module of %s: %s; given back", driver, explain_load(item->error));
	case REASON_UNBIND:
		return util_format("cannot take it from its driver: %s; given back", strerror(-item->error));
	case REASON_STUCK:
		return util_format("%s did not let go of it (something may have it open); its override stays on %s, "
				   "it is not touched again until the next boot",
				   stuck_on(item), driver);
	case REASON_GROUP:
		return util_format("another device of IOMMU group %d failed, so this one was given back too",
				   item->entry->device->iommu_group);
	default:
		return util_format("cannot bind it to %s: %s; given back", driver, explain_bind(item->error));
	}
}

static void conclude(struct apply_item *item, const struct apply *apply, const struct plan *plan,
		     const struct plan_input *input)
{
	struct plan_entry *entry = item->entry;
	cleanup_free char *remarks = NULL, *text = NULL, *holder = NULL;
	char driver[SYSFS_NAME_SIZE];

	inventory_read_driver(apply->kernel->root, entry->device->address, driver);
	if (item->is_failed || !streq(driver, entry->driver)) {
		entry->verdict = VERDICT_FAIL;
		entry->reason = item->is_failed ? item->reason : REASON_PROBE;
		text = say_failure(item);
	} else {
		text = util_format("bound to %s by rule '%s' (%s)", driver, entry->rule->name, entry->rule->where);
	}
	remarks = plan_remarks(plan, entry, input);
	holder = say_holder(item, driver);
	free(entry->message);
	entry->message = util_format(
		"%s%s%s; %s", text, remarks,
		item->is_failed && item->has_override && !item->is_stuck ? "; its override could not be cleared" : "",
		holder);
}

void apply_conclude(struct apply *apply, const struct plan *plan, const struct plan_input *input)
{
	for (size_t i = 0; i < apply->n_items; i++)
		conclude(&apply->items[i], apply, plan, input);
}
