/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Virtual functions that a rule asks for: made, taken away, and a kernel that fails or is gone at every operation. */
#include "binder/vfs.h"

#include <errno.h>
#include <stdio.h>

#include "binder/request.h"
#include "lib/child.h"
#include "tests/unit/fakekernel.h"
#include "tests/unit/machine.h"
#include "tests/unit/test.h"

/* Time for one run (milliseconds). */
#define TIME 5000

#define PF(driver, total, now, probe)                                                                                  \
	"PCI: 02:00.0 0200 8086:10d3 - " driver " 2 sriov_totalvfs=" total " sriov_numvfs=" now                        \
	" sriov_drivers_autoprobe=" probe "\n"
#define VF "PCI: 02:00.1 0200 8086:10ed - "
#define RULE "[device nic]\naddress = 02:00.0\nvfs = 4\n"

struct vfs {
	int root;
	struct machine machine;
	struct fake_kernel fake;
	struct journal journal;
	struct request request;
	struct vfs_work work;
};

static void plan(struct vfs *vfs)
{
	machine_read_root(&vfs->machine, vfs->root, RULE, &vfs->journal);
	if (vfs->request.is_release) {
		request_add_rule(&vfs->request, &vfs->machine.policy);
		plan_free(&vfs->machine.plan);
		request_plan_release(&vfs->request, &vfs->machine.plan, &vfs->machine.input);
	}
	plan_explain(&vfs->machine.plan, &vfs->machine.input);
	vfs->work = (struct vfs_work){ &vfs->machine.plan, &vfs->fake.kernel, &vfs->journal, child_now() + TIME };
}

static void begin(struct vfs *vfs, const char *tree, bool is_release)
{
	*vfs = (struct vfs){ .root = test_root(tree), .request = { .is_release = is_release, .is_all = true } };
	CHECK_INT(journal_create(&vfs->journal), 0);
	fake_start(&vfs->fake, vfs->root, fake_drivers);
	plan(vfs);
}

static void end(struct vfs *vfs)
{
	machine_free(&vfs->machine);
	fake_free(&vfs->fake);
	journal_close(&vfs->journal);
	request_free(&vfs->request);
	test_close_roots();
}

static uint64_t number(const struct vfs *vfs, const char *name)
{
	char path[128];
	uint64_t value = 99;

	snprintf(path, sizeof(path), "sys/bus/pci/devices/0000:02:00.0/%s", name);
	CHECK_INT(sysfs_read_number(vfs->root, path, &value), 0);
	return value;
}

/* "VERDICT REASON NUMVFS AUTOPROBE" */
static char *outcome(const struct vfs *vfs)
{
	cleanup_free char *verdict = machine_verdict(machine_entry(&vfs->machine, "02:00.0"));

	return util_format("%s %u %u", verdict, (unsigned int)number(vfs, "sriov_numvfs"),
			   (unsigned int)number(vfs, "sriov_drivers_autoprobe"));
}

