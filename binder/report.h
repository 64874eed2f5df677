/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is told of a plan and of what came of it: lines for people and the kernel log, JSON for programs. */
#ifndef VFIOKIT_REPORT_H
#define VFIOKIT_REPORT_H

#include "binder/plan.h"
#include "lib/problem.h"

struct cJSON;

struct report {
	const char *command; /* "plan", "boot", "apply"; borrowed, as all below */
	const struct inventory *inventory;
	const struct policy *policy;
	const struct plan *plan;
	const struct problems *problems;
	enum result result;
	const char *generator;       /* of the initramfs; NULL if there is none */
	int root;                    /* to read what holds the devices now */
	const char *probation;       /* what it is after this run; NULL if it was not asked */
	bool was_applied;            /* drivers are read again; otherwise the plan tells what would be */
	const struct cJSON *earlier; /* reports of this boot: what they say is not printed again; NULL: all is */
};

/* Exit code of a result: 0, 1 or 3; has_errors: the policy had errors, which makes it 2. */
int report_exit_code(enum result result, bool has_errors);

/* One line per device, then the problems, then a summary; into the log, each with its level. */
void report_log(const struct report *report);

/* The document of `--json`. Owned by the caller: cJSON_Delete(). */
struct cJSON *report_json(const struct report *report);

/* The part of it that describes a device. */
struct cJSON *report_device_json(const struct device *device);

/* Adds the "errors" of a document. */
void report_add_errors(struct cJSON *document, const struct problems *problems);

/* Prints the report on standard output, as lines or as JSON. */
void report_emit(const struct report *report, bool as_json);

/* Prints a document on standard output and deletes it. */
void report_emit_json(struct cJSON *document);

#endif
