/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/paint.h"

#include <stdio.h>

#include "lib/util.h"

static bool has_colour;

void paint_setup(void)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	has_colour = isatty(STDOUT_FILENO) && (no == NULL || no[0] == '\0') && term != NULL && !streq(term, "dumb");
}

const char *paint_on(enum paint paint)
{
	static const char *const codes[] = {
		"", "\033[1m", "\033[2m", "\033[1;31m", "\033[33m", "\033[32m", "\033[34m"
	};

	return has_colour ? codes[paint] : "";
}

const char *paint_off(void)
{
	return has_colour ? "\033[0m" : "";
}

void paint_paragraph(const char *label, size_t indent, const char *text)
{
	printf("%-*s", (int)indent, label);
	paint_paragraph_behind(indent, text);
}

/* column: where the first line begins. */
static void print_wrapped(size_t column, size_t indent, const char *text)
{
	bool has_word = false;

	while (*text != '\0') {
		size_t length = strcspn(text, " ");

		if (has_word && column + 1 + length > PAINT_COLUMNS) {
			printf("\n%*s", (int)indent, "");
			column = indent;
			has_word = false;
		}
		printf("%s%.*s", has_word ? " " : "", (int)length, text);
		column += length + has_word;
		has_word = true;
		text += length;
		text += strspn(text, " ");
	}
	putchar('\n');
}

void paint_paragraph_behind(size_t indent, const char *text)
{
	print_wrapped(indent, indent, text);
}

void paint_hanging(const char *text)
{
	print_wrapped(0, PAINT_HANGING, text);
}
