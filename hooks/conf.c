/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/conf.h"

#include <errno.h>
#include <stdio.h>
#include <strings.h>

#include "lib/file.h"
#include "lib/ini.h"
#include "lib/parse.h"
#include "lib/paths.h"

#define GUEST_PREFIX "guest "
#define USB_PREFIX "usb "

/* A file of this size is not a configuration; no person has so many guests. */
#define CONF_MAX (1024 * 1024)
#define GUESTS_MAX 1000
#define USB_MAX 1000

struct loader {
	struct hooks_conf *conf;
	struct problems *problems;
	struct guest_settings *settings; /* of the section in which we stand; NULL in none of guests that counts */
	struct usb_rule *rule;           /* the same for [usb NAME] */
	bool in_usb;                     /* we are in [usb] */
	bool *broken;                    /* to set if something is wrong in it */
	bool has_defaults, has_usb;      /* [guests], [usb] was met */
	unsigned int seen_keys;          /* of this section: bits by index of the key table */
};

#define SECTIONS "[guests], [guest NAME], [usb] or [usb NAME]"

static void complain(struct loader *loader, const struct ini_line *line, const char *message)
{
	cleanup_free char *where = util_format("%s:%u", line->file, line->line);

	problem_add(loader->problems, PROBLEM_POLICY, where, "%s; %s", message,
		    loader->settings != NULL || loader->rule != NULL ? "this section is not used" : "ignored");
	if (loader->broken != NULL)
		*loader->broken = true;
}

static struct conf_guest *find_guest(const struct hooks_conf *conf, const char *guest)
{
	for (size_t i = 0; i < conf->n_guests; i++)
		if (streq(conf->guests[i].guest, guest))
			return &conf->guests[i];
	return NULL;
}

static void begin_guest(struct loader *loader, const struct ini_line *line, const char *name)
{
	struct hooks_conf *conf = loader->conf;
	struct conf_guest *guest = find_guest(conf, name);

	if (name[0] == '\0') {
		complain(loader, line, "[guest] without a name, expected [guest NAME] or [guest UUID]");
		return;
	}
	if (guest != NULL) {
		loader->settings = &guest->settings;
		loader->broken = &guest->is_broken;
		complain(loader, line, "this section stands in the file twice");
		return;
	}
	if (conf->n_guests == GUESTS_MAX) {
		complain(loader, line, "more than 1000 guests, expected fewer");
		return;
	}
	guest = util_append(&conf->guests, &conf->n_guests, sizeof(*guest));
	guest->guest = util_copy(name);
	loader->settings = &guest->settings;
	loader->broken = &guest->is_broken;
}

static void begin_usb(struct loader *loader, const struct ini_line *line, const char *name)
{
	struct hooks_conf *conf = loader->conf;
	struct usb_rule *rule = NULL;

	if (name[0] == '\0' || conf->n_usb == USB_MAX) {
		complain(loader, line,
			 name[0] == '\0' ? "[usb ] without a name, expected [usb NAME] or [usb]"
					 : "more than 1000 USB devices, expected fewer");
		return;
	}
	for (size_t i = 0; i < conf->n_usb && rule == NULL; i++)
		if (streq(conf->usb[i].name, name))
			rule = &conf->usb[i];
	if (rule != NULL) {
		loader->rule = rule;
		loader->broken = &rule->is_broken;
		complain(loader, line, "this section stands in the file twice");
		return;
	}
	rule = util_append(&conf->usb, &conf->n_usb, sizeof(*rule));
	usb_rule_begin(rule, name, line->line);
	loader->rule = rule;
	loader->broken = &rule->is_broken;
}

static void leave_section(struct loader *loader)
{
	loader->seen_keys = 0;
	loader->settings = NULL;
	loader->rule = NULL;
	loader->in_usb = false;
	loader->broken = NULL;
}

static void begin_section(struct loader *loader, const struct ini_line *line)
{
	char message[128];

	leave_section(loader);
	if (starts_with(line->section, GUEST_PREFIX)) {
		const char *name = line->section + strlen(GUEST_PREFIX);

		begin_guest(loader, line, name + strspn(name, " \t"));
		return;
	}
	if (starts_with(line->section, USB_PREFIX)) {
		const char *name = line->section + strlen(USB_PREFIX);

		begin_usb(loader, line, name + strspn(name, " \t"));
		return;
	}
	if (streq(line->section, "usb")) {
		loader->in_usb = !loader->has_usb;
		if (loader->has_usb)
			complain(loader, line, "this section stands in the file twice");
		loader->has_usb = true;
		return;
	}
	if (!streq(line->section, "guests")) {
		snprintf(message, sizeof(message), "unknown section [%s], expected " SECTIONS, line->section);
		complain(loader, line, message);
		return;
	}
	loader->settings = &loader->conf->defaults;
	loader->broken = &loader->conf->has_broken_defaults;
	if (loader->has_defaults)
		complain(loader, line, "this section stands in the file twice");
	loader->has_defaults = true;
}

/* Returns what was expected, or NULL. */
static const char *set_key(const struct loader *loader, size_t index, const char *text)
{
	char value[INI_LINE_MAX + 1];

	(void)util_copy_fixed(value, sizeof(value), text);
	if (loader->rule != NULL)
		return usb_rule_set(loader->rule, index, value);
	if (loader->settings != NULL)
		return guest_settings_set(loader->settings, index, value);
	if (value[0] == '\0')
		return "the name of a group";
	free(loader->conf->usb_group);
	loader->conf->usb_group = util_copy(value);
	return NULL;
}

