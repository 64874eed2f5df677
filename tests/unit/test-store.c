/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "binder/store.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>

#include "lib/child.h"
#include "lib/paths.h"
#include "tests/unit/test.h"

/* What is kept, without blanks; "(none)". Owned by the caller. */
static char *kept(int root)
{
	cJSON *document = store_read(root);
	char *text = document != NULL ? cJSON_PrintUnformatted(document) : util_copy("(none)");

	cJSON_Delete(document);
	return text;
}

/* Steps one after the other on one root. */
TEST(store_first_report_stays)
{
	static const struct {
		const char *report, *kept;
	} steps[] = {
		{ NULL, "(none)" },
		{ "{\"a\":1}", "{\"a\":1}" },
		{ "{\"a\":2}", "{\"a\":1,\"runs\":[{\"a\":2}]}" },
		{ "{\"a\":3}", "{\"a\":1,\"runs\":[{\"a\":2},{\"a\":3}]}" },
	};
	int root = test_root("");

	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		cleanup_free char *text = NULL;

		if (steps[i].report != NULL)
			CHECK_INT(store_add(root, PATH_RUN, cJSON_Parse(steps[i].report)), 0);
		text = kept(root);
		CHECK_STR(text, steps[i].kept);
	}
}

TEST(store_adopt)
{
#define PID1 "F: dev/.vfiokit/bind.json="
#define RUN "F: run/vfiokit/bind.json="
	static const struct {
		const char *name, *tree, *kept;
	} cases[] = {
		{ "nothing", "", "(none)" },
		{ "nothing of PID 1", RUN "{\"a\":1}\n", "{\"a\":1}" },
		{ "of PID 1 alone", PID1 "{\"a\":1}\n", "{\"a\":1}" },
		{ "in front of what is there", PID1 "{\"a\":1}\n" RUN "{\"a\":2}\n", "{\"a\":1,\"runs\":[{\"a\":2}]}" },
		{ "with runs on both sides",
		  PID1 "{\"a\":1,\"runs\":[{\"a\":2}]}\n" RUN "{\"a\":3,\"runs\":[{\"a\":4},{\"a\":5}]}\n",
		  "{\"a\":1,\"runs\":[{\"a\":2},{\"a\":3},{\"a\":4},{\"a\":5}]}" },
		{ "runs of a wrong kind", PID1 "{\"a\":1,\"runs\":7}\n" RUN "{\"a\":2,\"runs\":\"x\"}\n",
		  "{\"a\":1,\"runs\":[{\"a\":2}]}" },
		{ "junk of PID 1", PID1 "junk\n" RUN "{\"a\":2}\n", "{\"a\":2}" },
		{ "junk in /run", PID1 "{\"a\":1}\n" RUN "junk\n", "{\"a\":1}" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int root = test_root(cases[i].tree);
		cleanup_free char *before = NULL, *after = NULL, *again = NULL;

		test_case("%s", cases[i].name);
		before = kept(root); /* reads it from wherever it is */
		CHECK_STR(before, cases[i].kept);
		CHECK_INT(store_adopt(root), 0);
		after = kept(root);
		CHECK_STR(after, cases[i].kept);
		if (strstr(cases[i].tree, PID1 "{") != NULL)
			CHECK_INT(faccessat(root, PATH_RUN_PID1, F_OK, 0), -1);
		CHECK_INT(store_adopt(root), 0);
		again = kept(root);
		CHECK_STR(again, cases[i].kept);
	}
}

/* What is there but no report is set aside, not lost. */
TEST(store_junk)
{
	static const char *const junk[] = { "", "x", "[]", "1", "null", "{\"a\":", "\xff\xfe" };

	for (size_t i = 0; i < ARRAY_SIZE(junk); i++) {
		int root = test_root("D: run/vfiokit\n");
		cleanup_free char *nothing = NULL, *text = NULL, *aside = NULL;

		test_case("'%s'", junk[i]);
		test_write_file(root, "run/vfiokit/bind.json", junk[i], strlen(junk[i]));
		nothing = kept(root);
		CHECK_STR(nothing, "(none)");
		CHECK_INT(store_add(root, PATH_RUN, cJSON_Parse("{\"a\":1}")), 0);
		text = kept(root);
		CHECK_STR(text, "{\"a\":1}");
		aside = test_read_file(root, "run/vfiokit/bind.json.broken");
		CHECK_STR(aside, junk[i]);
	}
}

/* udev may start us again and again: /run must not fill up, and the first report is never dropped. */
TEST(store_many_runs)
{
	int root = test_root("");
	cJSON *document, *runs;

	for (int i = 0; i < 130; i++) {
		cJSON *report = cJSON_CreateObject();

		cJSON_AddNumberToObject(report, "n", i);
		CHECK_INT(store_add(root, PATH_RUN, report), 0);
	}
	document = store_read(root);
	runs = cJSON_GetObjectItemCaseSensitive(document, "runs");
	CHECK_INT(cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(document, "n")), 0);
	CHECK_INT(cJSON_GetArraySize(runs), 100);
	CHECK_INT(cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(cJSON_GetArrayItem(runs, 99), "n")), 129);
	cJSON_Delete(document);
}

