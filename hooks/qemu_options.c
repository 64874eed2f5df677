/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/qemu_options.h"

#include <cjson/cJSON.h>

#include "lib/util.h"

/* Objects within objects; the deepest chain of block devices has some ten. */
#define DEPTH_MAX 32

enum syntax {
	SYNTAX_FLAG, /* takes nothing */
	SYNTAX_WORD, /* takes a word as it is */
	SYNTAX_KEYS, /* takes keys, or a JSON object */
};

/*
 * The options that are read. Of all others it is not known whether they take a word, so one that follows is an option
 * of its own here, named "": QEMU takes a word that belongs to no option for a disk.
 */
static const struct known_option {
	const char *name;
	enum syntax syntax;
	const char *first; /* the key of a first word without "=" */
} known_options[] = {
	{ "add-fd", SYNTAX_KEYS, NULL }, { "append", SYNTAX_WORD, NULL },     { "blockdev", SYNTAX_KEYS, "driver" },
	{ "cdrom", SYNTAX_WORD, NULL },  { "daemonize", SYNTAX_FLAG, NULL },  { "device", SYNTAX_KEYS, "driver" },
	{ "drive", SYNTAX_KEYS, NULL },  { "fda", SYNTAX_WORD, NULL },        { "fdb", SYNTAX_WORD, NULL },
	{ "hda", SYNTAX_WORD, NULL },    { "hdb", SYNTAX_WORD, NULL },        { "hdc", SYNTAX_WORD, NULL },
	{ "hdd", SYNTAX_WORD, NULL },    { "mtdblock", SYNTAX_WORD, NULL },   { "name", SYNTAX_WORD, NULL },
	{ "pflash", SYNTAX_WORD, NULL }, { "readconfig", SYNTAX_WORD, NULL }, { "sd", SYNTAX_WORD, NULL },
	{ "set", SYNTAX_WORD, NULL },    { "uuid", SYNTAX_WORD, NULL },
};

void qemu_options_note(struct qemu_options *options, char *phrase)
{
	if (options->unclear == NULL)
		options->unclear = phrase;
	else
		free(phrase);
}

/* Takes both over. */
static void add_key(struct qemu_options *options, size_t option, char *key, char *value)
{
	if (options->n_keys == QEMU_KEYS_MAX) {
		qemu_options_note(options, util_copy("its command line has more than 4096 keys"));
		free(key);
		free(value);
		return;
	}
	*(struct qemu_key *)util_append(&options->keys, &options->n_keys,
					sizeof(*options->keys)) = (struct qemu_key){ option, key, value };
}

/* --- JSON -------------------------------------------------------------------------------------------------------- */

static void add_object(struct qemu_options *options, size_t option, const char *prefix, const cJSON *object,
		       unsigned int depth)
{
	const cJSON *item;
	size_t index = 0;

	if (depth > DEPTH_MAX)
		qemu_options_note(options, util_copy("its command line holds JSON of more than 32 levels"));
	for (item = object->child; item != NULL && depth <= DEPTH_MAX; item = item->next, index++) {
		char *key = item->string != NULL ? util_format("%s%s", prefix, item->string)
						 : util_format("%s%zu", prefix, index);

		if (cJSON_IsObject(item) || cJSON_IsArray(item)) {
			cleanup_free char *longer = util_format("%s.", key);

			add_object(options, option, longer, item, depth + 1);
			free(key);
		} else if (cJSON_IsString(item)) {
			add_key(options, option, key, util_copy(item->valuestring));
		} else if (cJSON_IsNumber(item)) {
			add_key(options, option, key, util_format("%.0f", item->valuedouble));
		} else {
			add_key(options, option, key, util_copy(cJSON_IsTrue(item) ? "on" : "off"));
		}
	}
}

