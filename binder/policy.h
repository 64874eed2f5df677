/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The policy: bind.conf, its drop-ins, and the rule that the kernel command line adds. */
#ifndef VFIOKIT_POLICY_H
#define VFIOKIT_POLICY_H

#include <stdint.h>

#include "binder/prepare.h"
#include "binder/selector.h"
#include "binder/switches.h"
#include "lib/problem.h"
#include "lib/sysfs.h"

enum policy_boot_vga { BOOT_VGA_UNSET, BOOT_VGA_EXCLUDE, BOOT_VGA_ALLOW };
enum policy_group { GROUP_UNSET, GROUP_NAMED, GROUP_WHOLE };
enum policy_on_bound { ON_BOUND_UNSET, ON_BOUND_UNBIND, ON_BOUND_SKIP };

/* The word for driver that means: the best variant driver, else vfio-pci. */
#define POLICY_DRIVER_AUTO "auto"
#define POLICY_DRIVER_DEFAULT "vfio-pci"
#define POLICY_DISARM_AFTER_DEFAULT 2

/* What [policy] gives to every rule, and a rule may set for itself. */
struct policy_settings {
	char driver[SYSFS_NAME_SIZE]; /* "" if unset */
	enum policy_boot_vga boot_vga;
	enum policy_group group;
	enum policy_on_bound on_bound;
};

struct rule {
	char *name;  /* owned */
	char *where; /* owned; file:line of its section */
	struct selectors selectors;
	struct policy_settings settings; /* complete once the policy is read */
	struct preparation preparation;
	unsigned int vfs; /* its devices stay on their drivers, and make so many virtual functions; 0: they are bound */
	bool allow_storage, allow_network, allow_last_input;
	bool is_optional;
	bool is_request; /* not of the policy: what a person asks for now (request.h) */
	bool follow;     /* a recorded device that moved is followed */
	bool is_broken;  /* something in it is wrong: it selects nothing */
};

struct policy {
	struct rule *rules; /* owned; in the order in which they are asked */
	size_t n_rules;
	char **files; /* owned, each too; those that were read, relative to the root */
	size_t n_files;
	struct policy_settings defaults; /* of [policy], complete */
	unsigned int disarm_after;       /* boots without success until automatic disarm; 0: never */
	uint64_t digest;                 /* of all that was read: names and contents */
	bool is_unusable;                /* a file could not be read, or [policy] is broken: nothing may be bound */
};

/* What to read. */
struct policy_source {
	int root;         /* directory descriptor */
	const char *file; /* --policy: relative to the caller, without drop-ins; NULL for the root's own */
};

/*
 * Reads the policy and puts the command line's rule in front. A missing bind.conf is an empty policy. An add-on of ours
 * in an initramfs brings its own, which is then the only one.
 * problems: everything that is wrong, with file:line. Never fails: what is wrong binds nothing.
 * policy: free it with policy_free().
 */
void policy_read(struct policy *policy, const struct policy_source *source, const struct switches *switches,
		 struct problems *problems);

/* The same with a text that is no file yet. name: as problems shall show it. */
void policy_read_text(struct policy *policy, const char *text, const char *name, struct problems *problems);
void policy_free(struct policy *policy);

/* The digest as reports hold it, to tell whether two runs read the same policy. */
#define POLICY_DIGEST_SIZE 17
void policy_format_digest(const struct policy *policy, char text[static POLICY_DIGEST_SIZE]);

/* Does a rule that is not broken use this kind of selector? (Some are read only on demand.) */
bool policy_uses_serials(const struct policy *policy);
bool policy_uses_paths(const struct policy *policy);

#endif
