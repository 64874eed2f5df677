/* SPDX-License-Identifier: GPL-2.0-or-later */
/* apply killed at every operation, and what becomes of a device that is stuck. */
#include <errno.h>
#include <stdio.h>

#include "binder/apply.h"
#include "tests/unit/scenario.h"
#include "tests/unit/test.h"

enum { TREE = 1, REPORT = 2 };

/* The n-th operation of an undisturbed run, as in its trace; "" if there are fewer. */
static void operation_of(const struct scenario *scenario, unsigned int at, char *text, size_t size)
{
	struct run run;
	const char *line;

	run_begin(&run, scenario);
	run_apply(&run);
	line = run.fake.trace;
	for (unsigned int i = 0; i < at && line != NULL; i++)
		line = strchr(line, '\n') != NULL ? strchr(line, '\n') + 1 : NULL;
	snprintf(text, size, "%.*s", line == NULL ? 0 : (int)strcspn(line, "\n"), line == NULL ? "" : line);
	run_end(&run);
}

/* The address of "bind D A", "unbind D A" and "set A NAME=V": only that device may be stuck. */
static const char *in_flight(const char *operation)
{
	static char address[BDF_TEXT_SIZE];

	if (starts_with(operation, "set ")) {
		operation += strlen("set ");
		snprintf(address, sizeof(address), "%.*s", (int)strcspn(operation, " "), operation);
		return address;
	}
	if (!starts_with(operation, "bind ") && !starts_with(operation, "unbind "))
		return NULL;
	return strrchr(operation, ' ') + 1;
}

/* D of "unbind D A"; NULL for anything else. */
static const char *driver_in_flight(const char *operation, char driver[static SYSFS_NAME_SIZE])
{
	const char *name = operation + strlen("unbind ");

	if (starts_with(operation, "set "))
		return "the kernel";
	if (!starts_with(operation, "unbind "))
		return NULL;
	snprintf(driver, SYSFS_NAME_SIZE, "%.*s", (int)strcspn(name, " "), name);
	return driver;
}

/* A driver that hung in the dead process must not be touched by the one that recovers. */
static void check_untouched(const struct run *run)
{
	for (size_t i = 0; i < run->machine.plan.n_entries; i++) {
		const struct plan_entry *entry = &run->machine.plan.entries[i];

		if (entry->verdict == VERDICT_FAIL && entry->reason == REASON_STUCK && run->fake.trace != NULL)
			CHECK_TRUE(strstr(run->fake.trace, entry->device->address) == NULL);
	}
}

static bool kill_once(const struct scenario *scenario, enum fake_mode mode, unsigned int at, int checks)
{
	struct run run;
	char operation[128], driver[SYSFS_NAME_SIZE];
	bool killed;

	operation_of(scenario, at, operation, sizeof(operation));
	test_case("%s, killed %s operation %u (%s)", scenario->name, mode == FAKE_DIE ? "before" : "after", at,
		  operation);
	run_begin(&run, scenario);
	run.fake.mode = mode;
	run.fake.fail_at = at;
	killed = run_apply_killed(&run);
	run_conclude(&run);
	if (checks & TREE) {
		run_check_tree(&run, in_flight(operation));
		check_untouched(&run);
	}
	if (checks & REPORT)
		run_check_report(&run, driver_in_flight(operation, driver));
	run_end(&run);
	test_close_roots();
	return killed;
}

static void kill_everywhere(int checks)
{
	for (const struct scenario *scenario = scenarios; scenario->name != NULL; scenario++) {
		for (unsigned int at = 0; kill_once(scenario, FAKE_DIE, at, checks); at++)
			;
		for (unsigned int at = 0; kill_once(scenario, FAKE_DIE_AFTER, at, checks); at++)
			;
	}
}

TEST(apply_killed_everywhere_does_no_harm)
{
	kill_everywhere(TREE);
}

TEST(apply_killed_everywhere_is_reported)
{
	kill_everywhere(REPORT);
}

/* Killed while binding: no driver failed to let go of anything. */
TEST(apply_killed_in_bind_is_reported)
{
	struct run run;

	run_begin(&run, &scenarios[1]);
	run.fake.mode = FAKE_DIE;
	run.fake.fail_at = 5;
	CHECK_TRUE(run_apply_killed(&run));
	run_conclude(&run);
	CHECK_INT(machine_entry(&run.machine, "01:00.0")->reason, REASON_STUCK);
	CHECK_TRUE(strstr(machine_entry(&run.machine, "01:00.0")->message, "did not let go") == NULL);
	run_end(&run);
}

/* --- stuck --- */

static const struct scenario stuck_scenarios[] = {
	{ .name = "the first of a pair hangs",
	  .tree = "PCI: 00:02.0 0300 8086:3e92 - i915 0 boot_vga=1\nPCI: 01:00.0 0300 10de:13c2 - nouveau 1\n"
		  "PCI: 01:00.1 0403 10de:0fbb - snd_hda_intel 1\nPCI: 03:00.0 1200 1111:0001 - - 3\n",
	  .policy = "[device gpu]\nid = 10de:13c2\ngroup = whole\n[device card]\naddress = 03:00.0\n",
	  .hanging = "0000:01:00.0",
	  .verdicts = "01:00.0 fail stuck gpu; 01:00.1 fail group gpu; 03:00.0 bind card; = partial 1",
	  .links = "00:02.0=i915 01:00.0= 01:00.1=snd_hda_intel 03:00.0=vfio-pci " },
	{ .name = "the second of a pair hangs",
	  .tree = "PCI: 00:02.0 0300 8086:3e92 - i915 0 boot_vga=1\nPCI: 01:00.0 0300 10de:13c2 - nouveau 1\n"
		  "PCI: 01:00.1 0403 10de:0fbb - snd_hda_intel 1\nPCI: 03:00.0 1200 1111:0001 - - 3\n",
	  .policy = "[device gpu]\nid = 10de:13c2\ngroup = whole\n[device card]\naddress = 03:00.0\n",
	  .hanging = "0000:01:00.1",
	  .verdicts = "01:00.0 fail group gpu; 01:00.1 fail stuck gpu; 03:00.0 bind card; = partial 1",
	  .links = "00:02.0=i915 01:00.0=nouveau 01:00.1= 03:00.0=vfio-pci " },
};

