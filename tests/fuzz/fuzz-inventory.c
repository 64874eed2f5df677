/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files of a device and of the machine, one part of the input each (split at 0xff), on a root of its own. */
#include "binder/inventory.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/root.h"

#define DEVICE "sys/bus/pci/devices/0000:01:00.0/"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const files[] = {
		DEVICE "uevent",       DEVICE "resource",           DEVICE "boot_vga",
		DEVICE "sriov_numvfs", DEVICE "serial_number",      "proc/iomem",
		"proc/cmdline",        "proc/sys/kernel/osrelease", "sys/kernel/boot_params/data",
	};
	struct policy policy = { 0 };
	struct problems problems = { 0 };
	struct switches switches = { 0 };
	struct inventory inventory;
	int root = fuzz_root();

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		const uint8_t *stop = size > 0 ? memchr(data, 0xff, size) : NULL;
		size_t length = stop != NULL ? (size_t)(stop - data) : size;

		fuzz_write(root, files[i], data, length);
		data += stop != NULL ? length + 1 : length;
		size -= stop != NULL ? length + 1 : length;
	}
	(void)inventory_scan(&inventory, root, &problems);
	inventory_complete(&inventory, root, &policy, true);
	switches_read(&switches, root, true, &problems);
	inventory_free(&inventory);
	switches_free(&switches);
	problems_free(&problems);
	return 0;
}
