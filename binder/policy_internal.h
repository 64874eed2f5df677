/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between policy_files.c, which finds the files, and policy.c, which reads their lines. */
#ifndef VFIOKIT_POLICY_INTERNAL_H
#define VFIOKIT_POLICY_INTERNAL_H

#include "binder/policy.h"
#include "lib/ini.h"

enum policy_section { SECTION_NONE, SECTION_POLICY, SECTION_RULE };

struct policy_loader {
	struct policy *policy;
	struct problems *problems;
	struct policy_settings defaults; /* what [policy] said so far */
	unsigned int file_number;        /* 1 for the first file */
	unsigned int policy_in_file;     /* the file in which [policy] stood last */
	unsigned int *file_of_rule;      /* owned; by index of policy->rules: the file that wrote it */
	size_t n_stamps;
	enum policy_section section; /* where we stand */
	size_t rule;                 /* index, in SECTION_RULE */
	bool has_too_many;           /* rules; said once */
	unsigned int seen_keys;      /* of this section: bits by index of the key table */
};

/* Reads one file's text. name: as problems shall show it. */
void policy_parse(struct policy_loader *loader, const char *text, size_t length, const char *name);

/* After the last file: checks rules, puts the command line's in front, fills in what they left unset. */
void policy_finish(struct policy_loader *loader, const struct switches *switches);

#endif
