/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/ini.h"

#include <dlfcn.h>
#include <ini.h>

#include "tests/unit/test.h"

#define A49 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

/*
 * Stands in front of inih's own function, for every test, and reads as inih 58 and later do: a line that fills the
 * buffer without a newline is the beginning of a longer one, and all that follows up to the next newline is thrown
 * away.
 */
struct guarded {
	ini_reader reader;
	void *stream;
};

static char *read_guarded(char *buffer, int size, void *stream)
{
	const struct guarded *guarded = stream;
	char *line = guarded->reader(buffer, size, guarded->stream), rest[16] = "";

	if (line == NULL || strlen(line) < (size_t)size - 1 || ends_with(line, "\n"))
		return line;
	while (!ends_with(rest, "\n") && guarded->reader(rest, sizeof(rest), guarded->stream) != NULL)
		CHECK_TRUE(rest[0] != '\0');
	return line;
}

int ini_parse_stream(ini_reader reader, void *stream, ini_handler handler, void *user)
{
	struct guarded guarded = { reader, stream };
	void *library = dlopen("libinih.so.1", RTLD_NOW); /* kept: the linker leaves out what this function hides */
	int (*real)(ini_reader, void *, ini_handler, void *);

	*(void **)&real = dlsym(library, "ini_parse_stream");
	return real(read_guarded, &guarded, handler, user);
}

/* Events as text: "[section]" begins one, "LINE key=value;" a key, "!section;" a broken line, "?" before the first. */
static void on_line(void *context, const struct ini_line *line)
{
	if (line->key[0] == '\0')
		test_append(context, "[%s]", line->section);
	else
		test_append(context, "%u %s=%s;", line->line, line->key, line->value);
}

static void on_broken(void *context, const char *header)
{
	test_append(context, "!%s;", header != NULL ? header : "?");
}

/* The events, then the lines of the problems: " | LINE LINE". Owned by the caller. */
static char *events_of(const char *text, size_t length)
{
	struct problems problems = { 0 };
	char *events = util_copy("");
	const struct ini_reader reader = { on_line, on_broken, &events, "[a] or [b]" };

	ini_parse_text(text, length, "f", &reader, &problems);
	for (size_t i = 0; i < problems.count; i++)
		test_append(&events, "%s%s", i == 0 ? " |" : "", strchr(problems.items[i].where, ':'));
	problems_free(&problems);
	return events;
}

static const struct {
	const char *name, *text, *events;
} cases[] = {
	{ "nothing", "", "" },
	{ "a key", "[a]\nk=v\n", "[a]2 k=v;" },
	{ "without a newline at the end", "[a]\nk=v", "[a]2 k=v;" },
	{ "blanks around", "[a]\nk \t=  v w \t\n", "[a]2 k=v w;" },
	{ "no value", "[a]\nk=\n", "[a]2 k=;" },
	{ "empty and blank lines count", "\n  \n[a]\n\nk=v\n", "[a]5 k=v;" },
	{ "comments", "; c\n# c\n[a] ; c\n# c\nk=v ; c\n", "[a]5 k=v;" },
	{ "a comment behind a value needs a blank", "[a]\nk=v;w\nl=v#w #x\n", "[a]2 k=v;w;3 l=v#w #x;" },
	{ "a value that is a comment", "[a]\nk= ; c\n", "[a]2 k=;" },
	{ "= in a value", "[a]\nk=a=b:c\n", "[a]2 k=a=b:c;" },
	{ "a colon is no equals sign", "[a]\nk:v\n", "[a]!?; |:2" },
	{ "a colon behind a key", "[a]\nk: a=b\n", "[a]!?; |:2" },
	{ "two sections", "[a]\nk=v\n[b c]\nk=w\n", "[a]2 k=v;[b c]4 k=w;" },
	{ "the same one twice", "[a]\n[a]\n", "[a][a]" },
	{ "CRLF", "[a]\r\nk=v\r\n", "[a]2 k=v;" },
	{ "BOM", "\xEF\xBB\xBF[a]\nk=v\n", "[a]2 k=v;" },
	{ "BOM not at the start", "[a]\n\xEF\xBB\xBFk=v\n", "[a]!?; |:2" },
	{ "an indented line", "[a]\nk=v\n w\n", "[a]2 k=v;!?; |:3" },
	{ "an indented key", "[a]\n\tk=v\n", "[a]!?; |:2" },
	{ "an indented section", "[a]\n [b]\nk=v\n", "[a]!?;3 k=v; |:2" },
	{ "a key before any section", "k=v\n[a]\n", "!?;[a] |:1" },
	{ "no key", "[a]\n=v\n", "[a]!?; |:2" },
	{ "no equals sign", "[a]\nkey\n", "[a]!?; |:2" },
	{ "upper case", "[a]\nKey=v\n", "[a]!?; |:2" },
	{ "a blank in a key", "[a]\na b=v\n", "[a]!?; |:2" },
	{ "an unclosed header", "[a]\nk=v\n[b\nk=w\n", "[a]2 k=v;!b; |:3" },
	{ "keys below a broken header", "[b\nk=w\nj=\n[a]\nk=v\n", "!b;[a]5 k=v; |:1" },
	{ "an empty header", "[]\nk=v\n", "!]; |:1" },
	{ "text behind a header", "[a] k=v\n", "!a] k=v; |:1" },
	{ "a broken line below a broken header", "[\n k\n", "!; |:1:2" },
	{ "49 characters in a header", "[" A49 "]\nk=v\n", "[" A49 "]2 k=v;" },
	{ "50 characters in a header", "[" A49 "a]\nk=v\n", "!" A49 "a]; |:1" },
	{ "49 characters in a key", "[a]\n" A49 "=v\n", "[a]2 " A49 "=v;" },
	{ "50 characters in a key", "[a]\n" A49 "a=v\n", "[a]!?; |:2" },
	{ "a bracket in a value", "[a]\nk=[b]\n", "[a]2 k=[b];" },
	{ "a bracket in a header", "[a]b]\n", "!a]b]; |:1" },
	{ "noise", "\x01\x02\xff\n[a]\nk=\xff\n", "!?;[a]3 k=\xff; |:1" },
};

