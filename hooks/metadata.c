/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/metadata.h"

#include "hooks/conf_guest.h"
#include "hooks/xml.h"
#include "lib/ini.h"
#include "lib/util.h"

#define BLANKS " \t\r\n"
#define WHERE "<metadata>"
#define NOT_USED "; the metadata of this guest is not used"

/* Nobody has so many keys. */
#define ITEMS_MAX 32

void metadata_free(struct metadata *metadata)
{
	for (size_t i = 0; i < metadata->n_items; i++) {
		free(metadata->items[i].name);
		free(metadata->items[i].value);
	}
	free(metadata->items);
	free(metadata->wrong);
	*metadata = (struct metadata){ 0 };
}

/* --- the form ---------------------------------------------------------------------------------------------------- */

/* In one line, and as long as a line of hooks.conf may be. NULL if it is longer. */
static char *copy_value(const char *text)
{
	const char *start = text + strspn(text, BLANKS);
	size_t length = strlen(start);
	char *value;

	while (length > 0 && strchr(BLANKS, start[length - 1]) != NULL)
		length--;
	if (length > INI_LINE_MAX)
		return NULL;
	value = util_format("%.*s", (int)length, start);
	for (char *c = value; *c != '\0'; c++)
		if (strchr(BLANKS, *c) != NULL)
			*c = ' ';
	return value;
}

/* Returns what is wrong with the element of a key, or NULL. */
static const char *add_item(struct metadata *metadata, const struct xml_element *element)
{
	struct metadata_item *item;
	char *value;

	if (!xml_is_in(element, METADATA_NAMESPACE))
		return "is not in the namespace " METADATA_NAMESPACE;
	if (xml_child(element) != NULL)
		return "has elements in it, expected a value";
	if (xml_any_attribute(element) != NULL)
		return "has an attribute, expected none";
	if (metadata->n_items == ITEMS_MAX)
		return "is one too many, expected fewer";
	value = copy_value(xml_text(element));
	if (value == NULL)
		return "has a value that is too long";
	item = util_append(&metadata->items, &metadata->n_items, sizeof(*item));
	item->name = util_copy(xml_local_name(element));
	item->value = value;
	return NULL;
}

static char *describe(const struct xml_element *element, const char *what)
{
	cleanup_free char *name = util_copy_printable(xml_name(element));

	return util_format("<%.60s> %s", name, what);
}

/* Returns what is wrong, owned by the caller, or NULL. */
static char *read_guest(struct metadata *metadata, const struct xml_element *guest)
{
	if (xml_any_attribute(guest) != NULL)
		return describe(guest, "has an attribute, expected none");
	for (const struct xml_element *item = xml_child(guest); item != NULL; item = xml_sibling(item)) {
		const char *wrong = add_item(metadata, item);

		if (wrong != NULL)
			return describe(item, wrong);
	}
	if (xml_text(guest)[strspn(xml_text(guest), BLANKS)] != '\0')
		return describe(guest, "has text in it, expected elements");
	return NULL;
}

static void set_wrong(struct metadata *metadata, char *wrong)
{
	metadata_free(metadata);
	metadata->wrong = wrong;
}

void metadata_read(struct metadata *metadata, const struct xml_element *top)
{
	const struct xml_element *element = xml_child(xml_first(top, "metadata"));
	bool has_guest = false;

	*metadata = (struct metadata){ 0 };
	for (; element != NULL && metadata->wrong == NULL; element = xml_sibling(element)) {
		char *wrong;

		if (!xml_is_in(element, METADATA_NAMESPACE))
			continue;
		if (!streq(xml_local_name(element), "guest"))
			wrong = describe(element, "is unknown, expected <guest>");
		else if (has_guest)
			wrong = describe(element, "stands there twice, expected it once");
		else
			wrong = read_guest(metadata, element);
		has_guest = true;
		if (wrong != NULL)
			set_wrong(metadata, wrong);
	}
}

/* --- what it means ----------------------------------------------------------------------------------------------- */

/* Returns what is wrong, owned by the caller, or NULL. seen: keys that were there, in bits. */
static char *take_item(const struct metadata_item *item, struct guest_settings *settings, unsigned int *seen)
{
	cleanup_free char *name = util_copy_printable(item->name), *value = util_copy(item->value);
	const char *expected;
	int index = guest_settings_find_key(item->name, &expected);

	if (index < 0 || streq(item->name, "metadata"))
		return util_format("unknown element <%.60s>, expected a key of [guest NAME] other than metadata", name);
	if ((*seen & 1u << index) != 0)
		return util_format("<%s> is given twice, expected it once", name);
	*seen |= 1u << index;
	expected = guest_settings_set(settings, (size_t)index, value);
	if (expected == NULL)
		return NULL;
	free(name);
	name = util_copy_printable(item->value);
	return util_format("bad value in <%s>: '%.60s', expected %s", item->name, name, expected);
}

static void add_word(char **list, const char *word)
{
	char *longer = *list == NULL ? util_copy(word) : util_format("%s, %s", *list, word);

	free(*list);
	*list = longer;
}

void metadata_apply(const struct metadata *metadata, struct guest_settings *settings, struct problems *problems)
{
	struct guest_settings all = { 0 }, more = { 0 };
	cleanup_free char *wrong = metadata->wrong != NULL ? util_copy(metadata->wrong) : NULL, *denied = NULL;
	unsigned int seen = 0;

	for (size_t i = 0; i < metadata->n_items && wrong == NULL; i++)
		wrong = take_item(&metadata->items[i], &all, &seen);
	if (wrong != NULL) {
		problem_add(problems, PROBLEM_MACHINE, WHERE, "%s" NOT_USED, wrong);
		return;
	}
	seen = 0;
	for (size_t i = 0; i < metadata->n_items; i++) {
		const char *expected;
		int index = guest_settings_find_key(metadata->items[i].name, &expected);

		if ((settings->metadata & 1u << index) != 0)
			free(take_item(&metadata->items[i], &more, &seen));
		else
			add_word(&denied, metadata->items[i].name);
	}
	if (denied != NULL)
		problem_add(problems, PROBLEM_MACHINE, WHERE,
			    "sets %s, which hooks.conf does not let it (metadata = KEY...); hooks.conf decides",
			    denied);
	guest_settings_overlay(settings, &more);
}