#define REPORT(command, probation) "{\"command\":\"" command "\",\"policy_digest\":\"a1\",\"probation\":" probation "}"

/* What those who come later make of the first run: "down", "covered", "uncalled". */
TEST(store_first)
{
	static const struct {
		const char *first, *later, *expected;
	} rows[] = {
		{ NULL, NULL, "uncalled " },
		{ REPORT("boot", "null"), NULL, "uncalled a1" },
		{ REPORT("boot", "null"), REPORT("apply", "\"tried\""), "a1" },
		{ REPORT("apply", "null"), NULL, "a1" },
		{ REPORT("boot", "\"tried\""), NULL, "covered a1" },
		{ REPORT("apply", "\"proven\""), REPORT("apply", "\"down\""), "covered a1" },
		{ REPORT("boot", "\"none\""), NULL, "a1" },
		{ REPORT("boot", "\"down\""), NULL, "down a1" },
		{ "{}", NULL, "" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int root = test_root("");
		struct store_first first;
		cleanup_free char *text = NULL;

		test_case("%zu", i);
		if (rows[i].first != NULL)
			CHECK_INT(store_add(root, PATH_RUN, cJSON_Parse(rows[i].first)), 0);
		if (rows[i].later != NULL)
			CHECK_INT(store_add(root, PATH_RUN, cJSON_Parse(rows[i].later)), 0);
		store_first(root, &first);
		text = util_format("%s%s%s%s", first.is_down ? "down " : "", first.is_covered ? "covered " : "",
				   first.is_uncalled ? "uncalled " : "", first.digest);
		CHECK_STR(text, rows[i].expected);
	}
}

TEST(store_cannot_write)
{
	int root = test_root("F: run=\n");

	CHECK_INT(store_add(root, PATH_RUN, cJSON_Parse("{}")), -ENOTDIR);
}

static int lock_in_child(void *context)
{
	struct store_lock lock;

	store_lock(&lock, *(int *)context, PATH_RUN, 0);
	return lock.fd < 0 ? 1 : 0;
}

static int sleep_in_child(void *context)
{
	(void)context;
	return pause();
}

static bool can_lock(int root)
{
	struct child child;

	CHECK_INT(child_start(&child, lock_in_child, &root), 0);
	return child_wait(&child, child_now() + 10000) == 0;
}

/* Children keep the lock when we die, but not when we are done. */
TEST(store_lock)
{
	int root = test_root("");
	struct store_lock lock;
	struct child child;

	store_lock(&lock, root, PATH_RUN, 0);
	CHECK_TRUE(lock.fd >= 0);
	CHECK_TRUE(!can_lock(root));
	CHECK_INT(child_start(&child, sleep_in_child, NULL), 0);
	close(lock.fd);
	CHECK_TRUE(!can_lock(root));
	CHECK_INT(child_wait(&child, 0), -ETIMEDOUT);
	(void)waitpid(child.pid, NULL, 0);

	store_lock(&lock, root, PATH_RUN, 0);
	CHECK_TRUE(lock.fd >= 0);
	CHECK_INT(child_start(&child, sleep_in_child, NULL), 0);
	store_unlock(&lock);
	CHECK_TRUE(can_lock(root));
	CHECK_INT(child_wait(&child, 0), -ETIMEDOUT);
}
