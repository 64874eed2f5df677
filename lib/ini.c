/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/ini.h"

#include <ini.h>
#include <stdio.h>

struct parser {
	const char *text, *end;
	const char *file;
	unsigned int line;
	const struct ini_reader *reader;
	struct problems *problems;
	char section[INI_NAME_MAX + 1]; /* "" before the first */
	bool skipping;                  /* below a broken section header */
	bool owes_newline;              /* the line filled inih's buffer: as with fgets(), its end comes next */
};

/* One line as the check sees it: never with its line end. */
struct span {
	const char *start;
	size_t length;
};

static const char key_characters[] = "abcdefghijklmnopqrstuvwxyz0123456789-";

static struct span next_line(struct parser *parser)
{
	const char *newline = memchr(parser->text, '\n', (size_t)(parser->end - parser->text));
	const char *stop = newline != NULL ? newline : parser->end;
	struct span line = { parser->text, (size_t)(stop - parser->text) };

	parser->line++;
	parser->text = newline != NULL ? newline + 1 : parser->end;
	if (parser->line == 1 && line.length >= 3 && memcmp(line.start, "\xEF\xBB\xBF", 3) == 0) {
		line.start += 3;
		line.length -= 3;
	}
	if (line.length > 0 && line.start[line.length - 1] == '\r')
		line.length--;
	return line;
}

/* Is there nothing but blanks and a comment behind this point? */
static bool only_comment(const char *text)
{
	text += strspn(text, " \t");
	return *text == '\0' || *text == ';' || *text == '#';
}

static const char *check_header(const char *line)
{
	const char *close = strchr(line, ']');

	if (close == NULL)
		return "a section header without ']', expected ";
	if (close == line + 1)
		return "an empty section header, expected ";
	if ((size_t)(close - line - 1) > INI_NAME_MAX)
		return "a section name of more than 49 characters, expected a shorter one";
	if (!only_comment(close + 1))
		return "text behind a section header, expected a line of its own for it";
	return NULL;
}

static const char *check_key(const char *line)
{
	size_t length = strspn(line, key_characters);

	if (length == 0 || line[length + strspn(line + length, " \t")] != '=')
		return "neither a section, a comment nor 'key = value' in lower case";
	if (length > INI_NAME_MAX)
		return "a key of more than 49 characters, expected a shorter one";
	return NULL;
}

/* Grammar of one line; returns what is wrong with it, or NULL. "expected " at its end: one of the sections. */
static const char *check_line(const struct parser *parser, const struct span *span, const char *line)
{
	if (span->length > INI_LINE_MAX)
		return "a line of more than 199 bytes, expected a shorter one (list keys may be repeated)";
	if (memchr(span->start, '\0', span->length) != NULL)
		return "a NUL byte, expected text";
	if (line[strspn(line, " \t")] == '\0')
		return NULL;
	if (line[0] == ' ' || line[0] == '\t')
		return "an indented line, expected it at the start of the line";
	if (line[0] == ';' || line[0] == '#')
		return NULL;
	if (line[0] == '[')
		return check_header(line);
	if (parser->section[0] == '\0' && !parser->skipping)
		return "a line before the first section, expected ";
	return check_key(line);
}

static void refuse(struct parser *parser, const char *line, const char *reason)
{
	cleanup_free char *where = util_format("%s:%u", parser->file, parser->line);

	problem_add(parser->problems, PROBLEM_POLICY, where, "%s%s: '%.40s'", reason,
		    ends_with(reason, "expected ") ? parser->reader->sections : "", line);
	if (line[0] == '[') {
		parser->skipping = true;
		parser->reader->on_broken(parser->reader->context, line + 1);
	} else if (!parser->skipping) {
		parser->reader->on_broken(parser->reader->context, NULL);
	}
}

static void begin_section(struct parser *parser, const char *line)
{
	struct ini_line event = { parser->file, parser->line, parser->section, "", "" };
	size_t length = strcspn(line + 1, "]");

	memcpy(parser->section, line + 1, length);
	parser->section[length] = '\0';
	parser->skipping = false;
	parser->reader->on_line(parser->reader->context, &event);
}

/*
 * inih asks for the next line, as it would ask fgets(); what the check refuses reaches it as an empty line. A line of
 * INI_LINE_MAX bytes fills its buffer without the newline: newer versions would skip what follows up to the next one.
 */
static char *feed_line(char *buffer, int size, void *stream)
{
	struct parser *parser = stream;
	char line[INI_LINE_MAX + 1];
	struct span span;
	const char *reason;
	size_t kept;

	if (parser->owes_newline) {
		parser->owes_newline = false;
		snprintf(buffer, (size_t)size, "\n");
		return buffer;
	}
	if (parser->text == parser->end)
		return NULL;
	span = next_line(parser);
	kept = span.length < sizeof(line) ? span.length : sizeof(line) - 1;
	memcpy(line, span.start, kept);
	line[kept] = '\0';
	reason = check_line(parser, &span, line);
	if (reason != NULL)
		refuse(parser, line, reason);
	else if (line[0] == '[')
		begin_section(parser, line);
	if (reason != NULL || (parser->skipping && line[0] != '['))
		line[0] = '\0';
	parser->owes_newline = snprintf(buffer, (size_t)size, "%s\n", line) >= size;
	return buffer;
}

/* inih calls this while it holds the line that feed_line() gave last: parser->line is its number. */
static int take_key(void *user, const char *section, const char *key, const char *value)
{
	struct parser *parser = user;
	struct ini_line event = { parser->file, parser->line, parser->section, key, value };

	(void)section; /* inih and we may read an odd header differently: ours counts */
	parser->reader->on_line(parser->reader->context, &event);
	return 1;
}

void ini_parse_text(const char *text, size_t length, const char *file, const struct ini_reader *reader,
		    struct problems *problems)
{
	struct parser parser = {
		.text = text, .end = text + length, .file = file, .reader = reader, .problems = problems
	};

	(void)ini_parse_stream(feed_line, &parser, take_key, &parser);
}
