/* SPDX-License-Identifier: GPL-2.0-or-later */
/* apply on the fake kernel: working, failing and being killed at every operation. */
#include "binder/apply.h"

#include <errno.h>
#include <stdio.h>

#include "lib/file.h"
#include "tests/unit/scenario.h"
#include "tests/unit/test.h"

TEST(apply_works)
{
	for (const struct scenario *scenario = scenarios; scenario->name != NULL; scenario++) {
		struct run run;
		cleanup_free char *verdicts = NULL, *links = NULL;

		test_case("%s", scenario->name);
		run_begin(&run, scenario);
		run_apply(&run);
		run_conclude(&run);
		verdicts = machine_verdicts(&run.machine);
		links = run_links(&run);
		CHECK_STR(verdicts, scenario->verdicts);
		CHECK_STR(links, scenario->links);
		CHECK_INT(run.lacks_type1, scenario->lacks_type1);
		run_check_tree(&run, NULL);
		run_end(&run);
	}
}

TEST(apply_report_is_true)
{
	for (const struct scenario *scenario = scenarios; scenario->name != NULL; scenario++) {
		struct run run;

		test_case("%s", scenario->name);
		run_begin(&run, scenario);
		run_apply(&run);
		run_conclude(&run);
		run_check_report(&run, NULL);
		run_end(&run);
	}
}

/* What is pulled out while we work is named as that, whatever the operations said. */
TEST(apply_device_is_removed)
{
	struct run run;
	const struct plan_entry *entry;

	run_begin(&run, &scenarios[0]);
	run_apply(&run);
	CHECK_INT(file_remove(run.root, "sys/bus/pci/devices/0000:01:00.0", 0), 0);
	run_conclude(&run);
	entry = machine_entry(&run.machine, "01:00.0");
	CHECK_INT(entry->verdict, VERDICT_FAIL);
	CHECK_HAS(entry->message, "it was removed meanwhile (No such device)");
	CHECK_HAS(entry->message, "; no driver holds it");
	CHECK_INT(machine_entry(&run.machine, "01:00.1")->verdict, VERDICT_BIND);
	run_end(&run);
}

/* A second plan finds everything right, and has nothing to do. */
TEST(apply_second_run_writes_nothing)
{
	for (const struct scenario *scenario = scenarios; scenario->name != NULL; scenario++) {
		struct run first, second;
		struct apply apply;

		if (strstr(scenario->verdicts, "fail") != NULL)
			continue;
		test_case("%s", scenario->name);
		run_begin(&first, scenario);
		run_apply(&first);
		run_begin_again(&second, scenario, first.root);
		for (size_t i = 0; i < second.machine.plan.n_entries; i++)
			CHECK_INT(second.machine.plan.entries[i].verdict, VERDICT_BOUND);
		apply_prepare(&apply, &second.machine.plan, &second.fake.kernel, &second.journal, 0);
		CHECK_INT(apply.n_items, 0);
		apply_run(&apply);
		CHECK_INT(second.fake.n_operations, 0);
		apply_free(&apply);
		run_end(&second);
		run_end(&first);
	}
}

