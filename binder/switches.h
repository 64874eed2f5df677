/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel command line: our off switch, and a policy for systems without files. */
#ifndef VFIOKIT_SWITCHES_H
#define VFIOKIT_SWITCHES_H

#include "binder/selector.h"
#include "lib/problem.h"

struct switches {
	bool off;              /* vfiokit=off, or anything that may have meant it */
	bool is_disarmed;      /* off, but not by the command line: automatic disarm */
	bool plan_only;        /* vfiokit=plan */
	const char *off_cause; /* why off is set, in words; static */
	struct bdf *skip;      /* vfiokit.skip=; owned */
	size_t n_skip;
	struct selectors selectors; /* vfiokit.id= and vfiokit.address= */
	char group[8];              /* vfiokit.group=: named, whole, or "" */
	bool is_broken;             /* a value of that rule is wrong: the rule is not used */
};

/*
 * Parses the text of /proc/cmdline by the kernel's own rules (next_arg() in lib/cmdline.c): blanks separate, double
 * quotes protect blanks, - and _ are the same in names, "--" ends the kernel's part. vfiokit= and vfiokit.skip= count
 * behind it as well.
 */
void switches_parse(struct switches *switches, const char *text, struct problems *problems);

/*
 * Reads proc/cmdline under root, at most 64 KiB of it, and parses it. A missing file is an empty line, unless
 * must_exist: then, and when it cannot be read, off is set, because nobody can know what stands in it.
 */
void switches_read(struct switches *switches, int root, bool must_exist, struct problems *problems);
void switches_free(struct switches *switches);

#endif
