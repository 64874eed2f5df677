/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CPU isolation on a systemd of our own, which treats an empty AllowedCPUs as systemd 252 does. */
#include "hooks/cpus.h"
#include "hooks/records.h"

#include <errno.h>
#include <fcntl.h>

#include "lib/file.h"
#include "lib/log.h"
#include "lib/paths.h"
#include "tests/unit/test.h"

#define UNITS_MAX 8

struct fake_systemd {
	int root;
	struct {
		char name[64];
		struct cpulist allowed;
	} units[UNITS_MAX];
	char *writes;   /* "UNIT=CPUS;" of each */
	int fail_write; /* fail this one, counted down */
	bool kernel_says_no;
};

static struct cpulist list(const char *text)
{
	struct cpulist set = { 0 };

	CHECK_TRUE(cpulist_parse(text, &set));
	return set;
}

static struct cpulist *find(struct fake_systemd *fake, const char *unit)
{
	for (size_t i = 0; i < UNITS_MAX; i++) {
		if (fake->units[i].name[0] == '\0')
			CHECK_TRUE(util_copy_fixed(fake->units[i].name, sizeof(fake->units[i].name), unit));
		if (streq(fake->units[i].name, unit))
			return &fake->units[i].allowed;
	}
	abort();
}

static int fake_get(void *context, const char *unit, struct cpulist *ret)
{
	*ret = *find(context, unit);
	return 0;
}

/* The trap: the kernel is told nothing when the setting becomes empty. */
static int fake_set(void *context, const char *unit, const struct cpulist *cpus)
{
	struct fake_systemd *fake = context;
	cleanup_free char *text = cpulist_format(cpus);
	cleanup_free char *path = util_format(PATH_CGROUP "/%s/cpuset.cpus.effective", unit);

	if (fake->fail_write > 0 && --fake->fail_write == 0)
		return -EIO;
	test_append(&fake->writes, "%s=%s;", unit, text);
	*find(fake, unit) = *cpus;
	if (!cpulist_is_empty(cpus) && !fake->kernel_says_no && faccessat(fake->root, path, F_OK, 0) == 0)
		test_write_file(fake->root, path, text, strlen(text));
	return 0;
}

#define LOG "F: dev/kmsg=\n"

#define HOST_WITH(cpus)                                                                                                \
	LOG "F: sys/fs/cgroup/cgroup.controllers=cpuset cpu io memory pids\\n\n"                                       \
	    "F: sys/fs/cgroup/init.scope/cpuset.cpus.effective=" cpus "\\n\n"                                          \
	    "F: sys/fs/cgroup/system.slice/cpuset.cpus.effective=" cpus "\\n\n"                                        \
	    "F: sys/fs/cgroup/machine.slice/cpuset.cpus.effective=" cpus "\\n\n"                                       \
	    "D: sys/fs/cgroup/dev-hugepages.mount\n"                                                                   \
	    "F: sys/devices/system/cpu/possible=" cpus "\\n\n"                                                         \
	    "F: sys/devices/system/cpu/online=" cpus "\\n\n"
#define HOST HOST_WITH("0-7")

/* Claims from lists of CPUs, one guest each. */
static struct claims claims_of(const char *const *cpus)
{
	struct claims claims = { 0 };

	for (; *cpus != NULL; cpus++) {
		struct claim *claim = util_append(&claims.items, &claims.count, sizeof(*claim));

		claim->cpus = list(*cpus);
		claim->slice = util_copy("machine.slice");
	}
	return claims;
}

/* Applies guests with these CPUs; returns what was written. Owned by the caller. */
static char *apply(struct fake_systemd *fake, int expected, const char *const *cpus)
{
	struct cpus_control control = { fake_get, fake_set, fake, 20 };
	struct claims claims = claims_of(cpus);
	char *writes;

	log_setup("unit", false, fake->root); /* there is a dev/kmsg */
	CHECK_INT(cpus_apply(fake->root, &claims, &control), expected);
	writes = fake->writes != NULL ? fake->writes : util_copy("");
	fake->writes = NULL;
	claims_free(&claims);
	return writes;
}

#define GUESTS(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define NOBODY ((const char *const[]){ NULL })

