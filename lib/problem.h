/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What went wrong and where: collected while reading, shown once by the report. */
#ifndef VFIOKIT_PROBLEM_H
#define VFIOKIT_PROBLEM_H

#include "lib/util.h"

enum problem_kind {
	PROBLEM_POLICY,  /* the policy or the kernel command line is wrong: exit code 2 */
	PROBLEM_MACHINE, /* the machine showed something odd: a line in the report, no exit code of its own */
};

struct problem {
	enum problem_kind kind;
	char *where;   /* file:line, or the file or device; owned */
	char *message; /* owned */
};

struct problems {
	struct problem *items; /* owned */
	size_t count;
	size_t left_out;                    /* found after the list was full */
	size_t counts[PROBLEM_MACHINE + 1]; /* of each kind, those left out included */
};

/* A file of noise must not fill the memory or the log. */
#define PROBLEMS_MAX 50

void problem_add(struct problems *problems, enum problem_kind kind, const char *where, const char *format, ...)
	PRINTF_LIKE(4, 5);
size_t problem_count(const struct problems *problems, enum problem_kind kind);
void problems_free(struct problems *problems);

#endif
