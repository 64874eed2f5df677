/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who has a device open: by names on a tree; by numbers, on a real procfs, in tests/vm. */
#include "binder/holders.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "binder/nodes.h"
#include "lib/file.h"
#include "tests/unit/test.h"

#define DIR_1 "/devices/pci0000:01/0000:01:00.0"
#define CARD(driver) "PCI: 01:00.0 0403 10de:0fbb - " driver " 1\n"
#define NODE(path, name, subsystem, dev)                                                                               \
	"P: " DIR_1 "/" path "\nE: SUBSYSTEM=" subsystem "\nE: DEVNAME=" name "\nA: dev=" dev "\n"
#define SOUND CARD("snd_hda_intel") NODE("sound/card0/controlC0", "snd/controlC0", "sound", "116:5")
#define INPUT CARD("xhci_hcd") NODE("usb1/input/input3/event3", "input/event3", "input", "13:67")
#define SCREEN CARD("bochs-drm") NODE("graphics/fb0", "fb0", "graphics", "29:0")
#define FBCON(bind)                                                                                                    \
	"F: sys/class/vtconsole/vtcon1/name=(M) frame buffer device\\n\nF: sys/class/vtconsole/vtcon1/bind=" bind      \
	"\\n\n"
#define HEAD "/devices/virtual/nvme-subsystem/nvme-subsys0"
#define NVME CARD("nvme") "P: " DIR_1 "/nvme/nvme0/nvme0c0n1\nE: SUBSYSTEM=block\n"
#define SUBSYSTEM(slot)                                                                                                \
	"P: " HEAD "\nE: SUBSYSTEM=nvme-subsystem\nL: nvme0=../../../pci0000:01/" slot "/nvme/nvme0\nP: " HEAD         \
	"/nvme0n1\nE: SUBSYSTEM=block\nE: DEVNAME=nvme0n1\nA: dev=259:0\n"
#define NAMED(text) "F: proc/7/comm=" text "\\n\n"
#define P7 NAMED("seven") "F: proc/7/maps=\nD: proc/7/fd\n"

