/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "binder/journal.h"

#include <errno.h>
#include <fcntl.h>

#include "tests/unit/test.h"

static void take(void *context, const struct journal_entry *entry)
{
	test_append(context, "%d %s %d %d%s%s;", (int)entry->event, entry->address, (int)entry->reason, entry->error,
		    entry->driver[0] != '\0' ? " " : "", entry->driver);
}

static char *events_of(const struct journal *journal)
{
	char *text = util_copy("");

	journal_read(journal, take, &text);
	return text;
}

TEST(journal_round_trip)
{
	int root = test_root("");
	struct journal journal;
	cleanup_free char *events = NULL, *text = NULL;

	CHECK_INT(journal_create(&journal), 0);
	journal_keep_copy(&journal, root, "run/vfiokit");
	CHECK_TRUE(journal_is_empty(&journal));
	journal_write(&journal, &(struct journal_entry){ JOURNAL_OVERRIDE, "0000:01:00.0", REASON_NONE, 0, "" });
	CHECK_TRUE(!journal_is_empty(&journal));
	journal_write(&journal, &(struct journal_entry){ JOURNAL_FAIL, "12345678:01:00.0", REASON_PROBE, -EINVAL, "" });
	journal_write(&journal, &(struct journal_entry){ JOURNAL_STUCK, "0000:01:00.0", REASON_STUCK, -ETIMEDOUT, "" });
	journal_write(&journal, &(struct journal_entry){ JOURNAL_UNBIND, "0000:01:00.0", REASON_NONE, 0, "nouveau" });
	events = events_of(&journal);
	CHECK_STR(events, "0 0000:01:00.0 22 0;7 12345678:01:00.0 21 -22;6 0000:01:00.0 20 -110;"
			  "2 0000:01:00.0 22 0 nouveau;");
	text = test_read_file(root, "run/vfiokit/journal");
	CHECK_STR(text, "override 0000:01:00.0 22 0 \nfail 12345678:01:00.0 21 22 \nstuck 0000:01:00.0 20 110 \n"
			"unbind 0000:01:00.0 22 0 nouveau\n");
	journal_close(&journal);
	CHECK_INT(journal.fd, -1);
}

/* A second process begins the file again, with all that the first one wrote. */
TEST(journal_copy_again)
{
	static const struct journal_entry first = { JOURNAL_OVERRIDE, "0000:01:00.0", REASON_NONE, 0, "a b" };
	static const struct journal_entry second = { JOURNAL_UNDONE, "0000:01:00.0", REASON_NONE, 0, "" };
	int root = test_root("");
	struct journal journal;
	cleanup_free char *events = NULL, *text = NULL;

	CHECK_INT(journal_create(&journal), 0);
	journal_write(&journal, &first);
	journal_keep_copy(&journal, root, "run/vfiokit");
	journal_write(&journal, &second);
	events = events_of(&journal);
	CHECK_STR(events, "0 0000:01:00.0 22 0 a b;8 0000:01:00.0 22 0;");
	text = test_read_file(root, "run/vfiokit/journal");
	CHECK_STR(text, "override 0000:01:00.0 22 0 a b\nundone 0000:01:00.0 22 0 \n");
	journal_close(&journal);
}

/* Each run begins a new one; what cannot be a file is kept in memory. */
TEST(journal_create)
{
	static const struct {
		const char *tree;
		bool is_file;
	} cases[] = {
		{ "", true },
		{ "F: run/vfiokit/journal=bind 0000:01:00.0 20 0\\n\n", true },
		{ "F: run=\n", false },
		{ "D: run/vfiokit/journal\n", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int root = test_root(cases[i].tree);
		struct journal journal;
		cleanup_free char *events = NULL, *file = NULL;

		test_case("%s", cases[i].tree);
		CHECK_INT(journal_create(&journal), 0);
		journal_keep_copy(&journal, root, "run/vfiokit");
		journal_write(&journal, &(struct journal_entry){ JOURNAL_DONE, "0000:02:00.0", REASON_NONE, 0, "" });
		events = events_of(&journal);
		CHECK_STR(events, "5 0000:02:00.0 22 0;");
		file = test_read_file(root, "run/vfiokit/journal");
		CHECK_INT(starts_with(file, "done "), cases[i].is_file);
		journal_close(&journal);
	}
}

/* A link in its place is not followed. */
TEST(journal_link_in_the_way)
{
	int root = test_root("F: victim=whole\\n\nD: run/vfiokit\n");
	struct journal journal;
	cleanup_free char *victim = NULL;

	CHECK_INT(symlinkat("../../victim", root, "run/vfiokit/journal"), 0);
	CHECK_INT(journal_create(&journal), 0);
	journal_keep_copy(&journal, root, "run/vfiokit");
	journal_write(&journal, &(struct journal_entry){ JOURNAL_DONE, "0000:02:00.0", REASON_NONE, 0, "" });
	journal_close(&journal);
	victim = test_read_file(root, "victim");
	CHECK_STR(victim, "whole\n");
}

TEST(journal_junk)
{
	static const struct {
		const char *text, *events;
	} cases[] = {
		{ "", "" },
		{ "done 0000:01:00.0 22 0", "" }, /* a line that was cut off */
		{ "done 0000:01:00.0 22 0\ndone 00", "5 0000:01:00.0 22 0;" },
		{ "\n\n\n", "" },
		{ "done\ndone 0000:01:00.0\ndone 0000:01:00.0 21\n", "" },
		{ "what 0000:01:00.0 22 0\n", "" },
		{ "done 0000:01:00.0 23 0\n", "" },
		{ "done 0000:01:00.0 22 99999\n", "" },
		{ "done 0000:01:00.0 -1 0\n", "" },
		{ "done x 0 0\n", "5 x 0 0;" },
		{ "unbind x 0 0 a b\n", "2 x 0 0 a b;" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int root = test_root("");
		struct journal journal;
		cleanup_free char *events = NULL;

		test_case("'%s'", cases[i].text);
		test_write_file(root, "journal", cases[i].text, strlen(cases[i].text));
		journal.copy = -1;
		journal.fd = openat(root, "journal", O_RDONLY | O_CLOEXEC);
		events = events_of(&journal);
		CHECK_STR(events, cases[i].events);
		journal_close(&journal);
	}
}
