/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What units had before guests took CPUs, and what we gave them: a file in /run, a line each, so that whoever comes
 * next can give everything back.
 *
 *	vfiokit-cpus 1
 *	UNIT FORMER WRITTEN NEXT        lists of CPUs, - for none; as in struct unit_record
 */
#ifndef VFIOKIT_HOOKS_RECORDS_H
#define VFIOKIT_HOOKS_RECORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "hooks/isolation.h"

struct unit_records {
	struct unit_record *items; /* owned */
	size_t count;
};

/* None if there is no such file. Free them with records_free(). */
void records_read(int root, struct unit_records *ret);
void records_free(struct unit_records *records);

/* Writes the file, or removes it if there is no record. Returns 0 or a negative errno. */
int records_write(int root, const struct unit_records *records);

/* That of a unit, or NULL. */
struct unit_record *records_find(const struct unit_records *records, const char *unit);
void records_drop(struct unit_records *records, const char *unit);

/* The text of the file; false if it is none. For tests. */
bool records_parse(struct unit_records *records, const char *text, size_t length);
char *records_format(const struct unit_records *records);

#endif