/* The order of reference/kernel.md 1.6: all overrides, the modules, then device by device. */
TEST(apply_order)
{
	static const struct {
		size_t scenario;
		const char *trace;
	} cases[] = {
		{ 0, "override 0000:01:00.0=vfio-pci\noverride 0000:01:00.1=vfio-pci\nload vfio_iommu_type1\nload "
		     "vfio-pci\n" },
		{ 1, "override 0000:01:00.0=vfio-pci\noverride 0000:01:00.1=vfio-pci\nload vfio_iommu_type1\nload "
		     "vfio-pci\n"
		     "unbind nouveau 0000:01:00.0\nbind vfio-pci 0000:01:00.0\n"
		     "unbind snd_hda_intel 0000:01:00.1\nbind vfio-pci 0000:01:00.1\n" },
		{ 2, "override 0000:01:00.0=vfio-pci\noverride 0000:01:00.1=vfio-pci\nload vfio_iommu_type1\n"
		     "unbind nouveau 0000:01:00.0\nbind vfio-pci 0000:01:00.0\nbind vfio-pci 0000:01:00.1\n" },
		{ 10, "override 0000:01:00.0=vfio-pci\noverride 0000:01:00.1=vfio-pci\n"
		      "set 0000:01:00.0 d3cold_allowed=0\nset 0000:01:00.0 resource0_resize=13\n"
		      "set 0000:01:00.0 reset_method=bus\nset 0000:01:00.1 d3cold_allowed=0\n"
		      "load vfio_iommu_type1\nload vfio-pci\n" },
		{ 12, "override 0000:01:00.0=vfio-pci\noverride 0000:01:00.1=vfio-pci\nload vfio_iommu_type1\n"
		      "load vfio-pci\nunbind nouveau 0000:01:00.0\nset 0000:01:00.0 d3cold_allowed=0\n"
		      "set 0000:01:00.0 resource0_resize=13\nset 0000:01:00.0 reset_method=bus\n"
		      "bind vfio-pci 0000:01:00.0\nunbind snd_hda_intel 0000:01:00.1\n"
		      "set 0000:01:00.1 d3cold_allowed=0\nbind vfio-pci 0000:01:00.1\n"
		      "override 0000:01:00.1=\nset 0000:01:00.1 d3cold_allowed=1\nprobe 0000:01:00.1\n"
		      "override 0000:01:00.0=\nunbind vfio-pci 0000:01:00.0\nset 0000:01:00.0 reset_method=flr bus\n"
		      "set 0000:01:00.0 resource0_resize=8\nset 0000:01:00.0 d3cold_allowed=1\n"
		      "probe 0000:01:00.0\n" },
		{ 4, "override 0000:01:00.0=vfio-pci\nload vfio_iommu_type1\n"
		     "unbind nouveau 0000:01:00.0\nbind vfio-pci 0000:01:00.0\n" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct scenario *scenario = &scenarios[cases[i].scenario];
		struct run run;

		test_case("%s", scenario->name);
		run_begin(&run, scenario);
		run_apply(&run);
		CHECK_STR(run.fake.trace, cases[i].trace);
		run_end(&run);
	}
}

/* --- failing at every operation --- */

enum { TREE = 1, REPORT = 2, HEALS = 4, ISOLATED = 8 };

/* After a failure that does not last, another run makes it right. */
static void check_heals(const struct run *run)
{
	struct run again;
	cleanup_free char *links = NULL;

	run_begin_again(&again, run->scenario, run->root);
	run_apply(&again);
	run_conclude(&again);
	links = run_links(&again);
	CHECK_STR(links, run->scenario->links);
	run_check_tree(&again, NULL);
	run_end(&again);
}

/* The group of the device that the failed operation was for; -1 for a module, whose failure concerns many. */
static int group_of_failure(const struct run *run)
{
	for (size_t i = 0; i < run->machine.inventory.n_devices; i++)
		if (strstr(run->fake.failed, run->machine.inventory.devices[i].address) != NULL)
			return run->machine.inventory.devices[i].iommu_group;
	return -1;
}

/* Devices of other groups end as if nothing had failed. */
static void check_isolated(const struct run *run)
{
	int group = group_of_failure(run);

	if (group < 0 && strstr(run->fake.failed, "vfio_iommu_type1") == NULL)
		return;
	for (size_t i = 0; i < run->machine.plan.n_entries; i++) {
		const struct plan_entry *entry = &run->machine.plan.entries[i];
		cleanup_free char *verdict = machine_verdict(entry), *expected = NULL;

		if (entry->device->iommu_group == group)
			continue;
		expected = util_format("%s %s %s; ", entry->device->address + strlen("0000:"), verdict,
				       entry->rule->name);
		CHECK_HAS(run->scenario->verdicts, expected);
	}
}

/* X of the path sys/bus/pci/drivers/X/unbind that failed; any other one is the kernel's own. */
static const char *driver_of_failure(const struct run *run, char driver[static SYSFS_NAME_SIZE])
{
	const char *name = strstr(run->fake.failed, "/drivers/");

	if (name == NULL) {
		snprintf(driver, SYSFS_NAME_SIZE, "the kernel");
		return driver;
	}
	name = name != NULL ? name + strlen("/drivers/") : "";
	snprintf(driver, SYSFS_NAME_SIZE, "%.*s", (int)strcspn(name, "/"), name);
	return driver;
}

/* Returns false when there is no such operation any more. */
static bool fail_once(const struct scenario *scenario, enum fake_mode mode, unsigned int at, int error, int checks)
{
	char driver[SYSFS_NAME_SIZE];
	struct run run;
	bool reached;

	run_begin(&run, scenario);
	run.fake.mode = mode;
	run.fake.fail_at = at;
	run.fake.error = error;
	run_apply(&run);
	run_conclude(&run);
	reached = run.fake.n_operations > at;
	test_case("%s, operation %u (%s), error %d, mode %d", scenario->name, at, run.fake.failed, error, (int)mode);
	if (checks & TREE)
		run_check_tree(&run, run.fake.hung[0] != '\0' ? run.fake.hung : NULL);
	if (checks & REPORT)
		run_check_report(&run, run.fake.hung[0] != '\0' ? driver_of_failure(&run, driver) : NULL);
	if (checks & ISOLATED)
		check_isolated(&run);
	run.fake.mode = FAKE_WORK;
	if ((checks & HEALS) && run.fake.hung[0] == '\0')
		check_heals(&run);
	run_end(&run);
	test_close_roots();
	return reached;
}

static void fail_everywhere(enum fake_mode mode, int error, int checks)
{
	for (const struct scenario *scenario = scenarios; scenario->name != NULL; scenario++)
		for (unsigned int at = 0; fail_once(scenario, mode, at, error, checks); at++)
			;
}

TEST(apply_failing_everywhere_does_no_harm)
{
	static const int errors[] = { -EIO, -ENODEV, -EBUSY, -EAGAIN };

	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		fail_everywhere(FAKE_FAIL, errors[i], TREE | HEALS);
		fail_everywhere(FAKE_FAIL_AFTER, errors[i], TREE | HEALS);
	}
}

