/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text for people: colour where a terminal wants it, and lines that fit it. */
#ifndef VFIOKIT_PAINT_H
#define VFIOKIT_PAINT_H

#include <stdbool.h>
#include <stddef.h>

enum paint { PAINT_PLAIN, PAINT_BOLD, PAINT_DIM, PAINT_RED, PAINT_YELLOW, PAINT_GREEN, PAINT_BLUE };

/* Decides once: colour only if standard output is a terminal, TERM is not dumb and NO_COLOR is not set (or empty). */
void paint_setup(void);

/* What begins and ends a coloured text; "" where there is no colour. */
const char *paint_on(enum paint paint);
const char *paint_off(void);

/* Columns that a line may have. */
#define PAINT_COLUMNS 80

/*
 * Prints text in lines of at most PAINT_COLUMNS, each behind indent blanks; the first one behind label, which is padded
 * to the indent. Words that are longer than a line are not broken.
 */
void paint_paragraph(const char *label, size_t indent, const char *text);

/* The same, where a label of indent columns was printed already. */
void paint_paragraph_behind(size_t indent, const char *text);

/* The same from the margin on, with PAINT_HANGING blanks before all lines but the first. */
#define PAINT_HANGING 2
void paint_hanging(const char *text);

#endif