static void check(struct fake_systemd *fake, int expected, const char *const *cpus, const char *writes)
{
	cleanup_free char *got = apply(fake, expected, cpus);

	CHECK_STR(got, writes);
}

#define ALL(cpus) "init.scope=" cpus ";system.slice=" cpus ";user.slice=" cpus ";"

TEST(cpus_up_and_down)
{
	struct fake_systemd fake = { .root = test_root(HOST) };
	cleanup_free char *effective = NULL;

	check(&fake, 0, NOBODY, "");
	check(&fake, 0, GUESTS("2-3"), ALL("0-1,4-7"));
	check(&fake, 0, GUESTS("2-3"), "");
	check(&fake, 0, GUESTS("2-3", "3-5"), ALL("0-1,6-7"));
	check(&fake, 0, GUESTS("3-5"), ALL("0-2,6-7"));
	check(&fake, 0, NOBODY, ALL("0-7") ALL(""));
	effective = test_read_file(fake.root, "sys/fs/cgroup/system.slice/cpuset.cpus.effective");
	CHECK_STR(effective, "0-7");
	CHECK_INT(faccessat(fake.root, PATH_CPUS, F_OK, 0), -1);
	check(&fake, 0, NOBODY, "");
}

/* More than fit into a word, more than glibc's CPU_SETSIZE, and as many as systemd takes. */
TEST(cpus_large_machines)
{
	static const struct {
		const char *host, *guest, *taken, *given_back;
	} cases[] = {
		{ HOST_WITH("0-79"), "62-66", ALL("0-61,67-79"), ALL("0-79") ALL("") },
		{ HOST_WITH("0-1535"), "1022-1025", ALL("0-1021,1026-1535"), ALL("0-1535") ALL("") },
		{ HOST_WITH("0-8191"), "2-8191", ALL("0-1"), ALL("0-8191") ALL("") },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct fake_systemd fake = { .root = test_root(cases[i].host) };

		test_case("guest on %s", cases[i].guest);
		check(&fake, 0, GUESTS(cases[i].guest), cases[i].taken);
		check(&fake, 0, NOBODY, cases[i].given_back);
	}
}

/* They come online to the host without these; the others are all that it has meanwhile. */
TEST(cpus_offline)
{
	struct fake_systemd fake = { .root = test_root(HOST) };

	test_write_file(fake.root, PATH_CPU "/online", "0-5", 3);
	check(&fake, 0, GUESTS("6-7"), ALL("0-5"));
	check(&fake, 0, GUESTS("5-7"), ALL("0-4"));
	test_write_file(fake.root, PATH_CPU "/online", "0-7", 3);
	check(&fake, 0, NOBODY, ALL("0-7") ALL(""));
}

TEST(cpus_absent)
{
	static const struct {
		const char *present, *cpus, *absent;
	} cases[] = {
		{ "0-7", "6-9", "8-9" }, { "0-7", "0-7", "" }, { "0-3,6-7", "3-20", "4-5,8-20" }, { NULL, "20", "" }
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct cpulist cpus = list(cases[i].cpus), absent;
		cleanup_free char *text = NULL;
		int root = test_root("D: sys/devices/system/cpu\n");

		test_case("%s", cases[i].cpus);
		if (cases[i].present != NULL)
			test_write_file(root, PATH_CPU "/present", cases[i].present, strlen(cases[i].present));
		cpus_absent(root, &cpus, &absent);
		text = cpulist_format(&absent);
		CHECK_STR(text, cases[i].absent);
	}
}

TEST(cpus_former_values)
{
	struct fake_systemd fake = { .root = test_root(HOST) };

	*find(&fake, "system.slice") = list("0-3");
	*find(&fake, "user.slice") = list("2-3");
	check(&fake, -ENOSPC, GUESTS("2-3"), "init.scope=0-1,4-7;system.slice=0-1;");
	check(&fake, 0, NOBODY, "init.scope=0-7;system.slice=0-3;init.scope=;");
}

