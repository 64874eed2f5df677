/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Settings of the kernel: what is done with one, and a folder full of them, from the first claim to the last. */
#include "hooks/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "hooks/conf_guest.h"
#include "hooks/tuning.h"
#include "lib/log.h"
#include "lib/paths.h"
#include "tests/unit/test.h"

static struct cpulist list(const char *text)
{
	struct cpulist set = { 0 };

	CHECK_TRUE(cpulist_parse(text, &set));
	return set;
}

/* The record as "FORMER/WRITTEN/NEXT", NULL if there is none; away: NULL if nobody wants it. */
TEST(setting_decide)
{
	static const char *const names[] = { "none", "write", "drop", "forget", "foreign" };
	static const struct {
		const char *name, *away, *current, *record, *expected;
	} cases[] = {
		{ "nobody wants anything", NULL, "0-7", NULL, "none" },
		{ "the first guest", "2-3", "0-7", NULL, "write 0-1,4-7" },
		{ "it is away already", "2-3", "4", NULL, "none" },
		{ "it would have none", "2-3", "2", NULL, "write 0-1,4-7" },
		{ "it would have none that is online", "2-3", "2,9", NULL, "write 0-1,4-7" },
		{ "done", "2-3", "0-1,4-7", "0-7/0-1,4-7/0-1,4-7", "none" },
		{ "a second guest", "2-5", "0-1,4-7", "0-7/0-1,4-7/0-1,4-7", "write 0-1,6-7" },
		{ "the first of two goes", "4-5", "0-1,6-7", "0-7/0-1,6-7/0-1,6-7", "write 0-3,6-7" },
		{ "the last one goes", NULL, "0-1,4-7", "0-7/0-1,4-7/0-1,4-7", "write 0-7" },
		{ "killed before the write", "2-3", "0-7", "0-7/0-7/0-1,4-7", "write 0-1,4-7" },
		{ "killed behind the write", "2-3", "0-1,4-7", "0-7/0-7/0-1,4-7", "none" },
		{ "killed before the write, nobody is left", NULL, "0-7", "0-7/0-7/0-1,4-7", "drop" },
		{ "killed behind the write, nobody is left", NULL, "0-1,4-7", "0-7/0-7/0-1,4-7", "write 0-7" },
		{ "killed while giving back", NULL, "0-7", "0-7/0-1,4-7/0-7", "drop" },
		{ "changed by others", "2-3", "0", "0-7/0-1,4-7/0-1,4-7", "foreign" },
		{ "changed by others, the last one goes", NULL, "0", "0-7/0-1,4-7/0-1,4-7", "forget" },
		{ "given back by others, the last one goes", NULL, "0-7", "0-7/0-1,4-7/0-1,4-7", "drop" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct setting setting = { .format = SETTING_MASK, .is_wanted = cases[i].away != NULL };
		cleanup_free char *record_text = util_copy(cases[i].record != NULL ? cases[i].record : "//");
		cleanup_free char *got = NULL;
		char *rest = record_text;
		struct setting_record record = { .former = strsep(&rest, "/") };
		struct setting_decision decision;

		record.written = strsep(&rest, "/");
		record.next = rest;
		test_case("%s", cases[i].name);
		setting.away = list(cases[i].away != NULL ? cases[i].away : "");
		setting.spare = list("0-7");
		cpulist_remove(&setting.spare, &setting.away);
		setting_decide(&setting, cases[i].current, cases[i].record != NULL ? &record : NULL, &decision);
		got = util_format("%s%s%s", names[decision.step], decision.value != NULL ? " " : "",
				  decision.value != NULL ? decision.value : "");
		CHECK_STR(got, cases[i].expected);
		free(decision.value);
	}
}

TEST(setting_values)
{
	static const struct {
		enum setting_format format;
		const char *text, *value, *again; /* value NULL: none */
	} cases[] = {
		{ SETTING_IRQ, "0-3", "0-3", "0-3" },
		{ SETTING_IRQ, "", NULL, NULL },
		{ SETTING_IRQ, "x", NULL, NULL },
		{ SETTING_MASK, "ff,00000000", "32-39", "ff,00000000" },
		{ SETTING_MASK, "0", NULL, NULL },
		{ SETTING_WORD, "schedutil", "schedutil", "schedutil" },
		{ SETTING_WORD, "<unsupported> ", NULL, NULL },
		{ SETTING_WORD, "", NULL, NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_free char *value = setting_parse(cases[i].format, cases[i].text), *again = NULL;

		test_case("%zu", i);
		CHECK_INT(value != NULL, cases[i].value != NULL);
		if (value == NULL)
			continue;
		CHECK_STR(value, cases[i].value);
		again = setting_format(cases[i].format, value);
		CHECK_STR(again, cases[i].again);
	}
}

#define HEAD "vfiokit-settings 1\n"

TEST(settings_records)
{
	static const struct {
		const char *text;
		bool good;
	} cases[] = {
		{ HEAD, true },
		{ HEAD "irq proc/irq/1/smp_affinity_list 0-3 0-1 0-1\nmask a 0-40 0 1\nword b x y z\n", true },
		{ "vfiokit-settings 2\n", false },
		{ "", false },
		{ HEAD "mask a 0 0\n", false },
		{ HEAD "mask a 0 0 0 0\n", false },
		{ HEAD "mask a  0 0\n", false },
		{ HEAD "mask /a 0 0 0\n", false },
		{ HEAD "mask a/../b 0 0 0\n", false },
		{ HEAD "list a 0 0 0\n", false },
		{ HEAD "mask a f 0 0\n", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct setting_records records;
		cleanup_free char *again = NULL;

		test_case("%zu", i);
		CHECK_INT(settings_parse_records(&records, cases[i].text, strlen(cases[i].text)), cases[i].good);
		again = settings_format_records(&records);
		if (cases[i].good)
			CHECK_STR(again, cases[i].text);
		settings_free_records(&records);
	}
}

#define HOST                                                                                                           \
	"F: dev/kmsg=\n"                                                                                               \
	"F: sys/devices/virtual/workqueue/cpumask=ff\\n\n"                                                             \
	"F: sys/devices/system/cpu/possible=0-7\\n\n"                                                                  \
	"F: sys/devices/system/cpu/online=0-7\\n\n"

/* Guests with these CPUs, all of which want everything; then what stands in the file. */
static void check(int root, const char *const *guests, int expected, const char *value)
{
	struct claims claims = { 0 };
	cleanup_free char *text = NULL;

	test_case("%s", value);
	log_setup("unit", false, root);
	for (; *guests != NULL; guests++) {
		struct claim *claim = util_append(&claims.items, &claims.count, sizeof(*claim));

		claim->cpus = list(*guests);
		claim->tune = TUNE_ALL;
	}
	CHECK_INT(tuning_apply(root, &claims, 0), expected);
	claims_free(&claims);
	text = test_read_file(root, PATH_WORKQUEUE_CPUS);
	text[strcspn(text, "\n")] = '\0';
	CHECK_STR(text, value);
}

#define GUESTS(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define NOBODY ((const char *const[]){ NULL })

TEST(tuning_up_and_down)
{
	int root = test_root(HOST);

	check(root, NOBODY, 0, "ff");
	check(root, GUESTS("2-3"), 0, "f3");
	check(root, GUESTS("2-3"), 0, "f3");
	check(root, GUESTS("2-3", "3-5"), 0, "c3");
	check(root, GUESTS("3-5"), 0, "c7");
	check(root, NOBODY, 0, "ff");
	CHECK_INT(faccessat(root, PATH_SETTINGS, F_OK, 0), -1);
}

TEST(tuning_foreign_change)
{
	int root = test_root(HOST);

	check(root, GUESTS("2-3"), 0, "f3");
	test_write_file(root, PATH_WORKQUEUE_CPUS, "1", 1);
	check(root, GUESTS("2-3"), -EBUSY, "1");
	check(root, NOBODY, 0, "1");
	CHECK_INT(faccessat(root, PATH_SETTINGS, F_OK, 0), -1);
}

#define RECORD "F: run/vfiokit/settings=vfiokit-settings 1\\nmask " PATH_WORKQUEUE_CPUS " "

static void set_masks(int root, const char *requested, const char *isolated, const char *effective)
{
	test_write_file(root, PATH_WORKQUEUE_REQUESTED, requested, strlen(requested));
	test_write_file(root, PATH_WORKQUEUE_ISOLATED, isolated, strlen(isolated));
	test_write_file(root, PATH_WORKQUEUE_CPUS, effective, strlen(effective));
}

/*
 * A kernel that knows what was asked for besides what is in force, and partitions that come and go. A folder does not
 * take over what we write into the other file, so each step is checked by itself: what is in force, and the record.
 */
TEST(tuning_partitions)
{
	static const struct {
		const char *name, *requested, *isolated, *effective, *record, *guests[2];
		int expected;
		const char *value;
	} cases[] = {
		{ "CPU 7 is in a partition when the first guest comes", "ff", "80", "7f", NULL, { "2-3" }, -EIO, "73" },
		{ "it runs, nothing has changed", "73", "80", "73", "0-7 0-1,4-6 0-1,4-6", { "2-3" }, 0, "73" },
		{ "another partition comes", "73", "c0", "33", "0-7 0-1,4-6 0-1,4-6", { "2-3" }, -EIO, "33" },
		{ "the partition goes", "73", "0", "73", "0-7 0-1,4-6 0-1,4-6", { "2-3" }, -EIO, "f3" },
		{ "nobody isolates any", "f3", "0", "f3", "0-7 0-1,4-7 0-1,4-7", { "2-3" }, 0, "f3" },
		{ "the guest goes: what was asked for comes back",
		  "73",
		  "80",
		  "73",
		  "0-7 0-1,4-6 0-1,4-6",
		  { NULL },
		  -EIO,
		  "ff" },
		{ "it goes behind a change of partitions",
		  "73",
		  "10",
		  "63",
		  "0-7 0-1,4-6 0-1,4-6",
		  { NULL },
		  -EIO,
		  "ff" },
		{ "somebody else asks for less", "3", "0", "3", "0-7 0-1,4-6 0-1,4-6", { "2-3" }, -EBUSY, "3" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *record = cases[i].record;
		cleanup_free char *tree = util_format(HOST "%s%s%s", record != NULL ? RECORD : "",
						      record != NULL ? record : "", record != NULL ? "\\n\n" : "");
		int root = test_root(tree);

		test_case("%s", cases[i].name);
		set_masks(root, cases[i].requested, cases[i].isolated, cases[i].effective);
		check(root, cases[i].guests, cases[i].expected, cases[i].value);
	}
}

TEST(tuning_not_possible)
{
	int root = test_root("F: dev/kmsg=\nF: sys/devices/system/cpu/possible=0-7\\n\n");
	int other = test_root(HOST);
	struct claim claim = { .tune = TUNE_ALL };
	const struct claims claims = { &claim, 1 };

	claim.cpus = list("2");
	log_setup("unit", false, other);
	CHECK_INT(tuning_apply(root, &claims, 0), -ENOENT);
	/* A setting that cannot be read, and one that says nothing that we know. */
	test_write_file(other, PATH_WORKQUEUE_CPUS, "what", 4);
	CHECK_INT(tuning_apply(other, &claims, 0), -EIO);
	CHECK_INT(faccessat(other, PATH_SETTINGS, F_OK, 0), -1);
}

/* CPUs 0-3 have one clock, 4 and 5 one each; of 6 and 7 nothing is known. */
#define CLOCKS                                                                                                         \
	HOST "F: sys/devices/system/cpu/cpufreq/policy0/related_cpus=0 1 2 3\\n\n"                                     \
	     "F: sys/devices/system/cpu/cpufreq/policy0/scaling_governor=schedutil\\n\n"                               \
	     "F: sys/devices/system/cpu/cpufreq/policy4/related_cpus=4\\n\n"                                           \
	     "F: sys/devices/system/cpu/cpufreq/policy4/scaling_governor=schedutil\\n\n"                               \
	     "F: sys/devices/system/cpu/cpufreq/policy5/related_cpus=5\\n\n"                                           \
	     "F: sys/devices/system/cpu/cpufreq/policy5/scaling_governor=powersave\\n\n"

/* The governors for a guest with these CPUs, NULL: none. */
static void check_governors(int root, const char *cpus, int profiles, int expected, const char *governors)
{
	struct claim claim = { .tune = TUNE_GOVERNOR };
	const struct claims claims = { &claim, cpus != NULL };
	cleanup_free char *got = NULL;

	test_case("%s", governors);
	log_setup("unit", false, root);
	claim.cpus = list(cpus != NULL ? cpus : "");
	CHECK_INT(tuning_apply(root, &claims, profiles), expected);
	for (int i = 0; i < 6; i = i == 0 ? 4 : i + 1) {
		cleanup_free char *path = util_format(PATH_CPUFREQ "/policy%d/scaling_governor", i);
		cleanup_free char *one = test_read_file(root, path);

		test_append(&got, " %.*s", (int)strcspn(one, "\n"), one);
	}
	CHECK_STR(got, governors);
}

TEST(tuning_governors)
{
	int root = test_root(CLOCKS);
	struct cpulist some = list("3-4"), others = list("6-7");

	CHECK_TRUE(tuning_has_governors(root, &some));
	CHECK_TRUE(!tuning_has_governors(root, &others));
	check_governors(root, "3-4", 0, 0, " performance performance powersave");
	check_governors(root, "5-6", 0, 0, " schedutil schedutil performance");
	/* power-profiles-daemon has come. */
	check_governors(root, "5-6", 1, 0, " schedutil schedutil powersave");
	/* It may have: nothing new, but what was set stays while it is wanted. */
	check_governors(root, "5", -ETIMEDOUT, 0, " schedutil schedutil powersave");
	check_governors(root, "4", 0, 0, " schedutil performance powersave");
	check_governors(root, "4-5", -ETIMEDOUT, 0, " schedutil performance powersave");
	check_governors(root, "5", -ETIMEDOUT, 0, " schedutil schedutil powersave");
	check_governors(root, "4", 0, 0, " schedutil performance powersave");
	test_write_file(root, PATH_CPUFREQ "/policy4/scaling_governor", "userspace", 9);
	check_governors(root, "4", 0, -EBUSY, " schedutil userspace powersave");
	check_governors(root, NULL, 0, 0, " schedutil userspace powersave");
	/* No kernel with such a governor would say nothing. */
	CHECK_INT(unlinkat(root, PATH_CPUFREQ "/policy0/scaling_governor", 0), 0);
	CHECK_INT(mkdirat(root, PATH_CPUFREQ "/policy0/scaling_governor", 0755), 0);
	check_governors(root, "0", 0, -EIO, " (missing) userspace powersave");
	CHECK_INT(faccessat(root, PATH_SETTINGS, F_OK, 0), -1);
}
