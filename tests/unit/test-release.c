/* SPDX-License-Identifier: GPL-2.0-or-later */
/* release on the fake kernel: working, failing, hanging and being killed at every operation. */
#include "binder/release.h"

#include <errno.h>
#include <stdio.h>
#include <sys/wait.h>

#include "binder/request.h"
#include "lib/child.h"
#include "tests/unit/scenario.h"
#include "tests/unit/test.h"

/* Time for one release (milliseconds). */
#define TIME 500

#define OURS(address, class, id, group)                                                                                \
	"PCI: " address " " class " " id " - vfio-pci " group " driver_override=vfio-pci\n"
#define GPU OURS("01:00.0", "0300", "10de:13c2", "1") OURS("01:00.1", "0403", "10de:0fbb", "1")
#define NIC OURS("02:00.0", "0200", "8086:10d3", "2")
#define CARD OURS("03:00.0", "1200", "1111:0001", "3")
#define HOST "PCI: 00:02.0 0300 8086:3e92 - i915 0 boot_vga=1\n"
#define LOADED "D: sys/bus/pci/drivers/nouveau\nD: sys/bus/pci/drivers/snd_hda_intel\nD: sys/bus/pci/drivers/e1000e\n"

struct release {
	int root;
	struct machine machine;
	struct fake_kernel fake;
	struct journal journal;
	struct request request;
	struct apply apply;
};

static void plan(struct release *release)
{
	machine_read_root(&release->machine, release->root, "[device gpu]\nid = 10de:13c2\n", &release->journal);
	request_add_rule(&release->request, &release->machine.policy);
	plan_free(&release->machine.plan);
	request_plan_release(&release->request, &release->machine.plan, &release->machine.input);
	for (size_t i = 0; i < release->machine.plan.n_entries; i++)
		if (release->machine.plan.entries[i].device->is_taken)
			release->machine.plan.entries[i].verdict = VERDICT_RELEASE;
	apply_prepare(&release->apply, &release->machine.plan, &release->fake.kernel, &release->journal,
		      child_now() + TIME);
	release_load(&release->apply);
}

static void begin(struct release *release, const char *tree)
{
	*release = (struct release){ .root = test_root(tree), .request = { .is_release = true, .is_all = true } };
	CHECK_INT(journal_create(&release->journal), 0);
	fake_start(&release->fake, release->root, fake_drivers);
	plan(release);
}

static void end(struct release *release)
{
	apply_free(&release->apply);
	machine_free(&release->machine);
	fake_free(&release->fake);
	journal_close(&release->journal);
	request_free(&release->request);
	test_close_roots();
}

/* "01:00.0 release=nouveau; ..." */
static char *outcome(const struct release *release)
{
	char *text = util_copy("");

	for (size_t i = 0; i < release->machine.plan.n_entries; i++) {
		const struct plan_entry *entry = &release->machine.plan.entries[i];
		cleanup_free char *verdict = machine_verdict(entry);
		char driver[SYSFS_NAME_SIZE];

		inventory_read_driver(release->root, entry->device->address, driver);
		test_append(&text, "%s %s=%s; ", entry->device->address + strlen("0000:"), verdict, driver);
	}
	return text;
}

static const struct {
	const char *name, *tree, *hanging, *expected;
} cases[] = {
	{ "drivers are loaded", HOST GPU NIC LOADED, NULL,
	  "01:00.0 release=nouveau; 01:00.1 release=snd_hda_intel; 02:00.0 release=e1000e; " },
	{ "drivers have to be loaded", HOST GPU NIC, NULL,
	  "01:00.0 release=nouveau; 01:00.1 release=snd_hda_intel; 02:00.0 release=e1000e; " },
	{ "no driver for it", HOST CARD, NULL, "03:00.0 release=; " },
	{ "one hangs, the others do not wait", HOST GPU NIC LOADED, "0000:01:00.0",
	  "01:00.0 fail stuck=; 01:00.1 release=snd_hda_intel; 02:00.0 release=e1000e; " },
	{ "nothing of ours", HOST, NULL, "" },
};

TEST(release_works)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct release release;
		cleanup_free char *got = NULL;

		test_case("%s", cases[i].name);
		begin(&release, cases[i].tree);
		release.fake.hanging = cases[i].hanging;
		release_run(&release.apply);
		release_conclude(&release.apply);
		got = outcome(&release);
		CHECK_STR(got, cases[i].expected);
		CHECK_TRUE(!release.fake.touched_hung);
		end(&release);
	}
}

/* What was set before the bind is set back, to what it was before the first time. */
#define CHANGE(attribute, before, now)                                                                                 \
	"{\"attribute\": \"" attribute "\", \"before\": \"" before "\", \"now\": \"" now "\"}"