TEST(ini_lines)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_free char *events = NULL;

		test_case("%s", cases[i].name);
		events = events_of(cases[i].text, strlen(cases[i].text));
		CHECK_STR(events, cases[i].events);
	}
}

/* A person who is told what to write must be told this file's sections. */
TEST(ini_names_sections)
{
	static const struct {
		const char *text, *message;
	} wrong[] = {
		{ "k=v\n", "a line before the first section, expected [a] or [b]: 'k=v'" },
		{ "[]\n", "an empty section header, expected [a] or [b]: '[]'" },
		{ "[a\n", "a section header without ']', expected [a] or [b]: '[a'" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct problems problems = { 0 };
		char *events = util_copy("");
		const struct ini_reader reader = { on_line, on_broken, &events, "[a] or [b]" };

		ini_parse_text(wrong[i].text, strlen(wrong[i].text), "f", &reader, &problems);
		CHECK_INT(problems.count, 1);
		CHECK_STR(problems.items[0].message, wrong[i].message);
		problems_free(&problems);
		free(events);
	}
}

TEST(ini_nul_byte)
{
	static const char text[] = "[a]\nk=v\0w\nj=x\n";
	cleanup_free char *events = events_of(text, sizeof(text) - 1);

	CHECK_STR(events, "[a]!?;3 j=x; |:2");
}

/* What stands behind a line of the greatest length must be read like anything else. */
TEST(ini_long_lines)
{
	for (size_t length = 190; length <= 205; length++) {
		cleanup_free char *value = util_alloc(length), *text = NULL, *expected = NULL, *events = NULL;

		test_case("a line of %zu bytes", length);
		memset(value, 'v', length - strlen("k="));
		text = util_format("[a]\nk=%s\nl=x\n[b]\nm=y\n", value);
		expected = length <= INI_LINE_MAX ? util_format("[a]2 k=%s;3 l=x;[b]5 m=y;", value)
						  : util_copy("[a]!?;3 l=x;[b]5 m=y; |:2");
		events = events_of(text, strlen(text));
		CHECK_STR(events, expected);
	}
}

/* The same at the end of the text, where nothing may be read beyond it. */
TEST(ini_ends_anywhere)
{
	static const char text[] = "\xEF\xBB\xBF[device a]\r\nid = 1:2 ; c\r\n x\r\n[b\r\n";

	for (size_t length = 0; length < sizeof(text); length++) {
		cleanup_free char *exact = util_alloc(length + 1), *events = NULL;

		memcpy(exact, text, length);
		events = events_of(exact, length);
		CHECK_TRUE(events != NULL);
	}
}
