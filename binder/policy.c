/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From lines to rules. Which files there are, and in which order, is policy_files.c's business; what a selector
 * looks like is selector.c's.
 */
#include "binder/policy.h"

#include <stdio.h>

#include "binder/policy_internal.h"
#include "lib/parse.h"

#define RULE_PREFIX "device "
#define CMDLINE_RULE "cmdline"

/* Nobody waits that long for a machine to give up. */
#define DISARM_AFTER_MAX 100

/* No person writes more rules; a file of noise might. */
#define RULES_MAX 1000

/* Each returns NULL, or what was expected. value may be cut. */
typedef const char *set_value(struct policy_loader *loader, struct rule *rule, char *value);

static struct policy_settings *settings_of(struct policy_loader *loader, struct rule *rule)
{
	return rule != NULL ? &rule->settings : &loader->defaults;
}

static const char *set_driver(struct policy_loader *loader, struct rule *rule, char *value)
{
	struct policy_settings *settings = settings_of(loader, rule);

	if (value[0] == '\0' ||
	    strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") != strlen(value) ||
	    !util_copy_fixed(settings->driver, sizeof(settings->driver), value))
		return "vfio-pci, auto, or the name of one driver";
	return NULL;
}

static const char *set_boot_vga(struct policy_loader *loader, struct rule *rule, char *value)
{
	if (!streq(value, "exclude") && !streq(value, "allow"))
		return "exclude or allow";
	settings_of(loader, rule)->boot_vga = streq(value, "allow") ? BOOT_VGA_ALLOW : BOOT_VGA_EXCLUDE;
	return NULL;
}

static const char *set_group(struct policy_loader *loader, struct rule *rule, char *value)
{
	if (!streq(value, "named") && !streq(value, "whole"))
		return "named or whole";
	settings_of(loader, rule)->group = streq(value, "whole") ? GROUP_WHOLE : GROUP_NAMED;
	return NULL;
}

static const char *set_on_bound(struct policy_loader *loader, struct rule *rule, char *value)
{
	if (!streq(value, "unbind") && !streq(value, "skip"))
		return "unbind or skip";
	settings_of(loader, rule)->on_bound = streq(value, "skip") ? ON_BOUND_SKIP : ON_BOUND_UNBIND;
	return NULL;
}

static const char *set_disarm_after(struct policy_loader *loader, struct rule *rule, char *value)
{
	uint64_t count;

	(void)rule;
	if (!parse_number(value, 10, DISARM_AFTER_MAX, &count))
		return "a number of boots from 0 (never) to 100";
	loader->policy->disarm_after = (unsigned int)count;
	return NULL;
}

static const char *set_allow(struct policy_loader *loader, struct rule *rule, char *value)
{
	char *word;
	size_t n = 0;

	(void)loader;
	for (; (word = parse_next_word(&value)) != NULL; n++) {
		if (streq(word, "storage"))
			rule->allow_storage = true;
		else if (streq(word, "network"))
			rule->allow_network = true;
		else if (streq(word, "last-input"))
			rule->allow_last_input = true;
		else
			return "any of: storage network last-input";
	}
	return n > 0 ? NULL : "any of: storage network last-input";
}

static const char *set_optional(struct policy_loader *loader, struct rule *rule, char *value)
{
	(void)loader;
	if (!streq(value, "yes") && !streq(value, "no"))
		return "yes or no";
	rule->is_optional = streq(value, "yes");
	return NULL;
}

static const char *set_follow(struct policy_loader *loader, struct rule *rule, char *value)
{
	(void)loader;
	if (!streq(value, "yes") && !streq(value, "no"))
		return "yes or no";
	rule->follow = streq(value, "yes");
	return NULL;
}

static const char *set_reset_method(struct policy_loader *loader, struct rule *rule, char *value)
{
	(void)loader;
	return prepare_parse_reset_method(&rule->preparation, value);
}

static const char *set_resize_bar(struct policy_loader *loader, struct rule *rule, char *value)
{
	(void)loader;
	return prepare_parse_bars(&rule->preparation, value);
}

static const char *set_vfs(struct policy_loader *loader, struct rule *rule, char *value)
{
	uint64_t count;

	(void)loader;
	if (!parse_number(value, 10, UINT16_MAX, &count) || count == 0)
		return "a number of virtual functions from 1 to 65535";
	rule->vfs = (unsigned int)count;
	return NULL;
}

