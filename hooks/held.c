/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/held.h"

#include <unistd.h>

#include "hooks/claims.h"
#include "lib/file.h"
#include "lib/parse.h"
#include "lib/paths.h"
#include "lib/util.h"

static const char *const words[] = { [HELD_ABSENT] = "absent", [HELD_HELD] = "held" };

static char *path_of(const char *uuid)
{
	return util_format(PATH_HELD "/%s", uuid);
}

static void add_line(char **text, const char *word, const char *path)
{
	char *longer = util_format("%s%s %s\n", *text, word, path);

	free(*text);
	*text = longer;
}

int held_write(int root, const struct claim *claim, const enum held_state *states)
{
	cleanup_free char *path = path_of(claim->uuid), *text = NULL;

	text = util_format("guard %d %llu\n", getpid(), (unsigned long long)claims_process_start(root, getpid()));
	for (size_t i = 0; i < claim->n_disks; i++)
		if (claim->disks[i].is_held && states[i] != HELD_MISSING)
			add_line(&text, words[states[i]], claim->disks[i].path);
	return file_write(root, path, text, strlen(text));
}

void held_remove(int root, const char *uuid)
{
	cleanup_free char *path = path_of(uuid);

	(void)file_remove(root, path, 0);
}

static bool is_alive(int root, char *line)
{
	const char *word = parse_next_word(&line), *pid = parse_next_word(&line), *started = parse_next_word(&line);
	uint64_t number, time;

	return word != NULL && streq(word, "guard") && pid != NULL && started != NULL &&
	       parse_number(pid, 10, INT32_MAX, &number) && parse_number(started, 10, UINT64_MAX, &time) && time != 0 &&
	       claims_process_start(root, (pid_t)number) == time;
}

/* What a guard that lives says behind its first line, in text, which is owned by the caller; else NULL. */
static char *read_lines(int root, const char *uuid, char **text)
{
	cleanup_free char *path = path_of(uuid);
	char *rest;
	size_t length;

	*text = NULL;
	if (file_read(root, path, CLAIM_SIZE_MAX, text, &length) < 0)
		return NULL;
	rest = *text;
	return is_alive(root, strsep(&rest, "\n")) ? rest : NULL;
}

bool held_is_guarded(int root, const char *uuid)
{
	cleanup_free char *text = NULL;

	return read_lines(root, uuid, &text) != NULL;
}

static void take_line(const struct claim *claim, const char *word, const char *path, enum held_state *states)
{
	enum held_state state = streq(word, words[HELD_HELD])     ? HELD_HELD
				: streq(word, words[HELD_ABSENT]) ? HELD_ABSENT
								  : HELD_MISSING;

	for (size_t i = 0; i < claim->n_disks; i++)
		if (claim->disks[i].is_held && streq(claim->disks[i].path, path))
			states[i] = state;
}

enum held_state *held_read(int root, const struct claim *claim)
{
	enum held_state *states = util_alloc((claim->n_disks + 1) * sizeof(*states));
	cleanup_free char *text = NULL;
	char *rest = read_lines(root, claim->uuid, &text), *path;

	while ((path = strsep(&rest, "\n")) != NULL) {
		const char *word = strsep(&path, " ");

		if (path != NULL)
			take_line(claim, word, path, states);
	}
	return states;
}