TEST(cpus_foreign_change)
{
	struct fake_systemd fake = { .root = test_root(HOST) };

	check(&fake, 0, GUESTS("2-3"), ALL("0-1,4-7"));
	*find(&fake, "system.slice") = list("0");
	check(&fake, -EBUSY, GUESTS("2-3", "4"), "init.scope=0-1,5-7;user.slice=0-1,5-7;");
	check(&fake, 0, NOBODY, "init.scope=0-7;user.slice=0-7;init.scope=;user.slice=;");
	CHECK_INT(faccessat(fake.root, PATH_CPUS, F_OK, 0), -1);
}

/* What could not be given back is tried again, by the next call. */
TEST(cpus_write_fails)
{
	for (int n = 1; n <= 6; n++) {
		struct fake_systemd fake = { .root = test_root(HOST) };
		cleanup_free char *writes = NULL, *again = NULL;

		test_case("write %d", n);
		check(&fake, 0, GUESTS("2-3"), ALL("0-1,4-7"));
		fake.fail_write = n;
		writes = apply(&fake, -EIO, NOBODY);
		CHECK_INT(faccessat(fake.root, PATH_CPUS, F_OK, 0), 0);
		again = apply(&fake, 0, NOBODY);
		CHECK_INT(faccessat(fake.root, PATH_CPUS, F_OK, 0), -1);
		for (size_t i = 0; i < 3; i++)
			CHECK_TRUE(cpulist_is_empty(&fake.units[i].allowed));
	}
}

TEST(cpus_kernel_says_no)
{
	struct fake_systemd fake = { .root = test_root(HOST), .kernel_says_no = true };
	cleanup_free char *writes = apply(&fake, -EIO, GUESTS("2-3"));

	CHECK_HAS(writes, "system.slice=0-1,4-7;");
	/* It is found again later, although systemd says what we want to hear. */
	check(&fake, -EIO, GUESTS("2-3"), "");
}

/* A slice of another kind, and one that holds guests. */
TEST(cpus_other_slices)
{
	struct fake_systemd fake = { .root = test_root(HOST
						       "F: sys/fs/cgroup/odd.slice/cpuset.cpus.effective=0-7\\n\n") };

	check(&fake, 0, GUESTS("7"), "init.scope=0-6;odd.slice=0-6;system.slice=0-6;user.slice=0-6;");
	CHECK_INT(file_remove(fake.root, "sys/fs/cgroup/odd.slice/cpuset.cpus.effective", 0), 0);
	CHECK_INT(file_remove(fake.root, "sys/fs/cgroup/odd.slice", AT_REMOVEDIR), 0);
	check(&fake, 0, NOBODY, ALL("0-7") "odd.slice=0-7;" ALL("") "odd.slice=;");
}

/* slice: of the last of these guests. */
static void check_in_slice(struct fake_systemd *fake, const char *const *cpus, const char *slice, const char *writes)
{
	struct cpus_control control = { fake_get, fake_set, fake, 20 };
	struct claims claims = claims_of(cpus);

	free(claims.items[claims.count - 1].slice);
	claims.items[claims.count - 1].slice = util_copy(slice);
	log_setup("unit", false, fake->root);
	CHECK_INT(cpus_apply(fake->root, &claims, &control), 0);
	CHECK_STR(fake->writes, writes);
	claims_free(&claims);
	free(fake->writes);
	fake->writes = NULL;
}

#define HOST_WITH_ODD HOST "F: sys/fs/cgroup/odd.slice/cpuset.cpus.effective=0-7\\n\n"

TEST(cpus_slice_of_guests_stays_wide)
{
	struct fake_systemd fake = { .root = test_root(HOST_WITH_ODD) };

	check_in_slice(&fake, GUESTS("7"), "odd.slice", ALL("0-6"));
	check_in_slice(&fake, GUESTS("7", ""), "odd.slice", NULL);
}

