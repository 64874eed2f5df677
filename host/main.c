/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vfiokit: the command for people, over the binder's stages. */
#include "host/commands.h"
#include "host/options.h"

/* Addresses behind a command. */
#define WORDS_MAX 64

static const struct command commands[] = {
	{ "list", "show all PCI functions by IOMMU group", command_list, TAKES_LIST, 0 },
	{ "check", "what is wrong with policy, kernel, image and machine, and what to type", command_check, TAKES_ROM,
	  WORDS_MAX },
	{ "record", "note the identity of planned devices, and what this host needs", command_record, TAKES_NEEDS, 0 },
	{ "suggest", "a policy for this machine, or for the devices named, with reasons", command_suggest, TAKES_ASK,
	  WORDS_MAX },
	{ "import", "a policy out of vfio-pci.ids=, modprobe.d, driverctl or Unraid lists", command_import, 0, 0 },
	{ "bind", "give devices to vfio-pci now, with every guard", command_bind,
	  TAKES_DEADLINE | TAKES_OPEN | TAKES_ALLOW, WORDS_MAX },
	{ "release", "give devices back to their own drivers", command_release, TAKES_DEADLINE | TAKES_ALL, WORDS_MAX },
	{ "status", "what was done at this boot, and whether it is still so", command_status_wrapped, 0, 0 },
	{ "image", "what belongs in an initramfs, and add-ons for any of them", command_image, TAKES_IMAGE, 1 },
	{ "arm", "try the policy again after vfiokit has stood down by itself", command_arm, 0, 0 },
	{ "boot-ok", "mark this boot as a success after a login or SECONDS (300); for a service", command_boot_ok, 0,
	  1 },
	{ 0 },
};

static const struct program program = { "vfiokit",
					"Shows the PCI devices of this machine and what vfiokit did with them.",
					commands, host_options };

int main(int argc, char **argv)
{
	return options_main(argc, argv, &program);
}
