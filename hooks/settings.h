/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Settings of the kernel carried out, and what they were before: a file in /run, a line each, so that whoever comes
 * next can give everything back.
 *
 *	vfiokit-settings 1
 *	FORMAT PATH FORMER WRITTEN NEXT         FORMAT: irq, mask or word; as in struct setting_record
 */
#ifndef VFIOKIT_HOOKS_SETTINGS_H
#define VFIOKIT_HOOKS_SETTINGS_H

#include <stddef.h>

#include "hooks/setting.h"

struct settings {
	struct setting *items; /* owned */
	size_t count;
	bool is_balanced; /* somebody else moves interrupts as well, also those that are not among these any more */
};

struct setting_records {
	struct setting_record *items; /* owned */
	size_t count;
};

/* A new one, to be filled in; path is copied. */
struct setting *settings_add(struct settings *settings, const char *path, enum setting_format format);
void settings_free(struct settings *settings);

/* What is remembered; nothing if there is no such file. Free it with settings_free_records(). */
void settings_read_records(int root, struct setting_records *ret);
void settings_free_records(struct setting_records *records);

/* That of one file, or NULL. */
struct setting_record *settings_find_record(const struct setting_records *records, const char *path);

/* The text of the file; false if it is none. For tests. */
bool settings_parse_records(struct setting_records *records, const char *text, size_t length);
char *settings_format_records(const struct setting_records *records);

/* The value now, as we write it. NULL if it cannot be read. Owned by the caller. */
char *settings_read(int root, const char *path, enum setting_format format);

/*
 * All CPUs of this clock are offline: it can be neither read nor set, and has the same governor when one of them is
 * back (Linux: show() and store() of drivers/cpufreq/cpufreq.c say EBUSY; cpufreq_policy.last_governor).
 */
bool settings_is_offline(int root, const char *path);

/*
 * Makes each of them what it shall be, reads it back, and gives back those that are remembered and not among them.
 * Takes the lock of the hooks as held. ret_refused: how many interrupts the kernel keeps for itself. Returns 0 if all
 * others are as they should be, or a negative errno; each thing that went wrong was logged.
 */
int settings_apply(int root, const struct settings *settings, size_t *ret_refused);

#endif