/* It was confined for another guest before. */
TEST(cpus_slice_of_guests_becomes_wide)
{
	struct fake_systemd fake = { .root = test_root(HOST_WITH_ODD) };

	*find(&fake, "odd.slice") = list("0-5");
	check(&fake, 0, GUESTS("2-3"), "init.scope=0-1,4-7;odd.slice=0-1,4-5;system.slice=0-1,4-7;user.slice=0-1,4-7;");
	check_in_slice(&fake, GUESTS("2-3", "2"), "odd.slice", "odd.slice=0-5;");
	check_in_slice(&fake, GUESTS("2-3", ""), "odd.slice", NULL);
	check_in_slice(&fake, GUESTS("2"), "odd.slice", ALL("0-1,3-7"));
	check(&fake, 0, GUESTS("2"), "odd.slice=0-1,3-5;");
	*find(&fake, "odd.slice") = list("0");
	check_in_slice(&fake, GUESTS("2"), "odd.slice", NULL);
	check(&fake, 0, NOBODY, ALL("0-7") ALL(""));
	CHECK_TRUE(cpulist_has(find(&fake, "odd.slice"), 0));
}

/* One that had nothing before is told twice, as at the end of all guests. */
TEST(cpus_slice_of_guests_is_cleared)
{
	struct fake_systemd fake = { .root = test_root(HOST_WITH_ODD) };
	cleanup_free char *writes = apply(&fake, 0, GUESTS("2-3"));

	CHECK_HAS(writes, "odd.slice=0-1,4-7;");
	check_in_slice(&fake, GUESTS("2-3", ""), "odd.slice", "odd.slice=0-7;odd.slice=;");
	check(&fake, 0, NOBODY, ALL("0-7") ALL(""));
}

TEST(cpus_why_not)
{
	CHECK_HAS(cpus_why_not(test_root("")), "cgroup v2");
	CHECK_HAS(cpus_why_not(test_root("F: sys/fs/cgroup/cgroup.controllers=cpu memory\\n\n")), "cpuset");
	CHECK_HAS(cpus_why_not(test_root("F: sys/fs/cgroup/cgroup.controllers=xcpuset\\n\n")), "cpuset");
	CHECK_STR(cpus_why_not(test_root("F: sys/fs/cgroup/cgroup.controllers=cpuset\\n\n")), NULL);
	CHECK_STR(cpus_why_not(test_root("F: sys/fs/cgroup/cgroup.controllers=cpu cpuset\\n\n")), NULL);
}

/* On a host where isolation cannot work nothing is written, and the claim is told so. */
TEST(cpus_unsupported)
{
	struct fake_systemd fake = { .root = test_root(LOG) };

	check(&fake, -EOPNOTSUPP, GUESTS("2-3"), "");
	check(&fake, 0, NOBODY, "");
}

TEST(cpus_siblings)
{
	int root = test_root("F: sys/devices/system/cpu/cpu2/topology/thread_siblings_list=2,6\\n\n"
			     "F: sys/devices/system/cpu/cpu3/topology/thread_siblings_list=3,7\\n\n");
	struct cpulist cpus = list("2-3,6"), others;
	cleanup_free char *text = NULL;

	cpus_siblings(root, &cpus, &others);
	text = cpulist_format(&others);
	CHECK_STR(text, "7");
}

TEST(cpus_records)
{
	static const struct {
		const char *text;
		bool good;
	} cases[] = {
		{ "vfiokit-cpus 1\n", true },
		{ "vfiokit-cpus 1\nsystem.slice - 0-1 0-1\na\\x2db.slice 0-8191 0 -\n", true },
		{ "", false },
		{ "x\n", false },
		{ "vfiokit-cpus 1\nsystem.slice - 0\n", false },
		{ "vfiokit-cpus 1\nsystem.slice - 0 1 2\n", false },
		{ "vfiokit-cpus 1\nsystem.slice  0 1\n", false },
		{ "vfiokit-cpus 1\n../x - 0 1\n", false },
		{ "vfiokit-cpus 1\nx/y - 0 1\n", false },
		{ "vfiokit-cpus 1\n - 0 1\n", false },
		{ "vfiokit-cpus 1\nsystem.slice x 0 1\n", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct unit_records records;
		cleanup_free char *again = NULL;

		test_case("'%s'", cases[i].text);
		CHECK_INT(records_parse(&records, cases[i].text, strlen(cases[i].text)), cases[i].good);
		again = records_format(&records);
		CHECK_STR(again, cases[i].good ? cases[i].text : "vfiokit-cpus 1\n");
		records_free(&records);
	}
}
