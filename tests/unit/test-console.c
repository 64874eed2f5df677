/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "binder/console.h"

#include "lib/paths.h"
#include "tests/unit/test.h"

/* BAR 0 of a display device. */
#define RESOURCE "A: resource="
#define FLAGS " 0x42208\\n0x0 0x0 0x0\n"
#define BAR_C RESOURCE "0x00000000c0000000 0x00000000c0ffffff" FLAGS
#define BAR_D RESOURCE "0x00000000d0000000 0x00000000d0ffffff" FLAGS
#define BAR_HIGH RESOURCE "0x00000008c0000000 0x00000008c0ffffff" FLAGS
#define BAR_LOW RESOURCE "0x0 0xffff" FLAGS
#define VGA1 "PCI: 01:00.0 0300 10de:13c2 - - 1\n"
#define VGA2 "PCI: 02:00.0 0300 10de:13c2 - - 2\n"
#define BOOT "A: boot_vga=1\n"
#define NOT_BOOT "A: boot_vga=0\n"
#define IOMEM(name) "F: proc/iomem=c0000000-dfffffff : PCI Bus 0000:00\\n  c0000000-c02fffff : " name "\\n\n"

enum { NO_SCREEN, VESA = 0x23, EFI = 0x70, TEXT_MODE = 0x01 };

/* boot_vga: as the device's own attribute; consoles: addresses without the domain. */
static const struct {
	const char *name, *tree;
	unsigned char type; /* of screen_info */
	uint64_t base;
	const char *consoles;
} cases[] = {
	{ "nothing", "", NO_SCREEN, 0, "" },
	{ "boot_vga", VGA1 BOOT VGA2 NOT_BOOT, NO_SCREEN, 0, "01:00.0" },
	{ "boot_vga of the second", VGA1 NOT_BOOT VGA2 BOOT, NO_SCREEN, 0, "02:00.0" },
	{ "no sign, two screens", VGA1 NOT_BOOT VGA2 NOT_BOOT, NO_SCREEN, 0, "" },
	{ "the only screen", VGA1 NOT_BOOT, NO_SCREEN, 0, "01:00.0" },
	{ "the only screen, of class 0380", "PCI: 01:00.0 0380 8086:1912 - - 1\n", NO_SCREEN, 0, "01:00.0" },
	{ "the only screen beside a 3D controller", VGA1 "PCI: 02:00.0 0302 10de:13c2 - - 2\n", NO_SCREEN, 0,
	  "01:00.0" },
	{ "the only display at all, a 3D controller", "PCI: 02:00.0 0302 10de:13c2 - - 2\n", NO_SCREEN, 0, "02:00.0" },
	{ "two 3D controllers", "PCI: 01:00.0 0302 10de:13c2 - - 1\nPCI: 02:00.0 0302 10de:13c2 - - 2\n", NO_SCREEN, 0,
	  "" },
	{ "the only screen, but another has boot_vga", "PCI: 01:00.0 0001 10de:13c2 - - 1\n" BOOT VGA2, NO_SCREEN, 0,
	  "01:00.0" },
	{ "not a display", "PCI: 01:00.0 0403 10de:0fbb - - 1\n", NO_SCREEN, 0, "" },
	{ "a framebuffer child",
	  VGA1 VGA2 "P: /devices/pci0000:02/0000:02:00.0/efi-framebuffer.0\nE: SUBSYSTEM=platform\n", NO_SCREEN, 0,
	  "02:00.0" },
	{ "a simple-framebuffer child beside boot_vga of the other",
	  VGA1 BOOT VGA2 "P: /devices/pci0000:02/0000:02:00.0/simple-framebuffer.0\nE: SUBSYSTEM=platform\n", NO_SCREEN,
	  0, "01:00.0 02:00.0" },
	{ "EFI framebuffer in a BAR", VGA1 BAR_C VGA2 BAR_D, EFI, 0xd0000000, "02:00.0" },
	{ "VESA framebuffer in a BAR", VGA1 BAR_C VGA2 BAR_D, VESA, 0xc0000000, "01:00.0" },
	{ "in the middle of a BAR", VGA1 BAR_C VGA2 BAR_D, EFI, 0xd0800000, "02:00.0" },
	{ "the last byte of a BAR", VGA1 BAR_C VGA2 BAR_D, EFI, 0xd0ffffff, "02:00.0" },
	{ "behind a BAR", VGA1 BAR_C VGA2 BAR_D, EFI, 0xd1000000, "" },
	{ "above 4 GiB", VGA1 BAR_C VGA2 BAR_HIGH, EFI, 0x8c0000000, "02:00.0" },
	{ "text mode has no framebuffer", VGA1 BAR_C VGA2 BAR_D, TEXT_MODE, 0xd0000000, "" },
	{ "a framebuffer at 0 is none", VGA1 BAR_LOW VGA2 BAR_D, EFI, 0, "" },
	{ "/proc/iomem: efifb", VGA1 BAR_D VGA2 BAR_C IOMEM("efifb"), NO_SCREEN, 0, "02:00.0" },
	{ "/proc/iomem: BOOTFB", VGA1 BAR_D VGA2 BAR_C IOMEM("BOOTFB"), NO_SCREEN, 0, "02:00.0" },
	{ "/proc/iomem: simplefb", VGA1 BAR_D VGA2 BAR_C IOMEM("simplefb"), NO_SCREEN, 0, "02:00.0" },
	{ "/proc/iomem: vesafb", VGA1 BAR_D VGA2 BAR_C IOMEM("vesafb"), NO_SCREEN, 0, "02:00.0" },
	{ "/proc/iomem: something else", VGA1 BAR_D VGA2 BAR_C IOMEM("nouveau"), NO_SCREEN, 0, "" },
	{ "/proc/iomem as users see it", VGA1 BAR_D VGA2 BAR_LOW "F: proc/iomem=00000000-00000000 : efifb\\n\n",
	  NO_SCREEN, 0, "" },
	{ "/proc/iomem of junk", VGA1 BAR_D VGA2 BAR_C "F: proc/iomem=\\n : \\n- : efifb\\nx-y : efifb\\n-\\n\n",
	  NO_SCREEN, 0, "" },
	{ "both signs, on different devices", VGA1 BOOT BAR_C VGA2 BAR_D, EFI, 0xd0000000, "01:00.0 02:00.0" },
};

