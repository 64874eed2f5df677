/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "binder/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>

#include "lib/file.h"
#include "lib/parse.h"
#include "lib/paths.h"

static const char *const words[] = {
	[JOURNAL_OVERRIDE] = "override", [JOURNAL_CLEARED] = "cleared", [JOURNAL_UNBIND] = "unbind",
	[JOURNAL_UNBOUND] = "unbound",   [JOURNAL_PREPARE] = "prepare", [JOURNAL_RESET] = "reset",
	[JOURNAL_BIND] = "bind",         [JOURNAL_DONE] = "done",       [JOURNAL_STUCK] = "stuck",
	[JOURNAL_FAIL] = "fail",         [JOURNAL_UNDONE] = "undone",
};

int journal_create(struct journal *journal)
{
	*journal = (struct journal){ memfd_create(NAME_JOURNAL, MFD_CLOEXEC), -1 };
	return journal->fd < 0 ? -errno : 0;
}

bool journal_is_empty(const struct journal *journal)
{
	return lseek(journal->fd, 0, SEEK_END) <= 0;
}

/* Returns all of its text, owned by the caller; NULL if there is none. */
static char *read_text(const struct journal *journal)
{
	off_t size = lseek(journal->fd, 0, SEEK_END);
	char *text;
	ssize_t n;

	if (size <= 0)
		return NULL;
	text = util_alloc((size_t)size + 1);
	n = pread(journal->fd, text, (size_t)size, 0);
	text[n > 0 ? n : 0] = '\0';
	return text;
}

void journal_keep_copy(struct journal *journal, int root, const char *directory)
{
	cleanup_free char *text = read_text(journal);
	char path[64];

	snprintf(path, sizeof(path), "%s/" NAME_JOURNAL, directory);
	journal->copy = file_create(root, path, O_WRONLY | O_APPEND);
	if (journal->copy >= 0 && text != NULL)
		(void)!write(journal->copy, text, strlen(text));
}

void journal_close(struct journal *journal)
{
	util_close_fd(&journal->fd);
	util_close_fd(&journal->copy);
	journal->fd = journal->copy = -1;
}

void journal_write(const struct journal *journal, const struct journal_entry *entry)
{
	char line[96 + SYSFS_NAME_SIZE];
	int n = snprintf(line, sizeof(line), "%s %s %d %d %s\n", words[entry->event], entry->address,
			 (int)entry->reason, -entry->error, entry->driver);

	(void)!write(journal->fd, line, (size_t)n);
	if (journal->copy >= 0)
		(void)!write(journal->copy, line, (size_t)n);
}

static void read_line(char *line, void (*take)(void *context, const struct journal_entry *entry), void *context)
{
	const char *word = parse_next_word(&line), *address = parse_next_word(&line);
	const char *reason_word = parse_next_word(&line), *error_word = parse_next_word(&line);
	const char *driver = line; /* the rest: a name may have blanks */
	uint64_t reason, error;

	if (error_word == NULL || !parse_number(reason_word, 10, REASON_NONE, &reason) ||
	    !parse_number(error_word, 10, 4096, &error))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		struct journal_entry entry = { (enum journal_event)i, address, (enum reason)reason, -(int)error,
					       driver };

		if (streq(word, words[i]))
			take(context, &entry);
	}
}

void journal_read(const struct journal *journal, void (*take)(void *context, const struct journal_entry *entry),
		  void *context)
{
	cleanup_free char *text = read_text(journal);

	for (char *line = text, *next; line != NULL && (next = strchr(line, '\n')) != NULL; line = next + 1) {
		*next = '\0';
		read_line(line, take, context);
	}
}
