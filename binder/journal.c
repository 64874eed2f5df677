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
	[JOURNAL_UNBOUND] = "unbound",   [JOURNAL_BIND] = "bind",       [JOURNAL_DONE] = "done",
	[JOURNAL_STUCK] = "stuck",       [JOURNAL_FAIL] = "fail",       [JOURNAL_UNDONE] = "undone",
};

int journal_create(struct journal *journal, int root, const char *directory)
{
	cleanup_free char *path = util_format("%s/" NAME_JOURNAL, directory);

	journal->copy = file_create(root, path, O_WRONLY | O_APPEND);
	journal->fd = memfd_create(NAME_JOURNAL, MFD_CLOEXEC);
	return journal->fd < 0 ? -errno : 0;
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
	const char *driver = parse_next_word(&line);
	uint64_t reason, error;

	if (error_word == NULL || !parse_number(reason_word, 10, REASON_NONE, &reason) ||
	    !parse_number(error_word, 10, 4096, &error))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		struct journal_entry entry = { (enum journal_event)i, address, (enum reason)reason, -(int)error,
					       driver != NULL ? driver : "" };

		if (streq(word, words[i]))
			take(context, &entry);
	}
}

void journal_read(const struct journal *journal, void (*take)(void *context, const struct journal_entry *entry),
		  void *context)
{
	off_t size = lseek(journal->fd, 0, SEEK_END);
	cleanup_free char *text = NULL;
	ssize_t n;

	if (size <= 0)
		return;
	text = util_alloc((size_t)size + 1);
	n = pread(journal->fd, text, (size_t)size, 0);
	if (n <= 0)
		return;
	text[n] = '\0';
	for (char *line = text, *next; (next = strchr(line, '\n')) != NULL; line = next + 1) {
		*next = '\0';
		read_line(line, take, context);
	}
}
