/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What shall happen to which device, and why. plan_build() is a pure function: no I/O, no clock, no environment; the
 * same inputs give the same plan. A dry run prints it and stops there.
 */
#ifndef VFIOKIT_PLAN_H
#define VFIOKIT_PLAN_H

#include "binder/inventory.h"
#include "binder/needs.h"
#include "binder/policy.h"
#include "binder/record.h"
#include "binder/switches.h"

enum verdict { VERDICT_BIND, VERDICT_BOUND, VERDICT_SKIP, VERDICT_REFUSE, VERDICT_FAIL, VERDICT_RELEASE };

/* In order of precedence: where several hold, the first is given. The last ones come from applying. */
enum reason {
	REASON_CMDLINE,
	REASON_IDENTITY,
	REASON_BRIDGE,
	REASON_VFS,     /* it stays on its own driver, to make virtual functions */
	REASON_CONSOLE, /* shown as boot-vga where the policy excluded it */
	REASON_NO_IOMMU,
	REASON_DENYLIST,
	REASON_HAS_VFS,
	REASON_BOUND,
	REASON_STORAGE,
	REASON_NETWORK,
	REASON_LAST_INPUT,
	REASON_ON_BOUND,
	REASON_OPEN,
	REASON_NO_DRIVER,
	REASON_GROUP,
	REASON_NOT_BOUND, /* of a release: no VFIO driver has it */
	REASON_ABSENT,
	REASON_MODULE,
	REASON_UNBIND,
	REASON_STUCK,
	REASON_PROBE,
	REASON_NONE,
};

struct plan_entry {
	const struct device *device;     /* borrowed from the inventory; NULL if nothing is there */
	const struct rule *rule;         /* borrowed from the policy */
	const struct rule *also;         /* the next rule that matches it and lost; NULL if none */
	enum match match;                /* MATCH_NONE: pulled in by its group */
	bool is_boot_vga;                /* REASON_CONSOLE as the policy wants it: skipped, not refused */
	bool is_disarmed;                /* REASON_CMDLINE, but it is automatic disarm that left it alone */
	bool is_companion;               /* a function of such a card: does not count against its group */
	unsigned int reasons;            /* a bit for each reason that holds */
	const char *wrong_key;           /* for REASON_IDENTITY by the policy */
	const struct record_device *was; /* for REASON_IDENTITY by the record, or what was followed here; borrowed */
	const struct device *unread;     /* for REASON_GROUP: what could not be read, this one or a mate; borrowed */
	const char *use;                 /* for storage, network and last-input: what is known, or NULL */
	const char *console_use;         /* what made it the console's when the record was made, or NULL */
	bool is_in_use;                  /* for storage: refused whatever the rule allows */
	char *absent;                    /* owned; address or path that is missing, NULL for a rule without a slot */
	bool absent_is_path;
	const struct rule *next_boot; /* of a release: the rule that takes it again; NULL if none */

	char driver[SYSFS_NAME_SIZE]; /* the one that it shall get */
	bool keeps_driver;            /* never to be taken from a native driver, even one that comes meanwhile */
	enum verdict verdict;
	enum reason reason;
	struct prepare_change *changes; /* owned; what was set on it before the bind, or set back */
	size_t n_changes;
	char *message; /* owned; one sentence that ends with what holds the device now */
};

enum result { RESULT_OK, RESULT_PARTIAL, RESULT_ERROR, RESULT_NOTHING, RESULT_OFF };

struct plan_input {
	const struct inventory *inventory;
	const struct policy *policy;
	const struct switches *switches;
	const struct needs *needs;
	const struct record *record; /* may be empty */
	bool ignores_open;           /* what is open is taken all the same */
	bool keeps_bound;            /* a running system: never unbind what a native driver holds */
	const struct bdf *stuck;     /* borrowed; devices that hung an earlier run of this boot */
	size_t n_stuck;
};

struct plan {
	struct plan_entry *entries; /* owned; in order of address, those without one last */
	size_t n_entries;
	bool is_unusable; /* the policy cannot be trusted as a whole */
	bool no_vfio;     /* no IOMMU, or no vfio-pci to be had */
	bool is_off;
	bool is_disarmed; /* off, and automatic disarm is why */
	bool is_gone;     /* the one device that was asked for is not there */
};

void plan_build(struct plan *plan, const struct plan_input *input);
void plan_free(struct plan *plan);

/* Frees what the entry owns. */
void plan_free_entry(struct plan_entry *entry);

/* Leaves only what concerns this device: its card and its IOMMU group. */
void plan_narrow(struct plan *plan, const struct inventory *inventory, const struct bdf *bdf);

/* NULL if the plan has nothing about it. */
const struct plan_entry *plan_find(const struct plan *plan, const struct bdf *bdf);

/*
 * Sums up the verdicts as they are now. has_errors: the policy had errors.
 */
enum result plan_result(const struct plan *plan, bool has_errors);

/* Names as users see them: "bind", "boot-vga", "partial". NULL for REASON_NONE. */
const char *plan_verdict_name(enum verdict verdict);
const char *plan_reason_name(const struct plan_entry *entry);
const char *plan_result_name(enum result result);

/* Writes every entry's message, as of a plan that was not applied. */
void plan_explain(struct plan *plan, const struct plan_input *input);

/*
 * What a bind leaves to say: members of the group that will stay on a host driver, and a later rule that lost. Returns
 * "" or text that begins with "; ", owned by the caller.
 */
char *plan_remarks(const struct plan *plan, const struct plan_entry *entry, const struct plan_input *input);

/* "held by X" or "no driver holds it". The buffer is the caller's. */
const char *plan_holder(const char *driver, char *buffer, size_t size);

#endif
