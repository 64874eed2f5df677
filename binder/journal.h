/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What was begun and what came of it, written before each step. It is the one channel by which the process that applies
 * a plan tells the next one, if it is killed or dies: what that one gives back and reports is what was written.
 *
 * One line per event: "WORD ADDRESS REASON ERRNO [DRIVER]".
 */
#ifndef VFIOKIT_JOURNAL_H
#define VFIOKIT_JOURNAL_H

#include "binder/plan.h"

enum journal_event {
	JOURNAL_OVERRIDE, /* about to write driver_override; the driver that the device has had until now is named */
	JOURNAL_CLEARED,  /* the override was read back as empty */
	JOURNAL_UNBIND,   /* about to take it from a driver, which is named */
	JOURNAL_UNBOUND,  /* that write, or one of the last two, came back, whatever it said */
	JOURNAL_BIND,     /* about to bind it */
	JOURNAL_DONE,     /* the driver link was read back */
	JOURNAL_STUCK,    /* an unbind did not come back; reason and error as for FAIL */
	JOURNAL_FAIL,     /* did not work; reason says where, error the errno */
	JOURNAL_UNDONE,   /* given back as far as that was possible */
	JOURNAL_PREPARE,  /* about to set an attribute, which is named, with its value before */
	JOURNAL_RESET,    /* about to set it back */
};

struct journal {
	int fd;   /* in memory: a full /run must not cost us the undo */
	int copy; /* the same as a file, for people; -1 if it cannot be */
};

/* Creates an empty journal in memory, which children share. Returns 0 or a negative errno. */
int journal_create(struct journal *journal);

/* Writes what the journal has so far to directory/journal, and from now on goes on there, too, if that can be. */
void journal_keep_copy(struct journal *journal, int root, const char *directory);
void journal_close(struct journal *journal);

/* Has nothing been begun yet? */
bool journal_is_empty(const struct journal *journal);

struct journal_entry {
	enum journal_event event;
	const char *address;
	enum reason reason;
	int error;          /* a negative errno, or 0 */
	const char *driver; /* or attribute and value; "" if the event has none */
};

/* Allocates nothing of ours. */
void journal_write(const struct journal *journal, const struct journal_entry *entry);

/* Calls take() for each line that is whole and makes sense, in order. The strings are valid during the call. */
void journal_read(const struct journal *journal, void (*take)(void *context, const struct journal_entry *entry),
		  void *context);

#endif
