/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "binder/switches.h"

#include <errno.h>

#include "lib/file.h"
#include "lib/parse.h"
#include "lib/paths.h"

/* The kernel's own limit is 2 or 4 KiB; boot configuration may add to it. */
#define CMDLINE_MAX (64 * 1024)

struct word {
	char *name;
	char *value; /* "" if there is no = */
};

/*
 * Takes the next word in place. Quotes may stand around the value or around the whole word; the kernel removes
 * them there and keeps any other.
 */
static bool next_word(char **line, struct word *ret)
{
	char *start = *line + strspn(*line, " \t\n\r"), *c;
	bool quoted = false, opened;

	if (*start == '\0')
		return false;
	opened = *start == '"';
	if (opened) {
		start++;
		quoted = true;
	}
	for (c = start; *c != '\0' && (quoted || strchr(" \t\n\r", *c) == NULL); c++)
		if (*c == '"')
			quoted = !quoted;
	*line = *c == '\0' ? c : c + 1;
	*c = '\0';
	if (opened && c > start && c[-1] == '"')
		*--c = '\0';
	ret->name = start;
	ret->value = strchr(start, '=');
	if (ret->value == NULL) {
		ret->value = c;
		return true;
	}
	*ret->value++ = '\0';
	if (*ret->value == '"') {
		ret->value++;
		if (c > ret->value && c[-1] == '"')
			c[-1] = '\0';
	}
	return true;
}

static bool same_name(const char *a, const char *b)
{
	for (; *a != '\0' && *b != '\0'; a++, b++)
		if ((*a == '-' ? '_' : *a) != (*b == '-' ? '_' : *b))
			return false;
	return *a == *b;
}

static void set_off(struct switches *switches, const char *cause)
{
	switches->off = true;
	if (switches->off_cause == NULL)
		switches->off_cause = cause;
}

/* A mistyped switch of safety must not do less than the user wanted: it switches everything off. */
static void take_switch(struct switches *switches, const char *value, struct problems *problems)
{
	if (streq(value, "on"))
		return;
	if (streq(value, "plan")) {
		switches->plan_only = true;
		return;
	}
	if (!streq(value, "off"))
		problem_add(problems, PROBLEM_POLICY, PATH_CMDLINE, "vfiokit=%.40s means off: expected on, off or plan",
			    value);
	set_off(switches, "vfiokit=off on the kernel command line");
}

static void take_skip(struct switches *switches, char *value, struct problems *problems)
{
	char *word = parse_next_word(&value);

	/* An empty value may have lost its address to a blank. */
	do {
		struct bdf bdf, *item;

		if (word == NULL || !bdf_parse(word, &bdf)) {
			problem_add(problems, PROBLEM_POLICY, PATH_CMDLINE,
				    "vfiokit.skip=%.40s: expected an address such as 0000:06:00.0; "
				    "nothing is bound, because it may mean any device",
				    word != NULL ? word : "");
			set_off(switches, "an unreadable vfiokit.skip= on the kernel command line");
			continue;
		}
		item = util_append(&switches->skip, &switches->n_skip, sizeof(*item));
		*item = bdf;
	} while (word != NULL && (word = parse_next_word(&value)) != NULL);
}

static void take_selector(struct switches *switches, const char *key, char *value, struct problems *problems)
{
	const char *(*add)(struct selectors *, const char *) = streq(key, "id") ? selector_add_id
										: selector_add_address;
	size_t found = 0;
	char *word;

	for (; (word = parse_next_word(&value)) != NULL; found++) {
		const char *expected = add(&switches->selectors, word);

		if (expected == NULL)
			continue;
		switches->is_broken = true;
		problem_add(problems, PROBLEM_POLICY, PATH_CMDLINE,
			    "vfiokit.%s=%.40s: expected %s; the rule 'cmdline' is not used", key, word, expected);
	}
	if (found == 0) {
		switches->is_broken = true;
		problem_add(problems, PROBLEM_POLICY, PATH_CMDLINE,
			    "vfiokit.%s= is empty; the rule 'cmdline' is not used", key);
	}
}

static void take_group(struct switches *switches, const char *value, struct problems *problems)
{
	if ((streq(value, "named") || streq(value, "whole")) &&
	    util_copy_fixed(switches->group, sizeof(switches->group), value))
		return;
	switches->is_broken = true;
	problem_add(problems, PROBLEM_POLICY, PATH_CMDLINE,
		    "vfiokit.group=%.40s: expected named or whole; the rule 'cmdline' is not used", value);
}

static void take_word(struct switches *switches, struct word *word, struct problems *problems)
{
	if (same_name(word->name, "vfiokit.skip"))
		take_skip(switches, word->value, problems);
	else if (same_name(word->name, "vfiokit.id"))
		take_selector(switches, "id", word->value, problems);
	else if (same_name(word->name, "vfiokit.address"))
		take_selector(switches, "address", word->value, problems);
	else if (same_name(word->name, "vfiokit.group"))
		take_group(switches, word->value, problems);
	else if (starts_with(word->name, "vfiokit."))
		problem_add(problems, PROBLEM_POLICY, PATH_CMDLINE,
			    "unknown %.40s=, expected vfiokit.skip, .id, .address or .group; ignored", word->name);
}

void switches_parse(struct switches *switches, const char *text, struct problems *problems)
{
	cleanup_free char *copy = util_copy(text);
	char *line = copy;
	struct word word;
	bool is_ours = true; /* in front of "--" */

	while (next_word(&line, &word)) {
		if (streq(word.name, "--"))
			is_ours = false;
		if (same_name(word.name, "vfiokit"))
			take_switch(switches, word.value, problems);
		else if (is_ours || same_name(word.name, "vfiokit.skip"))
			take_word(switches, &word, problems);
	}
	if (switches->group[0] != '\0' && selectors_empty(&switches->selectors))
		problem_add(
			problems, PROBLEM_POLICY, PATH_CMDLINE,
			"vfiokit.group= selects nothing by itself, expected vfiokit.id= or vfiokit.address= with it; "
			"ignored");
}

void switches_read(struct switches *switches, int root, bool must_exist, struct problems *problems)
{
	cleanup_free char *text = NULL;
	size_t length = 0;
	int result = file_read_start(root, PATH_CMDLINE, CMDLINE_MAX + 1, &text, &length);

	if (result == -ENOENT && !must_exist)
		return;
	if (result < 0) {
		problem_add(problems, PROBLEM_MACHINE, PATH_CMDLINE,
			    "cannot read the kernel command line (%s), so vfiokit=off cannot be ruled out; "
			    "nothing is bound",
			    strerror(-result));
		set_off(switches, "the kernel command line cannot be read");
		return;
	}
	if (length > CMDLINE_MAX) {
		problem_add(problems, PROBLEM_MACHINE, PATH_CMDLINE,
			    "the kernel command line is longer than %d bytes; the rest is ignored", CMDLINE_MAX);
		text[CMDLINE_MAX] = '\0';
	}
	/* A NUL would hide what stands behind it. */
	for (size_t i = 0; i < length; i++)
		if (text[i] == '\0')
			text[i] = ' ';
	switches_parse(switches, text, problems);
}

void switches_free(struct switches *switches)
{
	free(switches->skip);
	selectors_free(&switches->selectors);
	*switches = (struct switches){ 0 };
}