TEST(apply_failing_everywhere_is_reported)
{
	fail_everywhere(FAKE_FAIL, -EIO, REPORT);
	fail_everywhere(FAKE_FAIL_AFTER, -EIO, REPORT);
}

TEST(apply_failing_everywhere_leaves_other_groups)
{
	fail_everywhere(FAKE_FAIL, -EIO, ISOLATED);
	fail_everywhere(FAKE_FAIL_AFTER, -EIO, ISOLATED);
	fail_everywhere(FAKE_FAIL, -ETIMEDOUT, ISOLATED);
	fail_everywhere(FAKE_FAIL_AFTER, -ETIMEDOUT, ISOLATED);
}

/* From some operation on, a file never works again. */
TEST(apply_broken_file_does_no_harm)
{
	fail_everywhere(FAKE_BROKEN, -EIO, TREE);
	fail_everywhere(FAKE_BROKEN, -ENODEV, TREE);
}

TEST(apply_broken_file_is_reported)
{
	fail_everywhere(FAKE_BROKEN, -EIO, REPORT);
}

/* An unbind that does not come back, before or after it took the link away; also one of the undo. */
TEST(apply_timeout_does_no_harm)
{
	fail_everywhere(FAKE_FAIL, -ETIMEDOUT, TREE);
	fail_everywhere(FAKE_FAIL_AFTER, -ETIMEDOUT, TREE);
}

TEST(apply_timeout_is_reported)
{
	fail_everywhere(FAKE_FAIL, -ETIMEDOUT, REPORT);
	fail_everywhere(FAKE_FAIL_AFTER, -ETIMEDOUT, REPORT);
}
