/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What came of a plan, in words. */
#include <errno.h>

#include "binder/apply_internal.h"
#include "binder/console.h"

/* So it is with simpledrm. QEMU then fails with "BAR 0: can't reserve". */
#define FRAMEBUFFER_STAYS                                                                                              \
	"; the firmware's framebuffer keeps its memory (/proc/iomem), so no guest can use it: boot with "              \
	"initcall_blacklist=sysfb_init, and look again"

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
static char *say_stuck(const struct apply_item *item)
{
	const char *stays = item->has_override ? "; its override stays" : "";

	if (item->is_in_bind)
		return util_format("binding it to %s did not come back%s; it is not touched again until the next boot",
				   item->entry->driver, stays);
	if (item->holder[0] == '\0')
		return util_format("the kernel did not answer for it%s; it is not touched again until the next boot",
				   stays);
	return util_format("%s did not let go of it (something may have it open)%s; "
			   "it is not touched again until the next boot",
			   item->holder, stays);
}

static char *say_failure(const struct apply_item *item)
{
	const char *driver = item->entry->driver;

	switch (item->reason) {
	case REASON_MODULE:
		return util_format("cannot load the module of %s: %s", driver, explain_load(item->error));
	case REASON_UNBIND:
		if (item->entry->keeps_driver)
			return util_copy("a native driver took it meanwhile, and may keep it");
		return util_format("cannot take it from its driver: %s", strerror(-item->error));
	case REASON_STUCK:
		return say_stuck(item);
	case REASON_GROUP:
		return util_format("another device of IOMMU group %d failed", item->entry->device->iommu_group);
	case REASON_NONE:
		return util_copy("nothing was tried, because the work was cut short");
	default:
		return util_format("cannot bind it to %s: %s", driver, explain_bind(item->error));
	}
}

/* Is the host as it was before? */
static const char *say_undo(const struct apply_item *item, const char *driver)
{
	const char *native = item->entry->device->driver;

	if (item->is_stuck)
		return "";
	if (item->has_override)
		return "; its override could not be cleared";
	if (item->reason == REASON_NONE)
		return "";
	if (device_same_driver(driver, item->entry->driver))
		return "; it could not be taken back";
	if (driver[0] == '\0' && native[0] != '\0')
		return "; its own driver did not take it back";
	return "; given back";
}

/* The end of each message: what has the device now. */
static char *say_holder(const struct apply_item *item, const char *driver)
{
	char buffer[SYSFS_NAME_SIZE + 16];

	if (item->is_stuck)
		return util_format("%s is still busy with it", item->is_in_bind          ? item->entry->driver
							       : item->holder[0] == '\0' ? "the kernel"
											 : item->holder);
	return util_copy(plan_holder(driver, buffer, sizeof(buffer)));
}

static void conclude(struct apply_item *item, const struct apply *apply, const struct plan *plan,
		     const struct plan_input *input)
{
	struct plan_entry *entry = item->entry;
	cleanup_free char *remarks = NULL, *text = NULL, *holder = NULL, *set = NULL;
	const char *undo = "";
	char driver[SYSFS_NAME_SIZE];

	inventory_read_driver(apply->kernel->root, entry->device->address, driver);
	if (!inventory_has(apply->kernel->root, entry->device->address)) {
		entry->verdict = VERDICT_FAIL;
		entry->reason = REASON_PROBE;
		text = util_copy(
			"it was removed meanwhile (No such device), so there is nothing to bind or to give back");
	} else if (item->is_failed || !device_same_driver(driver, entry->driver)) {
		entry->verdict = VERDICT_FAIL;
		entry->reason = item->is_failed ? item->reason : REASON_PROBE;
		text = say_failure(item);
		undo = say_undo(item, driver);
		set = apply_say_reset(apply, item);
	} else {
		text = util_format("bound to %s by rule '%s' (%s)%s", driver, entry->rule->name, entry->rule->where,
				   entry->device->has_framebuffer &&
						   console_keeps_memory(apply->kernel->root, entry->device->address)
					   ? FRAMEBUFFER_STAYS
					   : "");
		set = apply_say_set(apply, item);
	}
	apply_keep_changes(apply, item);
	remarks = plan_remarks(plan, entry, input);
	holder = say_holder(item, driver);
	free(entry->message);
	entry->message = util_format("%s%s%s%s; %s", text, undo, set != NULL ? set : "", remarks, holder);
}

bool apply_has_bound(const struct apply *apply)
{
	for (size_t i = 0; i < apply->n_items; i++)
		if (apply->items[i].is_done)
			return true;
	return false;
}

void apply_conclude(struct apply *apply, const struct plan *plan, const struct plan_input *input)
{
	for (size_t i = 0; i < apply->n_items; i++)
		conclude(&apply->items[i], apply, plan, input);
}