static const char *set_d3cold(struct policy_loader *loader, struct rule *rule, char *value)
{
	(void)loader;
	return prepare_parse_d3cold(&rule->preparation, value);
}

static const char *add_words(struct rule *rule, char *value, const char *(*add)(struct selectors *, const char *))
{
	size_t n = 0;
	char *word;

	for (; (word = parse_next_word(&value)) != NULL; n++) {
		const char *expected = add(&rule->selectors, word);

		if (expected != NULL)
			return expected;
	}
	/* An empty id beside an address would drop the check of identity without a word. */
	return n > 0 || add == selector_add_serial ? NULL : "at least one value";
}

static const char *add_ids(struct policy_loader *loader, struct rule *rule, char *value)
{
	(void)loader;
	return add_words(rule, value, selector_add_id);
}

static const char *add_addresses(struct policy_loader *loader, struct rule *rule, char *value)
{
	(void)loader;
	return add_words(rule, value, selector_add_address);
}

static const char *add_paths(struct policy_loader *loader, struct rule *rule, char *value)
{
	(void)loader;
	return add_words(rule, value, selector_add_path);
}

static const char *add_classes(struct policy_loader *loader, struct rule *rule, char *value)
{
	(void)loader;
	return add_words(rule, value, selector_add_class);
}

static const char *add_serials(struct policy_loader *loader, struct rule *rule, char *value)
{
	(void)loader;
	return add_words(rule, value, selector_add_serial);
}

static const struct key {
	const char *name;
	set_value *set;
	bool is_list;    /* may be repeated in a section */
	bool is_default; /* may stand in [policy] */
	bool is_global;  /* may stand nowhere else */
} keys[] = {
	{ "id", add_ids, .is_list = true },
	{ "address", add_addresses, .is_list = true },
	{ "path", add_paths, .is_list = true },
	{ "class", add_classes, .is_list = true },
	{ "serial", add_serials, .is_list = true },
	{ "driver", set_driver, .is_default = true },
	{ "boot-vga", set_boot_vga, .is_default = true },
	{ "group", set_group, .is_default = true },
	{ "on-bound", set_on_bound, .is_default = true },
	{ "disarm-after", set_disarm_after, .is_default = true, .is_global = true },
	{ .name = "allow", .set = set_allow },
	{ .name = "optional", .set = set_optional },
	{ .name = "follow", .set = set_follow },
	{ .name = "reset-method", .set = set_reset_method },
	{ .name = "d3cold", .set = set_d3cold },
	{ .name = "resize-bar", .set = set_resize_bar },
	{ .name = "vfs", .set = set_vfs },
};

static struct rule *current_rule(struct policy_loader *loader)
{
	return loader->section == SECTION_RULE ? &loader->policy->rules[loader->rule] : NULL;
}

/* The section in which we stand does not count any more. */
static void break_section(struct policy_loader *loader)
{
	if (loader->section == SECTION_RULE)
		current_rule(loader)->is_broken = true;
	else if (loader->section == SECTION_POLICY)
		loader->policy->is_unusable = true;
}

static const char *consequence(const struct policy_loader *loader)
{
	switch (loader->section) {
	case SECTION_RULE:
		return "; this rule is not used";
	case SECTION_POLICY:
		return "; nothing is bound";
	case SECTION_NONE:
		break;
	}
	return "; ignored";
}

static void complain(struct policy_loader *loader, const struct ini_line *line, const char *message)
{
	cleanup_free char *where = util_format("%s:%u", line->file, line->line);

	problem_add(loader->problems, PROBLEM_POLICY, where, "%s%s", message, consequence(loader));
	break_section(loader);
}

static void reset_rule(struct rule *rule)
{
	selectors_free(&rule->selectors);
	free(rule->name);
	free(rule->where);
	*rule = (struct rule){ 0 };
}

