/* SPDX-License-Identifier: GPL-2.0-or-later */
/* check: each device that is given away. */
#include <stdio.h>

#include "host/check.h"
#include "lib/paths.h"

enum { VENDOR_NVIDIA = 0x10de, CLASS_SERIAL_OTHER = 0x0c80 };

/* A line "0x... 0x... direct"; direct-relaxable is let go for a guest (drivers/iommu/iommu.c). */
static bool has_direct_region(const char *regions)
{
	for (const char *at = strstr(regions, " direct"); at != NULL; at = strstr(at + 1, " direct"))
		if (at[strlen(" direct")] == '\n' || at[strlen(" direct")] == '\0')
			return true;
	return false;
}

static void look_at_region(struct check *check, const struct plan_entry *entry)
{
	char text[SYSFS_VALUE_SIZE];
	cleanup_free char *path = util_format(PATH_GROUPS "/%d/reserved_regions", entry->device->iommu_group);

	if (sysfs_read(check->root, path, text, sizeof(text)) < 0 || !has_direct_region(text))
		return;
	check_add(check, (struct finding){
				 .severity = SEVERITY_ERROR,
				 .name = "reserved-region",
				 .where = util_copy(entry->device->address),
				 .what = util_format("The firmware has reserved memory for group %d (RMRR, '%s').",
						     entry->device->iommu_group, "direct"),
				 .why = "The kernel gives no such device to a guest: the firmware could write to it at "
					"any time.",
				 .todo = util_copy(
					 "Look for an update or a setting of the firmware (HP: conrep; others: legacy "
					 "USB, BMC sharing), or use another slot."),
			 });
}

static void look_at_regions(struct check *check)
{
	check_each_given(check, look_at_region);
}

/* The kernel shows reset_method for what can be reset (5.15 on). One device that has it tells that this one does. */
static bool kernel_shows_resets(const struct check *check)
{
	char text[SYSFS_VALUE_SIZE];

	for (size_t i = 0; i < check->session.inventory.n_devices; i++)
		if (check_read(check, &check->session.inventory.devices[i], "reset_method", text))
			return true;
	return false;
}

static void add_reset(struct check *check, const struct device *device, char *what)
{
	check_add(
		check,
		(struct finding){
			.severity = SEVERITY_WARNING,
			.name = "reset",
			.where = util_copy(device->address),
			.what = what,
			.why = "A guest that is started a second time may find the device as the first one left it, or "
			       "dead until the host boots.",
			.todo = util_copy("Start the guest twice before you rely on it. For some AMD GPUs there is the "
					  "module vendor-reset."),
		});
}

static void look_at_reset(struct check *check, const struct plan_entry *entry)
{
	const struct inventory *inventory = &check->session.inventory;
	char text[SYSFS_VALUE_SIZE];

	if (!check_read(check, entry->device, "reset_method", text) || text[0] == '\0') {
		add_reset(check, entry->device, util_copy("The kernel knows no way to reset it."));
		return;
	}
	if (!streq(text, "bus"))
		return;
	for (size_t i = 0; i < inventory->n_devices; i++) {
		const struct device *other = &inventory->devices[i];

		if (other != entry->device && other->bdf.domain == entry->device->bdf.domain &&
		    other->bdf.bus == entry->device->bdf.bus && !check_is_given(check, other)) {
			add_reset(check, entry->device,
				  util_format("It can only be reset by its bus, on which %s stays with the host.",
					      other->address));
			return;
		}
	}
}

static void look_at_resets(struct check *check)
{
	if (kernel_shows_resets(check))
		check_each_given(check, look_at_reset);
}

static void look_at_power(struct check *check, const struct plan_entry *entry)
{
	char text[SYSFS_VALUE_SIZE];

	if (!check_read(check, entry->device, "power_state", text) || !streq(text, "D3cold") ||
	    !device_is_vfio_driver(entry->device->driver))
		return;
	check_add(check, (struct finding){
				 .severity = SEVERITY_HINT,
				 .name = "d3cold",
				 .where = util_copy(entry->device->address),
				 .what = util_copy("vfio-pci has let it fall asleep without power (D3cold)."),
				 .why = "Some devices do not wake up from that: 'Unable to change power state from "
					"D3cold to D0'.",
				 .todo = util_format(
					 "If the guest cannot start: echo 0 > /sys/bus/pci/devices/%s/d3cold_allowed, "
					 "or options vfio-pci disable_idle_d3=1 in /etc/modprobe.d/vfio.conf.",
					 entry->device->address),
			 });
}

static void look_at_sleep(struct check *check)
{
	check_each_given(check, look_at_power);
}

/* The Type-C port of NVIDIA's cards has two functions: a USB host and its controller, which i2c_nvidia_gpu drives. */
static void look_at_type_c(struct check *check, const struct plan_entry *entry)
{
	const struct inventory *inventory = &check->session.inventory;

	if (entry->device->vendor != VENDOR_NVIDIA || device_subclass(entry->device) != CLASS_SERIAL_USB)
		return;
	for (size_t i = 0; i < inventory->n_devices; i++) {
		const struct device *other = &inventory->devices[i];

		if (!bdf_same_slot(&other->bdf, &entry->device->bdf) || other->vendor != VENDOR_NVIDIA ||
		    device_subclass(other) != CLASS_SERIAL_OTHER || check_is_given(check, other) ||
		    !streq(other->driver, "nvidia-gpu"))
			continue;
		check_add(check,
			  (struct finding){
				  .severity = SEVERITY_WARNING,
				  .name = "type-c",
				  .where = util_copy(other->address),
				  .what = util_format(
					  "i2c_nvidia_gpu holds the Type-C controller of the USB host %s, which "
					  "a guest gets.",
					  entry->device->address),
				  .why = "Both drive one port: the host keeps the card awake or asleep against the "
					 "guest's will, and its timeouts hold up the guest.",
				  .todo = check_advise_rule(check, other),
			  });
	}
}

static void look_at_ports(struct check *check)
{
	check_each_given(check, look_at_type_c);
}

const struct check_item check_device_items[] = {
	{ "memory that the firmware reserved", look_at_regions },
	{ "ways to reset", look_at_resets },
	{ "power states", look_at_sleep },
	{ "Type-C ports of NVIDIA cards", look_at_ports },
	{ NULL, NULL },
};