TEST(vfs_make)
{
	static const struct {
		const char *name, *tree, *expected, *message;
	} cases[] = {
		{ "made", PF("e1000e", "7", "0", "1"), "skip vfs 4 0",
		  "its 4 virtual functions are there, by rule 'nic' (bind.conf:1); e1000e holds it" },
		{ "nobody probes anyway", PF("e1000e", "7", "0", "0"), "skip vfs 4 0", "are there" },
		{ "there already", PF("e1000e", "7", "4", "1"), "skip vfs 4 1", "its 4 virtual functions are there" },
		{ "another number of them", PF("e1000e", "7", "2", "1"), "fail vfs 2 1",
		  "cannot make the 4 virtual functions of rule 'nic' (bind.conf:1): it has other ones already; set its "
		  "sriov_numvfs to 0 first; e1000e holds it" },
		{ "too many", PF("e1000e", "3", "0", "1"), "fail vfs 0 1",
		  "those are more than it can have (sriov_totalvfs); e1000e holds it" },
		{ "no driver yet", PF("-", "7", "0", "1"), "skip vfs 0 1",
		  "stays with its own driver, as soon as that has it, to make 4 virtual functions, by rule 'nic' "
		  "(bind.conf:1); no driver holds it" },
		{ "bound to vfio-pci", PF("vfio-pci", "7", "0", "1"), "skip vfs 0 1",
		  "which does not have it: release it first, to make 4 virtual functions, by rule 'nic' (bind.conf:1); "
		  "vfio-pci holds it" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_free char *got = NULL;
		struct vfs vfs;

		test_case("%s", cases[i].name);
		begin(&vfs, cases[i].tree, false);
		CHECK_TRUE(vfs_are_planned(&vfs.machine.plan));
		vfs_make(&vfs.work);
		got = outcome(&vfs);
		CHECK_STR(got, cases[i].expected);
		CHECK_HAS(machine_entry(&vfs.machine, "02:00.0")->message, cases[i].message);
		end(&vfs);
	}
}

/* A function that has no virtual ones, or whose kernel is older. */
TEST(vfs_of_another_device)
{
	struct vfs vfs;

	begin(&vfs, "PCI: 02:00.0 0200 8086:10d3 - e1000e 2\n", false);
	vfs_make(&vfs.work);
	CHECK_STR(machine_entry(&vfs.machine, "02:00.0")->message,
		  "cannot make the 4 virtual functions of rule 'nic' (bind.conf:1): its driver makes none, or the "
		  "device has "
		  "none (no SR-IOV); e1000e holds it");
	CHECK_INT(machine_entry(&vfs.machine, "02:00.0")->verdict, VERDICT_FAIL);
	CHECK_INT(vfs.fake.n_operations, 0);
	end(&vfs);
}

TEST(vfs_remove)
{
	static const struct {
		const char *name, *tree, *expected, *message;
	} cases[] = {
		{ "ours", PF("e1000e", "7", "4", "0"), "release vfs 0 1",
		  "its 4 virtual functions are gone; rule 'nic' (bind.conf:1) makes them again at the next boot; "
		  "e1000e "
		  "holds it" },
		{ "one has a driver of its own",
		  PF("e1000e", "7", "4", "0") "L: virtfn0=../0000:02:00.1\n" VF "e1000e 3\n", "release vfs 0 1",
		  "are gone" },
		{ "one is with vfio-pci", PF("e1000e", "7", "4", "0") "L: virtfn0=../0000:02:00.1\n" VF "vfio-pci 3\n",
		  "refuse vfs 4 0",
		  "its virtual function 0000:02:00.1 is still with vfio-pci; release that first; e1000e holds it" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_free char *got = NULL;
		struct vfs vfs;

		test_case("%s", cases[i].name);
		begin(&vfs, cases[i].tree, true);
		vfs_remove(&vfs.work);
		got = outcome(&vfs);
		CHECK_STR(got, cases[i].expected);
		CHECK_HAS(machine_entry(&vfs.machine, "02:00.0")->message, cases[i].message);
		end(&vfs);
	}
}

/* Those of another number, or of no rule, are not the policy's. */
TEST(vfs_remove_leaves_others)
{
	struct vfs vfs;

	begin(&vfs, PF("e1000e", "7", "3", "0"), true);
	CHECK_TRUE(!vfs_are_planned(&vfs.machine.plan));
	CHECK_INT(vfs.machine.plan.n_entries, 0);
	end(&vfs);
}

/* All of them, and no driver is probed for them; or none, and drivers are probed as before. */
static void check(const struct vfs *vfs)
{
	cleanup_free char *got = outcome(vfs);

	if (vfs->fake.hung[0] != '\0') {
		CHECK_HAS(got, "fail stuck");
		CHECK_TRUE(!vfs->fake.touched_hung);
	} else if (vfs->fake.mode == FAKE_BROKEN) {
		CHECK_INT(starts_with(got, "skip vfs"), number(vfs, "sriov_numvfs") == 4);
	} else if (!streq(got, "skip vfs 4 0")) {
		CHECK_STR(got, "fail vfs 0 1");
	}
}

static bool fail_once(enum fake_mode mode, unsigned int at, int error)
{
	struct vfs vfs;
	bool reached;

	begin(&vfs, PF("e1000e", "7", "0", "1"), false);
	vfs.fake.mode = mode;
	vfs.fake.fail_at = at;
	vfs.fake.error = error;
	vfs_make(&vfs.work);
	reached = vfs.fake.n_operations > at;
	test_case("operation %u (%s), error %d, mode %d", at, vfs.fake.failed, error, (int)mode);
	check(&vfs);
	end(&vfs);
	return reached;
}

TEST(vfs_failing_everywhere)
{
	static const enum fake_mode modes[] = { FAKE_FAIL, FAKE_FAIL_AFTER, FAKE_BROKEN };
	static const int errors[] = { -EIO, -ENOENT, -ETIMEDOUT };

	for (size_t i = 0; i < ARRAY_SIZE(modes); i++)
		for (size_t j = 0; j < ARRAY_SIZE(errors); j++)
			for (unsigned int at = 0; fail_once(modes[i], at, errors[j]); at++)
				;
}

static int run_child(void *context)
{
	vfs_make(context);
	return 0;
}

/* What was in flight when the process died is not touched again; the rest is undone, or was done. */
static bool kill_once(enum fake_mode mode, unsigned int at, bool may_write)
{
	struct vfs vfs;
	struct child child;
	cleanup_free char *got = NULL;
	bool was_killed;

	begin(&vfs, PF("e1000e", "7", "0", "1"), false);
	vfs.fake.mode = mode;
	vfs.fake.fail_at = at;
	CHECK_INT(child_start(&child, run_child, &vfs.work), 0);
	was_killed = child_wait(&child, child_now() + 10000) == -ECHILD;
	test_case("killed at operation %u, mode %d", at, (int)mode);
	vfs.fake.mode = FAKE_WORK;
	machine_free(&vfs.machine);
	plan(&vfs);
	vfs_recover(&vfs.work, may_write);
	got = outcome(&vfs);
	CHECK_HAS(got, was_killed ? "fail stuck" : "skip vfs 4 0");
	CHECK_INT(vfs.fake.n_operations, 0);
	end(&vfs);
	return was_killed;
}

TEST(vfs_killed_everywhere)
{
	for (unsigned int at = 0; kill_once(FAKE_DIE, at, true); at++)
		;
	for (unsigned int at = 0; kill_once(FAKE_DIE_AFTER, at, false); at++)
		;
}

/* Between the two writes: drivers are probed again. */
TEST(vfs_recovers)
{
	static const struct {
		bool may_write;
		const char *expected;
	} cases[] = { { true, "fail vfs 0 1" }, { false, "fail vfs 0 0" } };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_free char *got = NULL;
		struct vfs vfs;

		test_case("%d", cases[i].may_write);
		begin(&vfs, PF("e1000e", "7", "0", "0"), false);
		journal_write(&vfs.journal, &(struct journal_entry){ JOURNAL_PREPARE, "0000:02:00.0", REASON_NONE, 0,
								     "sriov_drivers_autoprobe 1" });
		journal_write(&vfs.journal,
			      &(struct journal_entry){ JOURNAL_UNBOUND, "0000:02:00.0", REASON_NONE, 0, "" });
		vfs_recover(&vfs.work, cases[i].may_write);
		got = outcome(&vfs);
		CHECK_STR(got, cases[i].expected);
		CHECK_HAS(machine_entry(&vfs.machine, "02:00.0")->message, "the deadline passed before its turn");
		end(&vfs);
	}
}

/* A killed release says how many are left. */
TEST(vfs_recovers_release)
{
	struct vfs vfs;
	cleanup_free char *got = NULL;

	begin(&vfs, PF("e1000e", "7", "4", "0"), true);
	vfs_recover(&vfs.work, true);
	got = outcome(&vfs);
	CHECK_STR(got, "fail vfs 4 0");
	CHECK_HAS(machine_entry(&vfs.machine, "02:00.0")->message,
		  "4 of its virtual functions are there; the work was cut short; e1000e holds it");
	end(&vfs);
}
