/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/problem.h"

#include <stdarg.h>
#include <stdio.h>

void problem_add(struct problems *problems, enum problem_kind kind, const char *where, const char *format, ...)
{
	struct problem *problem;
	char text[512];
	va_list args;

	problems->counts[kind]++;
	if (problems->count == PROBLEMS_MAX) {
		problems->left_out++;
		return;
	}
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	problem = util_append(&problems->items, &problems->count, sizeof(*problem));
	problem->kind = kind;
	/* Both may quote what stood in a file. */
	problem->where = util_copy_printable(where);
	problem->message = util_copy_printable(text);
}

size_t problem_count(const struct problems *problems, enum problem_kind kind)
{
	return problems->counts[kind];
}

void problems_free(struct problems *problems)
{
	for (size_t i = 0; i < problems->count; i++) {
		free(problems->items[i].where);
		free(problems->items[i].message);
	}
	free(problems->items);
	*problems = (struct problems){ 0 };
}
