/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a rule sets on its devices before they are bound: attributes of the PCI core that a guest's use of the device
 * depends on, and that no driver resets. Here is what is wanted, in words and in the kernel's values; apply writes it.
 */
#ifndef VFIOKIT_PREPARE_H
#define VFIOKIT_PREPARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The memory ranges of a function (PCI_STD_NUM_BARS). */
#define PREPARE_BARS 6

/* In the order in which they are set; undone in the other one. */
enum prepare_step {
	PREPARE_D3COLD,
	PREPARE_BAR,
	PREPARE_RESET_METHOD = PREPARE_BAR + PREPARE_BARS, /* one step for each BAR before it */
	PREPARE_STEPS,
	/* Of a device that is not bound: only named here. */
	PREPARE_AUTOPROBE = PREPARE_STEPS,
	PREPARE_NUMVFS,
};

/* All methods that Linux knows (pci_reset_fn_methods in drivers/pci/pci.c, 6.13), with blanks between them. */
#define PREPARE_VALUE_SIZE 48

/* Of a rule. All zero: nothing is touched. */
struct preparation {
	bool no_d3cold;
	uint8_t bars[PREPARE_BARS];            /* 0, or one more than the kernel's word for the size: 2^N MiB */
	char reset_method[PREPARE_VALUE_SIZE]; /* as the kernel shows it: words with one blank between them */
};

/* One attribute of one device that was set, or that shall be set back. */
struct prepared {
	bool is_changed; /* about to be written, or written: before is what it was */
	int error;       /* negative errno, if it could not be set; 0 also if nothing was tried */
	char before[PREPARE_VALUE_SIZE];
};

/* The same for the report. */
struct prepare_change {
	enum prepare_step step;
	char before[PREPARE_VALUE_SIZE], now[PREPARE_VALUE_SIZE];
};

/* From a policy's value, which is cut. Each returns NULL, or what was expected. */
const char *prepare_parse_d3cold(struct preparation *preparation, char *value);
const char *prepare_parse_reset_method(struct preparation *preparation, char *value);
const char *prepare_parse_bars(struct preparation *preparation, char *value);

/* The attribute's name in the device's directory. */
const char *prepare_attribute(enum prepare_step step);

/* The step of that attribute; PREPARE_STEPS if there is none. */
enum prepare_step prepare_find(const char *attribute);

/* Does the rule want it? value: what is to be written, and read back. */
bool prepare_wants(const struct preparation *preparation, enum prepare_step step,
		   char value[static PREPARE_VALUE_SIZE]);

/* How people call it: "BAR 0", or the attribute. */
#define PREPARE_NAME_SIZE 16
const char *prepare_name(enum prepare_step step, char name[static PREPARE_NAME_SIZE]);

/* A value of it in words: a BAR's "13" is "8G". */
const char *prepare_value(enum prepare_step step, const char *value, char words[static PREPARE_VALUE_SIZE]);

/*
 * Can a BAR have that size? Asks the device, and so wakes it (pci_rebar_get_possible_sizes(), Linux 6.1). Of the other
 * steps only the kernel knows, and says so when they are written.
 */
bool prepare_offers(int root, const char *address, enum prepare_step step, const char *value);

/* "256M 512M 1G": the sizes that a BAR can have. Owned by the caller. */
char *prepare_sizes(int root, const char *address, enum prepare_step step);

/* Reads what the device has now. Returns 0 or a negative errno: -ENOENT if it has no such attribute. */
int prepare_read(int root, const char *address, enum prepare_step step, char value[static PREPARE_VALUE_SIZE]);

/* "d3cold_allowed to 0, BAR 0 to 8G": all that the rule wants, or "". Owned by the caller. */
char *prepare_words(const struct preparation *preparation);

#endif