#define REPORT(address, changes) "{\"devices\": [{\"address\": \"" address "\", \"prepared\": [" changes "]}]"
#define SET_GPU                                                                                                        \
	OURS("01:00.0", "0300", "10de:13c2", "1") "A: reset_method=bus\nA: resets=flr pm bus\nA: d3cold_allowed=0\n"

static const struct {
	const char *name, *reports, *reset_method, *d3cold_allowed, *message;
} resets[] = {
	{ "nothing was set", "{\"devices\": []}", "bus", "0", "next boot; given back; nouveau holds it" },
	{ "both",
	  REPORT("0000:01:00.0", CHANGE("reset_method", "flr bus", "bus") ", " CHANGE("d3cold_allowed", "1", "0")) "}",
	  "flr bus", "1",
	  "next boot; d3cold_allowed is 1 again; reset_method is flr bus again; given back; nouveau holds it" },
	{ "of another device", REPORT("0000:01:00.1", CHANGE("reset_method", "flr bus", "bus")) "}", "bus", "0",
	  "next boot; given back; nouveau holds it" },
	{ "one after the other",
	  REPORT("0000:01:00.0", CHANGE("reset_method", "flr bus", "pm")) ", \"runs\": [" REPORT(
		  "0000:01:00.0", CHANGE("reset_method", "pm", "bus")) "}]}",
	  "flr bus", "0", "reset_method is flr bus again; given back" },
	{ "set back already, then by another tool",
	  REPORT("0000:01:00.0", CHANGE("reset_method", "flr bus", "pm")) ", \"runs\": [" REPORT(
		  "0000:01:00.0", CHANGE("reset_method", "flr bus", "flr bus")) "}]}",
	  "bus", "0", "next boot; given back; nouveau holds it" },
	{ "what the kernel does not take any more", REPORT("0000:01:00.0", CHANGE("reset_method", "acpi", "bus")) "}",
	  "bus", "0", "warning: reset_method could not be set back to 'acpi'; given back; nouveau holds it" },
	{ "junk", REPORT("0000:01:00.0", CHANGE("driver_override", "a", "b") ", 7, {}") ", \"runs\": 7}", "bus", "0",
	  "next boot; given back; nouveau holds it" },
};

TEST(release_sets_back)
{
	for (size_t i = 0; i < ARRAY_SIZE(resets); i++) {
		cleanup_free char *tree = util_format(HOST SET_GPU LOADED "F: run/vfiokit/bind.json=%s\n",
						      resets[i].reports);
		char text[PREPARE_VALUE_SIZE];
		struct release release;

		test_case("%s", resets[i].name);
		begin(&release, tree);
		release_run(&release.apply);
		release_conclude(&release.apply);
		CHECK_INT(prepare_read(release.root, "0000:01:00.0", PREPARE_RESET_METHOD, text), 0);
		CHECK_STR(text, resets[i].reset_method);
		CHECK_INT(prepare_read(release.root, "0000:01:00.0", PREPARE_D3COLD, text), 0);
		CHECK_STR(text, resets[i].d3cold_allowed);
		CHECK_HAS(machine_entry(&release.machine, "01:00.0")->message, resets[i].message);
		end(&release);
	}
}

TEST(release_says)
{
	struct release release;

	begin(&release, HOST GPU CARD LOADED);
	release_run(&release.apply);
	release_conclude(&release.apply);
	CHECK_STR(machine_entry(&release.machine, "01:00.0")->message,
		  "rule 'gpu' (bind.conf:1) takes it again at the next boot; given back; nouveau holds it");
	CHECK_STR(machine_entry(&release.machine, "01:00.1")->message, "given back; snd_hda_intel holds it");
	CHECK_STR(machine_entry(&release.machine, "03:00.0")->message,
		  "given back, but this kernel has no driver for it; no driver holds it");
	end(&release);
}

/* The kernel keeps drivers away from it, on purpose: that it has none is no failure. */
TEST(release_of_a_virtual_function)
{
	static const char *const values[] = { "0", "1" };

	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		cleanup_free char *tree = util_format(HOST NIC "A: physfn/sriov_drivers_autoprobe=%s\n", values[i]);
		struct release release;

		test_case("%s", values[i]);
		begin(&release, tree);
		release.fake.mode = FAKE_BROKEN; /* of the module: nothing takes the device */
		release.fake.fail_at = 3;
		release.fake.error = -EIO;
		release_run(&release.apply);
		release_conclude(&release.apply);
		CHECK_HAS(release.fake.failed, "load/");
		CHECK_HAS(
			machine_entry(&release.machine, "02:00.0")->message,
			i == 0 ? "given back, and sriov_drivers_autoprobe keeps its own driver away; no driver holds it"
			       : "taken from vfio-pci, but Input/output error; no driver holds it");
		end(&release);
	}
}

