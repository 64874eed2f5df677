/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "binder/switches.h"

#include <sys/stat.h>

#include "tests/unit/test.h"

/* "off plan skip=A id=N address=N group=G broken !N" (problems). Owned by the caller. */
static char *describe(const struct switches *switches, const struct problems *problems)
{
	char *text = util_copy(""), address[BDF_TEXT_SIZE];

	test_append(&text, "%s%s", switches->off ? " off" : "", switches->plan_only ? " plan" : "");
	for (size_t i = 0; i < switches->n_skip; i++) {
		bdf_format(&switches->skip[i], address);
		test_append(&text, " skip=%s", address);
	}
	if (switches->selectors.n_ids > 0)
		test_append(&text, " id=%zu", switches->selectors.n_ids);
	if (switches->selectors.n_addresses > 0)
		test_append(&text, " address=%zu", switches->selectors.n_addresses);
	if (switches->group[0] != '\0')
		test_append(&text, " group=%s", switches->group);
	test_append(&text, "%s", switches->is_broken ? " broken" : "");
	if (problem_count(problems, PROBLEM_POLICY) > 0)
		test_append(&text, " !%zu", problem_count(problems, PROBLEM_POLICY));
	return text;
}

static const struct {
	const char *line, *expected;
} cases[] = {
	{ "", "" },
	{ "quiet splash root=/dev/sda1", "" },
	{ "vfiokit=on", "" },
	{ "vfiokit=off", " off" },
	{ "quiet vfiokit=off\n", " off" },
	{ "vfiokit=plan", " plan" },
	{ "vfiokit=off vfiokit=on", " off" },
	{ "vfiokit=on vfiokit=off", " off" },
	{ "vfiokit=plan vfiokit=off", " off plan" },
	{ "vfiokit=0", " off !1" },
	{ "vfiokit=OFF", " off !1" },
	{ "vfiokit=", " off !1" },
	{ "vfiokit", " off !1" },
	{ "vfiokit=off,plan", " off !1" },
	{ "xvfiokit=off vfiokitx=off", "" },
	{ "\"vfiokit=off\"", " off" },
	{ "vfiokit=\"off\"", " off" },
	{ "\"vfiokit=off", " off" },
	{ "vfiokit=\"off", " off" },
	{ "foo=\"a vfiokit=off b\" quiet", "" },
	{ "foo=\"a\"vfiokit=off", "" },
	{ "-- vfiokit=off", " off" },
	{ "quiet -- vfiokit.skip=01:00.0 vfiokit.id=1111:0001", " skip=0000:01:00.0" },
	{ "quiet -- vfiokit.skip=xx", " off !1" },
	{ "vfiokit.skip=01:00.0", " skip=0000:01:00.0" },
	{ "vfiokit.skip=01:00.0,0001:02:00.1", " skip=0000:01:00.0 skip=0001:02:00.1" },
	{ "vfiokit.skip=01:00.0 vfiokit.skip=02:00.0", " skip=0000:01:00.0 skip=0000:02:00.0" },
	{ "vfiokit.skip=\"01:00.0 02:00.0\"", " skip=0000:01:00.0 skip=0000:02:00.0" },
	{ "vfiokit.skip=01:00.0,bogus", " off skip=0000:01:00.0 !1" },
	{ "vfiokit.id=1111:0001", " id=1" },
	{ "vfiokit.id=1111:0001,1111:*", " id=2" },
	{ "vfiokit.id=1111:0001 vfiokit.address=01:00.0", " id=1 address=1" },
	{ "vfiokit.id=1111", " broken !1" },
	{ "vfiokit.id=", " broken !1" },
	{ "vfiokit.id", " broken !1" },
	{ "vfiokit.address=1", " broken !1" },
	{ "vfiokit.id=1111:0001 vfiokit.group=whole", " id=1 group=whole" },
	{ "vfiokit.id=1111:0001 vfiokit.group=named", " id=1 group=named" },
	{ "vfiokit.id=1111:0001 vfiokit.group=all", " id=1 broken !1" },
	{ "vfiokit.group=whole", " group=whole !1" },
	{ "vfiokit.foo=1", " !1" },
	{ "VFIOKIT.skip=01:00.0", "" },
	{ "\"\" = \" == vfiokit.id=1111:0001", "" },
};

TEST(switches_parse)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct switches switches = { 0 };
		struct problems problems = { 0 };
		cleanup_free char *text = NULL;

		test_case("'%s'", cases[i].line);
		switches_parse(&switches, cases[i].line, &problems);
		text = describe(&switches, &problems);
		CHECK_STR(text, cases[i].expected);
		CHECK_INT(switches.off, switches.off_cause != NULL);
		switches_free(&switches);
		problems_free(&problems);
	}
}

static char *read_switches(int root, bool must_exist, size_t *ret_problems)
{
	struct switches switches = { 0 };
	struct problems problems = { 0 };
	char *text;

	switches_read(&switches, root, must_exist, &problems);
	text = describe(&switches, &problems);
	*ret_problems = problems.count;
	switches_free(&switches);
	problems_free(&problems);
	return text;
}

TEST(switches_read)
{
	static const struct {
		const char *tree;
		bool must_exist;
		const char *expected;
		size_t problems;
	} rows[] = {
		{ "F: proc/cmdline=quiet vfiokit=off\\n\n", true, " off", 0 },
		{ "F: proc/cmdline=a\\x00vfiokit=off\\n\n", true, " off", 0 },
		{ "", false, "", 0 },
		{ "", true, " off", 1 },
		{ "D: proc/cmdline\n", false, " off", 1 },
		{ "F: proc/cmdline=\n", true, "", 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		size_t problems = 0;
		cleanup_free char *text = read_switches(test_root(rows[i].tree), rows[i].must_exist, &problems);

		test_case("%s", rows[i].tree);
		CHECK_STR(text, rows[i].expected);
		CHECK_INT(problems, rows[i].problems);
	}
}

/* Two million bytes of junk: read within a bound, and said so; a FIFO is not waited for. */
TEST(switches_read_junk)
{
	int root = test_root("D: proc\n"), with_fifo = test_root("D: proc\n");
	cleanup_free char *junk = util_alloc(2000000), *text = NULL, *off = NULL;
	size_t problems = 0;

	for (size_t i = 0; i < 2000000; i++)
		junk[i] = "x= \"\0\nv"[i * 7919 % 8];
	test_write_file(root, "proc/cmdline", junk, 2000000);
	text = read_switches(root, true, &problems);
	CHECK_STR(text, "");
	CHECK_INT(problems, 1);
	CHECK_INT(mkfifoat(with_fifo, "proc/cmdline", 0600), 0);
	off = read_switches(with_fifo, false, &problems);
	CHECK_STR(off, " off");
}