static void take_key(struct loader *loader, const struct ini_line *line, size_t index)
{
	char message[512];
	unsigned int bit = 1u << index;
	const char *expected;

	if ((loader->seen_keys & bit) != 0) {
		snprintf(message, sizeof(message), "'%s' is given twice, expected it once", line->key);
		complain(loader, line, message);
		return;
	}
	loader->seen_keys |= bit;
	expected = set_key(loader, index, line->value);
	if (expected == NULL)
		return;
	snprintf(message, sizeof(message), "bad value for '%s': '%.60s', expected %s", line->key, line->value,
		 expected);
	complain(loader, line, message);
}

/* The key's number in its section, or -1 with the names of those that are known. */
static int find_key(const struct loader *loader, const char *key, const char **ret_expected)
{
	if (loader->rule != NULL)
		return usb_rule_find_key(key, ret_expected);
	if (!loader->in_usb)
		return guest_settings_find_key(key, ret_expected);
	*ret_expected = "group";
	return streq(key, "group") ? 0 : -1;
}

static void on_line(void *context, const struct ini_line *line)
{
	struct loader *loader = context;
	const char *expected;
	char message[256];
	int index;

	if (line->key[0] == '\0') {
		begin_section(loader, line);
		return;
	}
	if (loader->settings == NULL && loader->rule == NULL && !loader->in_usb)
		return; /* the section was complained of */
	index = find_key(loader, line->key, &expected);
	if (index >= 0) {
		take_key(loader, line, (size_t)index);
		return;
	}
	snprintf(message, sizeof(message), "unknown key '%.40s', expected %s", line->key, expected);
	complain(loader, line, message);
}

/* What can be said of a rule only when the whole file is known. Returns whether there was something new. */
static bool check_usb(struct loader *loader, const char *name)
{
	struct hooks_conf *conf = loader->conf;
	bool is_news = false;

	for (size_t i = 0; i < conf->n_usb; i++) {
		struct usb_rule *rule = &conf->usb[i];
		const struct ini_line line = { .file = name, .line = rule->line };
		const char *wrong = rule->is_broken ? NULL : usb_rule_check(rule, conf->usb, conf->n_usb);

		loader->rule = rule;
		loader->broken = &rule->is_broken;
		if (wrong != NULL)
			complain(loader, &line, wrong);
		is_news = is_news || wrong != NULL;
	}
	leave_section(loader);
	return is_news;
}

/* Of a broken header nobody knows whose settings follow: if it may be [guests], none of its defaults count. */
static void on_broken(void *context, const char *header)
{
	struct loader *loader = context;

	if (header == NULL) {
		if (loader->broken != NULL)
			*loader->broken = true;
		return;
	}
	leave_section(loader);
	if (starts_with(header, "guests"))
		loader->conf->has_broken_defaults = true;
}

void conf_parse(struct hooks_conf *conf, const char *text, size_t length, const char *name, struct problems *problems)
{
	struct loader loader = { .conf = conf, .problems = problems };
	const struct ini_reader reader = { on_line, on_broken, &loader, SECTIONS };

	ini_parse_text(text, length, name, &reader, problems);
	/* A rule that is broken is no way back for another one. */
	while (check_usb(&loader, name))
		;
}

void conf_read(struct hooks_conf *conf, int root, struct problems *problems)
{
	cleanup_free char *text = NULL;
	size_t length = 0;
	int result = file_read(root, PATH_HOOKS_CONF, CONF_MAX, &text, &length);

	if (result == -ENOENT)
		return;
	if (result < 0)
		problem_add(problems, PROBLEM_POLICY, PATH_HOOKS_CONF,
			    "cannot read the configuration: %s; the built-in defaults are used",
			    result == -EFBIG ? "it is larger than 1 MiB" : strerror(-result));
	else
		conf_parse(conf, text, length, PATH_HOOKS_CONF, problems);
}

void conf_free(struct hooks_conf *conf)
{
	for (size_t i = 0; i < conf->n_guests; i++)
		free(conf->guests[i].guest);
	free(conf->guests);
	for (size_t i = 0; i < conf->n_usb; i++)
		usb_rule_free(&conf->usb[i]);
	free(conf->usb);
	free(conf->usb_group);
	*conf = (struct hooks_conf){ 0 };
}

void conf_settings(const struct hooks_conf *conf, const char *name, const char *uuid, struct guest_settings *ret)
{
	*ret = guest_settings_built_in;
	if (!conf->has_broken_defaults)
		guest_settings_overlay(ret, &conf->defaults);
	for (size_t i = 0; i < conf->n_guests; i++)
		if (!conf->guests[i].is_broken && streq(conf->guests[i].guest, name))
			guest_settings_overlay(ret, &conf->guests[i].settings);
	for (size_t i = 0; uuid != NULL && i < conf->n_guests; i++)
		if (!conf->guests[i].is_broken && strcasecmp(conf->guests[i].guest, uuid) == 0)
			guest_settings_overlay(ret, &conf->guests[i].settings);
}
