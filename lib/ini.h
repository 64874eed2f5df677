/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * INI files, read strictly. The packaged inih does the parsing; a line check stands in front of it and stops what
 * inih would take in silence: indented lines (a second value of the key before), lines that are too long (cut in two),
 * NUL bytes, names that are too long (cut, so that two become one), keys without a section.
 */
#ifndef VFIOKIT_INI_H
#define VFIOKIT_INI_H

#include "lib/problem.h"

/* Longest line without its end; inih has a buffer of 200. */
#define INI_LINE_MAX 199
/* Longest text between the brackets of a section; inih keeps 49 characters. */
#define INI_NAME_MAX 49

struct ini_line {
	const char *file;
	unsigned int line;
	const char *section; /* the whole text between the brackets */
	const char *key;     /* "" where the section begins */
	const char *value;   /* without a comment and blanks around it; may be empty */
};

struct ini_reader {
	/* A section begins (key is ""), or a key in it. Borrowed strings, valid during the call. */
	void (*on_line)(void *context, const struct ini_line *line);
	/*
	 * The check refused a line; it was added to problems already. header: NULL for a line of the section in which
	 * we are (which may be none), else what stands behind the bracket of a broken section header, whose section is
	 * skipped.
	 */
	void (*on_broken)(void *context, const char *header);
	void *context;
	const char *sections; /* those that the file may have, for messages: "[policy] or [device NAME]" */
};

/*
 * Parses a text of length bytes. file: the name to show in problems. A BOM and CRLF line ends are accepted.
 */
void ini_parse_text(const char *text, size_t length, const char *file, const struct ini_reader *reader,
		    struct problems *problems);

#endif
