/* SPDX-License-Identifier: GPL-2.0-or-later */
/* check: what guests want of the host. */
#include <stdio.h>

#include "host/check.h"
#include "lib/paths.h"

static void look_at_clock(struct check *check)
{
	char text[64];

	if (sysfs_read(check->root, "sys/devices/system/clocksource/clocksource0/current_clocksource", text,
		       sizeof(text)) < 0 ||
	    (!streq(text, "hpet") && !streq(text, "acpi_pm")))
		return;
	check_add(check,
		  (struct finding){
			  .severity = SEVERITY_HINT,
			  .name = "clocksource",
			  .what = util_format("The host's clock is %s, not the processor's (tsc).", text),
			  .why = "Every look at it is slow, and guests then get a slow clock, too: games and audio "
				 "stutter.",
			  .todo = util_copy("journalctl -k -g clocksource tells why tsc was given up; often a firmware "
					    "update helps. If the clock is right: tsc=reliable on the command line."),
		  });
}

static void look_at_msrs(struct check *check)
{
	char text[8];

	if (sysfs_read(check->root, PATH_MODULES "/kvm/parameters/ignore_msrs", text, sizeof(text)) < 0 ||
	    text[0] != 'N')
		return;
	check_add(
		check,
		(struct finding){
			.severity = SEVERITY_HINT,
			.name = "ignore-msrs",
			.what = util_copy("kvm passes unknown registers (MSRs) on to guests as errors."),
			.why = "Windows 10 and 11 stop with a blue screen at some of them, and so do some games and "
			       "tools.",
			.todo = util_copy("If that happens: options kvm ignore_msrs=1 report_ignored_msrs=0, in a file "
					  "of modprobe.d."),
		});
}

static void look_at_selinux(struct check *check)
{
	char enforcing[8], text[16];

	if (sysfs_read(check->root, "sys/fs/selinux/enforce", enforcing, sizeof(enforcing)) < 0 ||
	    enforcing[0] != '1' ||
	    sysfs_read(check->root, "sys/fs/selinux/booleans/virt_use_sysfs", text, sizeof(text)) < 0 || text[0] != '0')
		return;
	check_add(check,
		  (struct finding){
			  .severity = SEVERITY_WARNING,
			  .name = "selinux",
			  .what = util_copy("SELinux keeps guests away from sysfs (virt_use_sysfs is off)."),
			  .why = "QEMU reads a passed-through device's resources there, and the guest does not start.",
			  .todo = util_copy("setsebool -P virt_use_sysfs on"),
		  });
}

const struct check_item check_host_items[] = {
	{ "the clock", look_at_clock },
	{ "registers that guests ask for", look_at_msrs },
	{ "SELinux", look_at_selinux },
	{ NULL, NULL },
};
