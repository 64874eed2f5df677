/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A machine, its policy and what was planned for it, from a few words of text. */
#ifndef TESTS_UNIT_MACHINE_H
#define TESTS_UNIT_MACHINE_H

#include "binder/journal.h"

/*
 * devices: separated by ";": "ADDRESS CLASS VENDOR:DEVICE GROUP DRIVER [WORD...]", "-" for no group or driver.
 *	Words: boot_vga, console, bridge, vfs=N, sub=V:D, serial=S, path=P, variant=MODULE, late, blind=WHY,
 *	open=WHO, disk-open=WHO, unread (its file "file" could not be read: EACCES), driver-unread, unknown (unread,
 *	and its class is 0000 then, its id 0000:0000).
 *	Lines of the machine itself: "no-iommu", "ignores-denylist", "driver NAME yes|no|unknown" (vfio-pci: yes).
 * policy: the text of bind.conf. cmdline: of the kernel.
 * needs: separated by ";": "storage ADDRESS", "network ADDRESS", "keyboard ADDRESS|elsewhere", "knows-storage",
 *	"knows-keyboards". A keyboard's use is "a keyboard", that of others "in use".
 * record: the text of bind.record.
 * Each may be NULL.
 */
struct machine_text {
	const char *devices, *policy, *cmdline, *needs, *record;
	bool keeps_bound;
};

struct machine {
	struct inventory inventory;
	struct policy policy;
	struct switches switches;
	struct problems problems;
	struct needs needs;
	struct record record;
	struct plan_input input;
	struct plan plan;
};

/* Builds all of it in memory and plans. Free with machine_free(). */
void machine_read(struct machine *machine, const struct machine_text *text);

/* The same for a root, whose policy is this text; as it was before what the journal tells, if that is not NULL. */
void machine_read_root(struct machine *machine, int root, const char *policy, const struct journal *journal);
void machine_free(struct machine *machine);

/* One policy file, read as bind.conf would be. */
void machine_read_policy(struct policy *policy, const char *text, size_t length, const struct switches *switches,
			 struct problems *problems);

/* Reads a device as above, without the inventory. Free it with machine_free_device(). */
void machine_read_device(struct device *device, const char *text);
void machine_free_device(struct device *device);

/*
 * The plan as "ADDRESS VERDICT[ REASON] RULE; ...; = RESULT CODE", without the domain 0000; an absent device is
 * its slot, or "-". Owned by the caller.
 */
char *machine_verdicts(const struct machine *machine);

/* The entry of a device; fails the test and returns the first one if there is none. */
struct plan_entry *machine_entry(const struct machine *machine, const char *address);

/* As the report would show them: "bind", "skip boot-vga". Owned by the caller. */
char *machine_verdict(const struct plan_entry *entry);

#endif
