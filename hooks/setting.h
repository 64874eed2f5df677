/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One setting of the kernel that is changed while guests run, as a file with one value: decided without touching
 * anything. What it was is remembered once, in front of the first change; it gets that back when no guest wants
 * anything of it any more, unless somebody else has changed it meanwhile.
 */
#ifndef VFIOKIT_HOOKS_SETTING_H
#define VFIOKIT_HOOKS_SETTING_H

#include <stdbool.h>

#include "lib/cpulist.h"

/*
 * How the kernel writes the value: a list of CPUs, a mask of CPUs, or a word. We write CPUs as lists everywhere else.
 * The list is that of an interrupt. Others move interrupts as well (irqbalance, the kernel when a processor goes): one
 * that keeps away from the guests' CPUs is as it should be, whoever has moved it; and the kernel keeps some for itself.
 */
enum setting_format { SETTING_IRQ, SETTING_MASK, SETTING_WORD };

struct setting {
	char *path; /* owned; relative to the root */
	enum setting_format format;
	bool is_wanted;       /* false: it shall be what it was */
	bool is_balanced;     /* (an interrupt) somebody else sees to it, too: what that makes of it is no failure */
	struct cpulist away;  /* CPUs that it shall not have (a list or a mask) */
	struct cpulist spare; /* what the host keeps: it gets that if none of these would be left */
	struct cpulist online, near; /* (an interrupt) of its node, none if that is not known: see setting_born() */
	const char *word;            /* what it shall be (a word); not owned */
};

/* What was done to one, as remembered in /run until it is given back. Values as we write them; all are owned. */
struct setting_record {
	char *path;
	enum setting_format format;
	char *former;  /* before us */
	char *written; /* from us */
	char *next;    /* what we were about to write: if we were killed then, it may have either */
};

enum setting_step {
	SETTING_NONE,    /* it is as it should be */
	SETTING_WRITE,   /* write value */
	SETTING_DROP,    /* it is what it was before us: forget the record */
	SETTING_FORGET,  /* somebody else has changed it: leave it, and forget what it was */
	SETTING_FOREIGN, /* the same, but guests still want it: leave it, and remember that it is not ours */
};

struct setting_decision {
	enum setting_step step;
	char *value; /* owned; with SETTING_WRITE */
};

/* What the kernel says, as we write it; NULL if that is no such value, or no CPU. Owned by the caller. And back again.
 */
char *setting_parse(enum setting_format format, const char *text);
char *setting_format(enum setting_format format, const char *value);

/*
 * What an interrupt that nobody remembers had before us, if it was requested while new ones began where we said; else
 * what it has. born: where new ones begin, as remembered. Of that the kernel gives one the CPUs that are online, and of
 * these those of its node if there is any (Linux: irq_setup_affinity() in kernel/irq/manage.c). Owned by the caller.
 */
char *setting_born(const struct setting *setting, const char *current, const struct setting_record *born);

/* What to do. current: its value now, by setting_parse(); record: what we remember of it, or NULL. */
void setting_decide(const struct setting *setting, const char *current, const struct setting_record *record,
		    struct setting_decision *ret);

#endif