/* 7 has its descriptor 3 on the link; expected: what is said of 01:00.0. */
static const struct {
	const char *name, *tree, *link, *expected;
} cases[] = {
	{ "nobody", SOUND P7, NULL, "" },
	{ "something else", SOUND P7, "/dev/snd/controlC1", "" },
	{ "one", SOUND P7, "/dev/snd/controlC0", "seven (pid 7) has /dev/snd/controlC0 open" },
	{ "a node that was removed", SOUND P7, "/dev/snd/controlC0 (deleted)",
	  "seven (pid 7) has /dev/snd/controlC0 open" },
	{ "a longer name", SOUND P7, "/dev/snd/controlC01", "" },
	{ "a name for a terminal", SOUND "F: proc/7/comm=\\x1b[2J\\n\nF: proc/7/maps=\nD: proc/7/fd\n",
	  "/dev/snd/controlC0", "?[2J (pid 7) has /dev/snd/controlC0 open" },
	{ "a mapping",
	  SOUND NAMED("seven") "D: proc/7/fd\nF: proc/7/maps=7f00-7f01 rw-s 0 00:06 1 /dev/snd/controlC0\\n\n", NULL,
	  "seven (pid 7) has /dev/snd/controlC0 open" },
	{ "descriptor and mapping are one",
	  SOUND NAMED("seven") "D: proc/7/fd\nF: proc/7/maps=7f00-7f01 rw-s 0 00:06 1 /dev/snd/controlC0\\n\n",
	  "/dev/snd/controlC0", "seven (pid 7) has /dev/snd/controlC0 open" },
	{ "no proc", SOUND, NULL, "what processes have open cannot be read: No such file or directory" },
	{ "no process", SOUND "D: proc\n", NULL, "no process can be seen, so nobody knows who has it open" },
	{ "no proc, but no nodes either", CARD("foo"), NULL, "" },
	{ "files that cannot be listed", SOUND NAMED("seven") "F: proc/7/fd=\n", NULL,
	  "what seven (pid 7) has open cannot be read: Not a directory" },
	{ "a node whose name cannot be read",
	  CARD("snd_hda_intel") P7 "F: sys" DIR_1 "/sound/dev=116:5\nD: sys" DIR_1 "/sound/uevent\n", NULL,
	  "which nodes it has cannot be read: sys/bus/pci/devices/0000:01:00.0/sound/uevent: Is a directory" },
	{ "a subsystem that cannot be listed", SOUND P7 "F: sys/class/nvme-subsystem=x\n", NULL,
	  "which nodes it has cannot be read: sys/class/nvme-subsystem: Not a directory" },
	{ "consoles that cannot be listed", SCREEN P7 "F: sys/class/vtconsole=x\nD: sys/class/graphics/fb0\n", NULL,
	  "which nodes it has cannot be read: sys/class/vtconsole: Not a directory" },
	{ "a disk with another controller's paths, too", NVME SUBSYSTEM("0000:01:00.0") P7, "/dev/nvme0n1",
	  "seven (pid 7) has /dev/nvme0n1 open" },
	{ "a disk on other controllers", NVME SUBSYSTEM("0000:02:00.0") P7, "/dev/nvme0n1", "" },
	{ "input is taken back by the kernel", INPUT P7, "/dev/input/event3", "" },
	{ "the text console", SCREEN P7 FBCON("1") "D: sys/class/graphics/fb0\n", NULL,
	  "the text console is on its framebuffer" },
	{ "the text console was taken off", SCREEN P7 FBCON("0") "D: sys/class/graphics/fb0\n", NULL, "" },
	{ "the text console is elsewhere",
	  CARD("bochs-drm") NODE("graphics/fb1", "fb1", "graphics", "29:1")
		  P7 FBCON("1") "D: sys/class/graphics/fb0\nF: proc/cmdline=quiet\\n\n",
	  NULL, "" },
	{ "the text console may be anywhere",
	  CARD("bochs-drm") NODE("graphics/fb1", "fb1", "graphics", "29:1")
		  P7 FBCON("1") "D: sys/class/graphics/fb0\nF: proc/cmdline=fbcon=map:1\\n\n",
	  NULL, "the text console is on its framebuffer" },
	{ "nvidia, unknown number", CARD("nvidia") P7, "/dev/nvidia3", "seven (pid 7) has /dev/nvidia open" },
	{ "nvidia, its own",
	  CARD("nvidia") P7 "F: proc/driver/nvidia/gpus/0000:01:00.0/information=Model: x\\nDevice Minor: \t 3\\n\n",
	  "/dev/nvidia3", "seven (pid 7) has /dev/nvidia3 open" },
	{ "nvidia, another one",
	  CARD("nvidia") P7 "F: proc/driver/nvidia/gpus/0000:01:00.0/information=Device Minor: 1\\n\n", "/dev/nvidia3",
	  "" },
	{ "a group", CARD("vfio-pci") P7, "/dev/vfio/1", "seven (pid 7) has /dev/vfio/1 open" },
	{ "another group", CARD("vfio-pci") P7, "/dev/vfio/12", "" },
	{ "a device of a group that nobody knows", CARD("vfio-pci") P7, "anon_inode:[vfio-device]",
	  "seven (pid 7) has /dev/vfio/? open" },
};

TEST(holders)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int root = test_root(cases[i].tree);
		struct problems problems = { 0 };
		struct inventory inventory;
		cleanup_free char *text = NULL;
		const bool asked[] = { true };

		test_case("%s", cases[i].name);
		if (cases[i].link != NULL)
			CHECK_INT(symlinkat(cases[i].link, root, "proc/7/fd/3"), 0);
		CHECK_INT(inventory_scan(&inventory, root, &problems), 0);
		inventory_complete(&inventory, root, &(struct policy){ 0 }, true);
		CHECK_INT(inventory.n_devices, 1);
		holders_mark(&inventory, root, asked);
		text = holders_text(&inventory.devices[0]);
		CHECK_STR(text, cases[i].expected);
		inventory_free(&inventory);
		problems_free(&problems);
	}
}

/* A device that is not asked about costs nothing and gets nothing. */
TEST(holders_not_asked)
{
	int root = test_root(SOUND);
	struct problems problems = { 0 };
	struct inventory inventory;
	const bool asked[] = { false };

	CHECK_INT(inventory_scan(&inventory, root, &problems), 0);
	holders_mark(&inventory, root, asked);
	CHECK_INT(inventory.devices[0].n_holders, 0);
	inventory_free(&inventory);
	problems_free(&problems);
}

/* The list ends somewhere, the count does not. */
TEST(holders_many)
{
	struct device device = { 0 };
	cleanup_free char *text = NULL;

	for (int i = 1; i <= 10; i++)
		(void)holders_add(&device, i, NULL, NULL, util_format("h%d", i));
	text = holders_text(&device);
	CHECK_STR(text, "h1, h2, h3, h4, h5, h6, h7, h8 and 2 more");
	holders_free(&device);
	CHECK_INT(device.n_holders, 0);
}