/* Its override stays, so that nothing else takes it when the driver lets go at last; the rest is as ever. */
TEST(apply_stuck)
{
	for (size_t i = 0; i < ARRAY_SIZE(stuck_scenarios); i++) {
		const struct scenario *scenario = &stuck_scenarios[i];
		struct run run;
		cleanup_free char *verdicts = NULL, *links = NULL;
		char override[SYSFS_NAME_SIZE];

		test_case("%s", scenario->name);
		run_begin(&run, scenario);
		run_apply(&run);
		run_conclude(&run);
		verdicts = machine_verdicts(&run.machine);
		links = run_links(&run);
		CHECK_STR(verdicts, scenario->verdicts);
		CHECK_STR(links, scenario->links);
		fake_read_override(run.root, scenario->hanging, override, sizeof(override));
		CHECK_STR(override, "vfio-pci");
		run_check_tree(&run, scenario->hanging);
		run_end(&run);
	}
}

/* "the stuck driver named", also by the process that only has the journal. */
TEST(apply_stuck_names_the_driver)
{
	static const char *const drivers[] = { "nouveau", "snd_hda_intel" };

	for (size_t i = 0; i < ARRAY_SIZE(stuck_scenarios); i++) {
		struct run run;

		test_case("%s", stuck_scenarios[i].name);
		run_begin(&run, &stuck_scenarios[i]);
		run_apply(&run);
		run_conclude(&run);
		CHECK_HAS(machine_entry(&run.machine, stuck_scenarios[i].hanging)->message, drivers[i]);
		run_end(&run);
	}
}

/* --- deferred --- */

TEST(apply_deferred_bind)
{
	static const struct {
		const char *name;
		unsigned int times; /* 0: for ever */
		const char *verdicts;
	} cases[] = {
		{ "for a while", 2, "01:00.0 bind gpu; 01:00.1 bind gpu; = ok 0" },
		{ "for ever", 0, "01:00.0 fail probe gpu; 01:00.1 fail group gpu; = error 1" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct run run;
		cleanup_free char *verdicts = NULL;

		test_case("%s", cases[i].name);
		run_begin(&run, &scenarios[1]);
		run.fake.refused = "0000:01:00.0";
		run.fake.refused_error = -EAGAIN;
		run.fake.refused_for = cases[i].times;
		run_apply(&run);
		run_conclude(&run);
		verdicts = machine_verdicts(&run.machine);
		CHECK_STR(verdicts, cases[i].verdicts);
		run_check_tree(&run, NULL);
		run_end(&run);
	}
}

/* The journal could not be made, or both processes died: nothing was done, and nothing else may be said. */
TEST(apply_conclude_without_run)
{
	struct run run;

	run_begin(&run, &scenarios[1]);
	run_conclude(&run);
	CHECK_INT(machine_entry(&run.machine, "01:00.0")->verdict, VERDICT_FAIL);
	run_check_report(&run, NULL);
	run_end(&run);
}

/* What an earlier process of the run began to take is as it was, and nothing is read of it that may hang. */
TEST(apply_rewind)
{
	static const struct journal_entry begun = { JOURNAL_OVERRIDE, "0000:01:00.0", REASON_NONE, 0, "e1000e" };
	static const struct journal_entry elsewhere = { JOURNAL_OVERRIDE, "0000:09:00.0", REASON_NONE, 0, "e1000e" };
	static const struct journal_entry later = { JOURNAL_UNBIND, "0000:02:00.0", REASON_NONE, 0, "other" };
	int root = test_root("PCI: 0000:01:00.0 020000 8086:10d3 - vfio-pci 1 sriov_numvfs=4\n"
			     "PCI: 0000:02:00.0 020000 8086:10d3 - igb 2 sriov_numvfs=4\n");
	struct machine machine;
	struct journal journal;

	CHECK_INT(journal_create(&journal), 0);
	journal_write(&journal, &begun);
	journal_write(&journal, &elsewhere);
	journal_write(&journal, &later);
	machine_read_root(&machine, root, "[device a]\nid = 8086:10d3\nallow = network\n", &journal);
	CHECK_INT(machine.inventory.n_devices, 2);
	CHECK_TRUE(machine.inventory.devices[0].is_taken);
	CHECK_STR(machine.inventory.devices[0].driver, "e1000e");
	CHECK_INT(machine.inventory.devices[0].vfs, 0);
	CHECK_TRUE(!machine.inventory.devices[1].is_taken);
	CHECK_STR(machine.inventory.devices[1].driver, "igb");
	CHECK_INT(machine.inventory.devices[1].vfs, 4);
	machine_free(&machine);
	journal_close(&journal);
}
