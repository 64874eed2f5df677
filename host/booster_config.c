/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/booster_config.h"

#include "lib/util.h"

#define PLAIN "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./,*+@:= -"

static size_t line_length(const char *line)
{
	return strcspn(line, "\n");
}

static const char *next_line(const char *line)
{
	line += line_length(line);
	return *line == '\n' ? line + 1 : line;
}

static bool is_blank_or_comment(const char *text, size_t length)
{
	size_t blanks = strspn(text, " \t\r");

	return blanks >= length || text[blanks] == '#';
}

/* The next line that says something goes on with this value if it is indented (or begins a list). */
static bool is_continued(const char *line)
{
	for (line = next_line(line); *line != '\0'; line = next_line(line))
		if (!is_blank_or_comment(line, line_length(line)))
			return *line == ' ' || *line == '\t' || starts_with(line, "- ");
	return false;
}

/* Does the value end where these words do? A comment needs a blank in front of it; ": " would make it a mapping. */
static bool is_whole_value(const char *words, size_t length, const char *rest, size_t rest_length, char quote)
{
	if (quote != '\0')
		return rest_length > 0 && *rest == quote && is_blank_or_comment(rest + 1, rest_length - 1);
	if (!is_blank_or_comment(rest, rest_length) || (rest_length > 0 && *rest == '#' && words[length - 1] != ' '))
		return false;
	for (size_t i = 0; i < length; i++)
		if (words[i] == ':' && (i + 1 == length || words[i + 1] == ' '))
			return false;
	return true;
}

/* The value as it stands behind "key:": its words, or NULL. */
static char *read_value(const char *value, size_t length, char *ret_quote)
{
	size_t blanks = strspn(value, " "), used;

	if (is_blank_or_comment(value, length))
		return util_copy("");
	if (blanks == 0)
		return NULL; /* "key:value" is no key to YAML */
	value += blanks;
	length -= blanks;
	if (*value == '"' || *value == '\'') {
		*ret_quote = *value++;
		length--;
	} else if (*value == '*' || starts_with(value, "- ")) {
		return NULL; /* an alias, or a list */
	}
	used = strspn(value, PLAIN);
	if (used > length || used == 0 || !is_whole_value(value, used, value + used, length - used, *ret_quote))
		return NULL;
	while (used > 0 && value[used - 1] == ' ')
		used--;
	return util_format("%.*s", (int)used, value);
}

/* Is this line "key:", maybe in quotes? Returns what stands behind the colon. */
static const char *value_of(const char *line, const char *key)
{
	size_t length = strlen(key);

	return strncmp(line, key, length) == 0 && line[length] == ':' ? line + length + 1 : NULL;
}

/* Ways of writing a file that hide keys from us: in quotes, in braces, by reference, as several documents. */
static bool is_strange(const char *line, size_t number)
{
	if (starts_with(line, "---"))
		return number > 1 || !is_blank_or_comment(line + 3, line_length(line) - 3);
	return (*line != '\0' && strchr("\"'{[?&!%", *line) != NULL) || starts_with(line, "...") ||
	       starts_with(line, "<<");
}

void booster_config_find(const char *text, struct booster_list *list)
{
	size_t number = 0;
	const char *value;

	list->line = 0;
	list->quote = '\0';
	list->words = util_copy("");
	for (const char *line = text; *line != '\0'; line = next_line(line)) {
		number++;
		value = value_of(line, list->key);
		if (value == NULL && !is_strange(line, number))
			continue;
		free(list->words);
		/* Twice the same key is an error to booster. */
		list->words = value == NULL || list->line != 0 || is_continued(line)
				      ? NULL
				      : read_value(value, line_length(value), &list->quote);
		list->line = number;
		if (list->words == NULL)
			return;
	}
}

int booster_list_add(struct booster_list *list, const char *word)
{
	size_t length = strlen(word), n;
	char *longer;

	for (const char *at = list->words; *at != '\0'; at += n) {
		at += strspn(at, ", ");
		n = strcspn(at, ", ");
		if (n == length && strncmp(at, word, n) == 0)
			return 0;
	}
	longer = util_format("%s%s%s", list->words, list->words[0] != '\0' ? "," : "", word);
	free(list->words);
	list->words = longer;
	return 1;
}

void booster_list_free(struct booster_list *list)
{
	free(list->words);
	list->words = NULL;
}