/* The first bytes of struct boot_params; of the size only that it is not 0 counts. */
static void write_screen_info(int root, unsigned char type, uint64_t base)
{
	char info[64] = { 0 };
	uint32_t low = (uint32_t)base, high = (uint32_t)(base >> 32), size = 0x300000;

	if (type == NO_SCREEN)
		return;
	info[0x0f] = (char)type;
	memcpy(info + 0x18, &low, sizeof(low));
	memcpy(info + 0x1c, &size, sizeof(size));
	info[0x36] = high != 0 ? 2 : 0;
	memcpy(info + 0x3a, &high, sizeof(high));
	test_write_file(root, PATH_SCREEN_INFO, info, sizeof(info));
}

TEST(console_signs)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_free char *tree = util_format("D: sys/kernel/boot_params\n%s", cases[i].tree),
				  *consoles = util_copy("");
		int root = test_root(tree);
		struct problems problems = { 0 };
		struct inventory inventory;

		test_case("%s", cases[i].name);
		write_screen_info(root, cases[i].type, cases[i].base);
		CHECK_INT(inventory_scan(&inventory, root, &problems), 0);
		for (size_t j = 0; j < inventory.n_devices; j++) {
			const struct device *device = &inventory.devices[j];

			CHECK_INT(device->console, device->console_sign != NULL);
			if (device->console)
				test_append(&consoles, "%s%s", consoles[0] != '\0' ? " " : "",
					    device->address + strlen("0000:"));
		}
		CHECK_STR(consoles, cases[i].consoles);
		inventory_free(&inventory);
		problems_free(&problems);
	}
}

/* A screen_info that is cut short says nothing. */
TEST(console_short_screen_info)
{
	for (size_t length = 0; length < 64; length += 7) {
		int root = test_root("D: sys/kernel/boot_params\n" VGA1 BAR_C VGA2 BAR_D);
		struct problems problems = { 0 };
		struct inventory inventory;
		char info[64];

		test_case("%zu bytes", length);
		memset(info, 0x70, sizeof(info));
		test_write_file(root, PATH_SCREEN_INFO, info, length);
		CHECK_INT(inventory_scan(&inventory, root, &problems), 0);
		CHECK_TRUE(!inventory.devices[0].console && !inventory.devices[1].console);
		inventory_free(&inventory);
		problems_free(&problems);
	}
}
