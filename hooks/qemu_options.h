/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QEMU's command line as a flat list: which options, and for those with a list of keys each key with its value. Both of
 * QEMU's syntaxes are read, "key=value,key=value" (a comma in a value is doubled) and JSON; keys of JSON objects within
 * others are joined with dots, as in the first ("file.filename").
 */
#ifndef VFIOKIT_HOOKS_QEMU_OPTIONS_H
#define VFIOKIT_HOOKS_QEMU_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

/* Nobody writes more keys; a file of noise might. */
#define QEMU_KEYS_MAX 4096

struct qemu_key {
	size_t option; /* the number of the option that it belongs to */
	char *key;     /* owned */
	char *value;   /* owned; "on" and "off" for JSON's true and false, and for words without a value */
};

struct qemu_option {
	char *name; /* owned; without its dashes; "" for a word that belongs to no option that we know */
	char *text; /* owned; what stands behind it as it is, "" if it takes nothing that we read */
};

struct qemu_options {
	struct qemu_option *items; /* owned */
	size_t count;
	struct qemu_key *keys; /* owned; in the order of the options */
	size_t n_keys;
	char *unclear; /* owned; the first thing that could not be read, as a phrase; NULL: none */
};

/* words: behind the program's name, with a NULL at the end. Free it with qemu_options_free(). */
void qemu_options_read(struct qemu_options *options, const char *const words[]);
void qemu_options_free(struct qemu_options *options);

/* Adds the keys of a JSON object to an option, each behind the prefix. Returns false if it is none. */
bool qemu_options_add_json(struct qemu_options *options, size_t option, const char *prefix, const char *text);

/* Notes what could not be read: only the first is kept. Takes the phrase over. */
void qemu_options_note(struct qemu_options *options, char *phrase);

/* The value of an option's key, or NULL. A key that is given twice: the last one counts. */
const char *qemu_options_value(const struct qemu_options *options, size_t option, const char *key);

#endif
