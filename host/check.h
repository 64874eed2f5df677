/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vfiokit check: one small function for each finding, in files by subject. Each looks at what was read, or reads a few
 * files, and says what is wrong, why it matters, and what to type. They change nothing; check_rom.h, which is only for
 * who asks for it, switches option ROMs on and off.
 */
#ifndef VFIOKIT_CHECK_H
#define VFIOKIT_CHECK_H

#include "binder/session.h"
#include "host/rivals.h"

enum severity {
	SEVERITY_HINT,    /* could be better */
	SEVERITY_WARNING, /* something will not go as it looks */
	SEVERITY_ERROR,   /* a device that the policy gives away will not come to a guest, or the other way round */
};

struct finding {
	enum severity severity;
	const char *name; /* stable, for programs: "iommu"; static */
	char *where;      /* owned; a device, a file or file:line; NULL if it is about the machine */
	char *what;       /* owned */
	const char *why;  /* static */
	char *todo;       /* owned; what to type, or to do */
};

/* A kernel whose modules and image count: the running one, and the one that the next boot will likely take. */
struct check_kernel {
	char release[SYSFS_NAME_SIZE + 2];
	bool is_running;
	bool has_modules; /* their directory is on disk; it goes when the running kernel's package is upgraded */
};

struct check_rom;

struct check {
	int root;
	const struct options *options;
	struct session session;
	struct rivals rivals;
	struct check_kernel kernels[2];
	size_t n_kernels;
	char *cmdline;            /* owned; of the running kernel; "" if unknown */
	struct finding *findings; /* owned */
	size_t n_findings;
	struct check_rom *roms; /* owned; those that were asked for; see check_rom.h */
	size_t n_roms;
};

/* A row of the tables below: what is looked for, in words, and how. */
struct check_item {
	const char *subject;
	void (*run)(struct check *check);
};

/* Each ends with an item without a subject. */
extern const struct check_item check_policy_items[], check_boot_items[], check_record_items[], check_kernel_items[],
	check_image_items[], check_rival_items[], check_device_items[], check_prepare_items[], check_host_items[];

/* Takes over what is owned in it. */
void check_add(struct check *check, struct finding finding);

/* Does the plan give this device to a guest, or has it been given? */
bool check_is_given(const struct check *check, const struct device *device);

/* Calls back for each device that it gives. */
void check_each_given(struct check *check, void (*look)(struct check *check, const struct plan_entry *entry));

/* Reads an attribute of a device. Returns false, with text empty, if it cannot be. */
bool check_read(const struct check *check, const struct device *device, const char *attribute,
		char text[static SYSFS_VALUE_SIZE]);

/* What to type so that this device, which stays with the host, is given away as well. Owned by the caller. */
char *check_advise_rule(const struct check *check, const struct device *device);

/* Is this word on the command line of the running kernel? */
bool check_has_word(const struct check *check, const char *word);

#endif
