/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The record: what 'vfiokit record' wrote on the running system for boots to come. Which device each rule had, and what
 * the host needs. Its text format is vfiokit-bind.record(5).
 */
#ifndef VFIOKIT_RECORD_H
#define VFIOKIT_RECORD_H

#include "binder/needs.h"

#define RECORD_VERSION 1

/* One function as it was. */
struct record_function {
	struct bdf bdf;
	char *path; /* owned; bus-number-free */
	uint16_t vendor, device, subvendor, subdevice;
	const struct device *home; /* of the host's: what record_locate() found in its place; NULL if nothing */
	bool is_twin;              /* of the host's: it could be taken for a recorded device that has moved */
};

struct record_device {
	struct record_function was;
	char *rule;     /* owned */
	char *revision; /* owned; for people, not compared; NULL if not recorded */
	char *serial;   /* owned; NULL if the kernel showed none */
	uint32_t class;
	const struct device *found; /* where it is now; NULL if nowhere, or if several could be it */
};

struct record_need {
	size_t function; /* index in functions */
	struct need need;
};

struct record {
	struct record_device *devices; /* owned */
	size_t n_devices;
	struct record_function *functions; /* owned; the host's: what it needs, and twins */
	size_t n_functions;
	struct record_need *needs; /* owned */
	size_t n_needs;
	bool is_there;  /* a file was read, and all of it was right */
	bool is_unread; /* a file could not be read: no device of a rule is known to be the one that it had */
	bool knows_storage, knows_keyboards;
	bool knows_twins; /* else nobody can tell what has moved from what was there all along */
};

/*
 * Reads the root's record; in an image with our add-on, that one's. What is wrong is added to problems with file:line;
 * then no identity is compared, and of the needs what could be read holds. If the file cannot be read, nothing is the
 * recorded device, except for a user who may not read it, and may change nothing. Free it with record_free().
 */
void record_read(struct record *record, int root, struct problems *problems);
void record_parse(struct record *record, const char *text, size_t length, const char *file, struct problems *problems);
void record_free(struct record *record);

/*
 * Looks for what was recorded among the devices there are (paths and serial numbers are read where they matter), and
 * marks those that a rule with follow = yes is to follow. One that is not in its place is found only if a single device
 * can be it, that device can be no other recorded one, and nothing of its kind was in that place before.
 */
void record_locate(struct record *record, const struct policy *policy, struct inventory *inventory, int root);

/*
 * Adds the recorded needs for the functions as they are now. What is not in its place counts wherever the same kind of
 * device is. Keyboards only if they are not known better.
 */
void record_add_needs(const struct record *record, const struct inventory *inventory, struct needs *needs);

/* What the record says of a device that a rule selects, or that its group pulls in. */
enum recorded {
	RECORDED_NOT,   /* nothing of this rule */
	RECORDED_SAME,  /* the one that it had */
	RECORDED_OTHER, /* another one */
};

/* ret_was: on RECORDED_OTHER, the entry to compare it with; NULL if the record could not be read. */
enum recorded record_check(const struct record *record, const struct rule *rule, const struct device *device,
			   const struct record_device **ret_was);

/* The entry by which a rule with follow = yes has this device now though no selector names it; NULL if none. */
const struct record_device *record_followed(const struct record *record, const struct rule *rule,
					    const struct device *device);

/* Did this rule follow the device that was here, so that its slot counts no more? */
bool record_has_left(const struct record *record, const struct rule *rule, const struct bdf *bdf, const char *path);

#endif