static const char *check_rule_name(const char *name)
{
	if (name[0] == '\0' ||
	    strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") != strlen(name))
		return "a rule's name may have letters, digits, '-', '_' and '.' only";
	if (streq(name, CMDLINE_RULE))
		return "the name 'cmdline' belongs to the rule of the kernel command line, expected another";
	return NULL;
}

/* Finds the rule of that name or makes room for it. A drop-in's rule takes the place of the one it replaces. */
static void begin_rule(struct policy_loader *loader, const struct ini_line *line, const char *name)
{
	const char *wrong = check_rule_name(name);
	struct rule *rule;
	size_t i;

	for (i = 0; i < loader->policy->n_rules; i++)
		if (streq(loader->policy->rules[i].name, name))
			break;
	loader->section = SECTION_RULE;
	loader->rule = i;
	if (i < loader->policy->n_rules && i < loader->n_stamps && loader->file_of_rule[i] == loader->file_number) {
		complain(loader, line, "this section stands in the file twice");
		return;
	}
	if (i == RULES_MAX) {
		loader->section = SECTION_POLICY;
		if (!loader->has_too_many)
			complain(loader, line, "more than 1000 rules");
		loader->has_too_many = true;
		loader->section = SECTION_NONE;
		return;
	}
	if (i == loader->policy->n_rules) {
		(void)util_append(&loader->policy->rules, &loader->policy->n_rules, sizeof(*rule));
		(void)util_append(&loader->file_of_rule, &loader->n_stamps, sizeof(*loader->file_of_rule));
	}
	loader->file_of_rule[i] = loader->file_number;
	rule = &loader->policy->rules[i];
	reset_rule(rule);
	rule->name = util_copy(name);
	rule->where = util_format("%s:%u", line->file, line->line);
	if (wrong != NULL)
		complain(loader, line, wrong);
}

static void begin_section(struct policy_loader *loader, const struct ini_line *line)
{
	loader->seen_keys = 0;
	loader->section = SECTION_NONE;
	if (starts_with(line->section, RULE_PREFIX)) {
		const char *name = line->section + strlen(RULE_PREFIX);

		begin_rule(loader, line, name + strspn(name, " \t"));
		return;
	}
	if (!streq(line->section, "policy")) {
		char message[128];

		snprintf(message, sizeof(message), "unknown section [%s], expected [policy] or [device NAME]",
			 line->section);
		complain(loader, line, message);
		return;
	}
	loader->section = SECTION_POLICY;
	if (loader->policy_in_file == loader->file_number)
		complain(loader, line, "this section stands in the file twice");
	loader->policy_in_file = loader->file_number;
}

static void take_key(struct policy_loader *loader, const struct ini_line *line, const struct key *key)
{
	char value[INI_LINE_MAX + 1], message[512];
	unsigned int bit = 1u << (key - keys);
	const char *expected;

	if ((loader->seen_keys & bit) != 0 && !key->is_list) {
		snprintf(message, sizeof(message), "'%s' is given twice, expected it once", key->name);
		complain(loader, line, message);
		return;
	}
	loader->seen_keys |= bit;
	(void)util_copy_fixed(value, sizeof(value), line->value);
	expected = key->set(loader, current_rule(loader), value);
	if (expected == NULL)
		return;
	snprintf(message, sizeof(message), "bad value for '%s': '%.60s', expected %s", key->name, line->value,
		 expected);
	complain(loader, line, message);
}

static void on_line(void *context, const struct ini_line *line)
{
	struct policy_loader *loader = context;
	char message[512];

	if (line->key[0] == '\0') {
		begin_section(loader, line);
		return;
	}
	if (loader->section == SECTION_NONE)
		return; /* the unknown section was complained of */
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		if (!streq(line->key, keys[i].name))
			continue;
		if (loader->section == SECTION_POLICY ? !keys[i].is_default : keys[i].is_global)
			break;
		take_key(loader, line, &keys[i]);
		return;
	}
	snprintf(message, sizeof(message), "unknown key '%.40s', expected %s", line->key,
		 loader->section == SECTION_POLICY
			 ? "driver, boot-vga, group, on-bound or disarm-after"
			 : "id, address, path, class, serial, driver, boot-vga, group, "
			   "on-bound, allow, optional, follow, reset-method, d3cold, resize-bar or vfs");
	complain(loader, line, message);
}

/* A [policy] whose header is broken may have held a default that protects something. */
static void on_broken(void *context, const char *header)
{
	struct policy_loader *loader = context;

	if (header == NULL)
		break_section(loader);
	else if (starts_with(header, "policy"))
		loader->policy->is_unusable = true;
}

void policy_parse(struct policy_loader *loader, const char *text, size_t length, const char *name)
{
	const struct ini_reader reader = { on_line, on_broken, loader, "[policy] or [device NAME]" };

	loader->file_number++;
	loader->section = SECTION_NONE;
	ini_parse_text(text, length, name, &reader, loader->problems);
}

