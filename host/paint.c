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

void paint_paragraph_behind(size_t indent, const char *text)
{
	size_t column = indent;

	while (*text != '\0') {
		size_t length = strcspn(text, " ");

		if (column > indent && column + 1 + length > PAINT_COLUMNS) {
			printf("\n%*s", (int)indent, "");
			column = indent;
		}
		printf("%s%.*s", column > indent ? " " : "", (int)length, text);
		column += length + (column > indent ? 1 : 0);
		text += length;
		text += strspn(text, " ");
	}
	putchar('\n');
}