bool qemu_options_add_json(struct qemu_options *options, size_t option, const char *prefix, const char *text)
{
	cJSON *object = cJSON_ParseWithOpts(text, NULL, true);
	bool is_object = cJSON_IsObject(object);

	if (is_object)
		add_object(options, option, prefix, object, 1);
	cJSON_Delete(object);
	return is_object;
}

/* --- key=value --------------------------------------------------------------------------------------------------- */

/* The next part, up to a comma that is not doubled; doubled ones become one. Owned by the caller. */
static char *next_part(const char **rest)
{
	const char *from = *rest;
	char *part = util_alloc(strlen(from) + 1), *to = part;

	while (*from != '\0' && (*from != ',' || from[1] == ',')) {
		if (*from == ',')
			from++;
		*to++ = *from++;
	}
	*rest = *from == ',' ? from + 1 : from;
	return part;
}

/* A word without a value is a switch: "readonly", "noreadonly". */
static void add_switch(struct qemu_options *options, size_t option, const char *word)
{
	if (starts_with(word, "no") && !starts_with(word, "node"))
		add_key(options, option, util_copy(word + 2), util_copy("off"));
	else
		add_key(options, option, util_copy(word), util_copy("on"));
}

static void add_list(struct qemu_options *options, size_t option, const char *first, const char *text)
{
	const char *rest = text;

	while (*rest != '\0') {
		bool is_first = rest == text;
		cleanup_free char *part = next_part(&rest);
		char *equals = strchr(part, '=');

		if (equals != NULL) {
			*equals = '\0';
			add_key(options, option, util_copy(part), util_copy(equals + 1));
		} else if (is_first && first != NULL) {
			add_key(options, option, util_copy(first), util_copy(part));
		} else if (part[0] != '\0') {
			add_switch(options, option, part);
		}
	}
}

/* --- the command line -------------------------------------------------------------------------------------------- */

static const struct known_option *find_option(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(known_options); i++)
		if (streq(known_options[i].name, name))
			return &known_options[i];
	return NULL;
}

static size_t add_option(struct qemu_options *options, const char *name, const char *text)
{
	*(struct qemu_option *)util_append(&options->items, &options->count, sizeof(*options->items)) =
		(struct qemu_option){ util_copy(name), util_copy(text) };
	return options->count - 1;
}

void qemu_options_read(struct qemu_options *options, const char *const words[])
{
	*options = (struct qemu_options){ 0 };
	for (size_t i = 0; words[i] != NULL; i++) {
		/* QEMU takes one dash or two. */
		const char *name = words[i] + (words[i][0] == '-') + (starts_with(words[i], "--") ? 1 : 0);
		const struct known_option *known = words[i][0] == '-' ? find_option(name) : NULL;
		const char *text = "";
		size_t option;

		if (known != NULL && known->syntax != SYNTAX_FLAG && words[i + 1] != NULL)
			text = words[++i];
		if (known == NULL && words[i][0] == '-')
			continue;
		option = add_option(options, known != NULL ? known->name : "", known != NULL ? text : words[i]);
		if (known == NULL || known->syntax != SYNTAX_KEYS)
			continue;
		if (text[0] != '{')
			add_list(options, option, known->first, text);
		else if (!qemu_options_add_json(options, option, "", text))
			qemu_options_note(options, util_format("-%s is followed by broken JSON", known->name));
	}
}

void qemu_options_free(struct qemu_options *options)
{
	for (size_t i = 0; i < options->count; i++) {
		free(options->items[i].name);
		free(options->items[i].text);
	}
	for (size_t i = 0; i < options->n_keys; i++) {
		free(options->keys[i].key);
		free(options->keys[i].value);
	}
	free(options->items);
	free(options->keys);
	free(options->unclear);
	*options = (struct qemu_options){ 0 };
}

const char *qemu_options_value(const struct qemu_options *options, size_t option, const char *key)
{
	const char *value = NULL;

	for (size_t i = 0; i < options->n_keys; i++)
		if (options->keys[i].option == option && streq(options->keys[i].key, key))
			value = options->keys[i].value;
	return value;
}
