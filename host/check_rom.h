/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vfiokit check --rom ADDRESS...: what is in the option ROMs of these devices. */
#ifndef VFIOKIT_HOST_CHECK_ROM_H
#define VFIOKIT_HOST_CHECK_ROM_H

#include "host/check.h"
#include "host/rom.h"

/* A device that was asked about, and what came of it. */
struct check_rom {
	struct bdf bdf;
	char address[BDF_TEXT_SIZE];
	const char *state; /* static: "efi", "no-efi", "broken", "none", "unreadable", "in-use", "absent" */
	struct rom rom;    /* empty unless it was read */
	char *message;     /* owned; what is good: the rest are findings; NULL otherwise */
};

/*
 * Reads the ROMs of check->roms (their bdf is set), but for those of devices in use, into their state; adds a finding
 * for each that has no EFI image or could not be read. In sysfs each ROM is switched on, read, and switched off again.
 * Returns 0, or the exit code if the devices cannot be listed (said on standard error).
 */
int check_roms(struct check *check);

#endif