/* When the time is over nothing is begun: a driver that was never asked does not look as if it hung. */
TEST(release_too_late)
{
	struct release release;
	cleanup_free char *got = NULL;

	begin(&release, HOST NIC LOADED);
	release.apply.deadline = 1;
	release_run(&release.apply);
	release_conclude(&release.apply);
	got = outcome(&release);
	CHECK_STR(got, "02:00.0 fail unbind=vfio-pci; ");
	CHECK_INT(release.fake.n_operations, 0);
	end(&release);
}

#define SET SET_GPU "F: run/vfiokit/bind.json=" REPORT("0000:01:00.0", CHANGE("reset_method", "flr bus", "bus")) "}\n"

/* The GPU has its reset_method back, or the message says that it has not. */
static void check_set_back(const struct release *release)
{
	const struct plan_entry *entry = machine_entry(&release->machine, "01:00.0");
	char text[PREPARE_VALUE_SIZE];

	CHECK_INT(prepare_read(release->root, "0000:01:00.0", PREPARE_RESET_METHOD, text), 0);
	if (entry->reason == REASON_STUCK)
		return;
	CHECK_HAS(entry->message, streq(text, "flr bus") ? "reset_method is flr bus again"
							 : "warning: reset_method could not be set back to 'flr bus'");
	CHECK_TRUE(streq(text, "flr bus") || release->fake.mode == FAKE_BROKEN);
}

/* What is said is what is; nothing is left without a driver by a failure that does not last. */
static void check_truth(const struct release *release, bool lasts)
{
	for (size_t i = 0; i < release->machine.plan.n_entries; i++) {
		const struct plan_entry *entry = &release->machine.plan.entries[i];
		char driver[SYSFS_NAME_SIZE], override[SYSFS_NAME_SIZE];
		cleanup_free char *holds = NULL;

		inventory_read_driver(release->root, entry->device->address, driver);
		fake_read_override(release->root, entry->device->address, override, sizeof(override));
		holds = entry->reason == REASON_STUCK
				? util_copy(" is still busy with it")
				: util_format("; %s%s holds it", driver[0] == '\0' ? "no driver" : "", driver);
		if (!ends_with(entry->message, holds))
			CHECK_STR(entry->message, holds);
		if (entry->verdict == VERDICT_RELEASE) {
			CHECK_TRUE(driver[0] != '\0' && !streq(driver, "vfio-pci"));
			CHECK_STR(override, "(null)");
		}
		CHECK_TRUE(lasts || driver[0] != '\0' || entry->reason == REASON_STUCK);
	}
	CHECK_TRUE(!release->fake.touched_hung);
	check_set_back(release);
}

static bool fail_once(enum fake_mode mode, unsigned int at, int error)
{
	struct release release;
	bool reached;

	begin(&release, HOST SET NIC);
	release.fake.mode = mode;
	release.fake.fail_at = at;
	release.fake.error = error;
	release_run(&release.apply);
	release_conclude(&release.apply);
	reached = release.fake.n_operations > at;
	test_case("operation %u (%s), error %d, mode %d", at, release.fake.failed, error, (int)mode);
	/* A module that cannot be loaded leaves no driver to give it back to. */
	check_truth(&release, mode == FAKE_BROKEN || starts_with(release.fake.failed, "load/"));
	end(&release);
	return reached;
}

TEST(release_failing_everywhere)
{
	static const enum fake_mode modes[] = { FAKE_FAIL, FAKE_FAIL_AFTER, FAKE_BROKEN };
	static const int errors[] = { -EIO, -ENODEV, -EBUSY, -ETIMEDOUT };

	for (size_t i = 0; i < ARRAY_SIZE(modes); i++)
		for (size_t j = 0; j < ARRAY_SIZE(errors); j++)
			for (unsigned int at = 0; fail_once(modes[i], at, errors[j]); at++)
				;
}

static int run_child(void *context)
{
	struct release *release = context;

	release_run(&release->apply);
	return 0;
}

static bool kill_once(enum fake_mode mode, unsigned int at)
{
	struct release release;
	struct child child;
	bool was_killed;

	begin(&release, HOST SET NIC LOADED);
	release.fake.mode = mode;
	release.fake.fail_at = at;
	CHECK_INT(child_start(&child, run_child, &release), 0);
	was_killed = child_wait(&child, child_now() + 10000) == -ECHILD;
	test_case("killed at operation %u, mode %d", at, (int)mode);
	release.fake.mode = FAKE_WORK;
	apply_free(&release.apply);
	machine_free(&release.machine);
	plan(&release);
	apply_load_journal(&release.apply);
	if (was_killed) {
		apply_recover(&release.apply);
		release_finish(&release.apply);
	}
	release_conclude(&release.apply);
	check_truth(&release, false);
	end(&release);
	return was_killed;
}

TEST(release_killed_everywhere)
{
	static const enum fake_mode modes[] = { FAKE_DIE, FAKE_DIE_AFTER };

	for (size_t i = 0; i < ARRAY_SIZE(modes); i++)
		for (unsigned int at = 0; kill_once(modes[i], at); at++)
			;
}