/* The rule of the kernel command line goes first, and no setting of a file weakens its guards. */
static void add_cmdline_rule(struct policy *policy, const struct switches *switches)
{
	struct rule *rule;

	if (selectors_empty(&switches->selectors) && !switches->is_broken)
		return;
	(void)util_append(&policy->rules, &policy->n_rules, sizeof(*rule));
	memmove(policy->rules + 1, policy->rules, (policy->n_rules - 1) * sizeof(*rule));
	rule = policy->rules;
	*rule = (struct rule){ .is_broken = switches->is_broken, .settings.boot_vga = BOOT_VGA_EXCLUDE };
	rule->name = util_copy(CMDLINE_RULE);
	rule->where = util_copy("proc/cmdline");
	for (size_t i = 0; i < switches->selectors.n_ids; i++)
		*(struct selector_id *)util_append(&rule->selectors.ids, &rule->selectors.n_ids,
						   sizeof(struct selector_id)) = switches->selectors.ids[i];
	for (size_t i = 0; i < switches->selectors.n_addresses; i++)
		*(struct bdf *)util_append(&rule->selectors.addresses, &rule->selectors.n_addresses,
					   sizeof(struct bdf)) = switches->selectors.addresses[i];
	if (switches->group[0] != '\0')
		rule->settings.group = streq(switches->group, "whole") ? GROUP_WHOLE : GROUP_NAMED;
}

static void complete_settings(struct policy_settings *settings, const struct policy_settings *defaults)
{
	if (settings->driver[0] == '\0')
		memcpy(settings->driver, defaults->driver, sizeof(settings->driver));
	if (settings->boot_vga == BOOT_VGA_UNSET)
		settings->boot_vga = defaults->boot_vga;
	if (settings->group == GROUP_UNSET)
		settings->group = defaults->group;
	if (settings->on_bound == ON_BOUND_UNSET)
		settings->on_bound = defaults->on_bound;
}

/* What a rule asks for as a whole. */
static void check_rule(struct policy_loader *loader, struct rule *rule)
{
	cleanup_free char *prepared = prepare_words(&rule->preparation);

	if (!rule->is_broken && selectors_empty(&rule->selectors)) {
		problem_add(loader->problems, PROBLEM_POLICY, rule->where,
			    "rule '%s' selects nothing, expected id, address, path, class or serial; "
			    "this rule is not used",
			    rule->name);
		rule->is_broken = true;
	}
	if (!rule->is_broken && rule->vfs > 0 && prepared[0] != '\0') {
		problem_add(loader->problems, PROBLEM_POLICY, rule->where,
			    "rule '%s' has vfs, which binds nothing, and reset-method, d3cold or resize-bar, which are "
			    "for a bind: expected two rules; this rule is not used",
			    rule->name);
		rule->is_broken = true;
	}
}

void policy_finish(struct policy_loader *loader, const struct switches *switches)
{
	static const struct policy_settings built_in = { POLICY_DRIVER_DEFAULT, BOOT_VGA_EXCLUDE, GROUP_NAMED,
							 ON_BOUND_UNBIND };
	struct policy *policy = loader->policy;

	complete_settings(&loader->defaults, &built_in);
	policy->defaults = loader->defaults;
	for (size_t i = 0; i < policy->n_rules; i++)
		check_rule(loader, &policy->rules[i]);
	add_cmdline_rule(policy, switches);
	for (size_t i = 0; i < policy->n_rules; i++)
		complete_settings(&policy->rules[i].settings, &loader->defaults);
	free(loader->file_of_rule);
	loader->file_of_rule = NULL;
}

void policy_free(struct policy *policy)
{
	for (size_t i = 0; i < policy->n_rules; i++)
		reset_rule(&policy->rules[i]);
	for (size_t i = 0; i < policy->n_files; i++)
		free(policy->files[i]);
	free(policy->rules);
	free(policy->files);
	*policy = (struct policy){ 0 };
}

bool policy_uses_serials(const struct policy *policy)
{
	for (size_t i = 0; i < policy->n_rules; i++)
		if (!policy->rules[i].is_broken && policy->rules[i].selectors.n_serials > 0)
			return true;
	return false;
}

bool policy_uses_paths(const struct policy *policy)
{
	for (size_t i = 0; i < policy->n_rules; i++)
		if (!policy->rules[i].is_broken && policy->rules[i].selectors.n_paths > 0)
			return true;
	return false;
}
