/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/scenario.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

#include "lib/child.h"
#include "tests/unit/test.h"

/* Time for one apply (milliseconds); a fake kernel needs none, but a deferred bind is tried again until the end. */
#define TIME 2000

#define GPU "PCI: 01:00.0 0300 10de:13c2 - - 1\nPCI: 01:00.1 0403 10de:0fbb - - 1\n"
#define BOUND_GPU "PCI: 01:00.0 0300 10de:13c2 - nouveau 1\nPCI: 01:00.1 0403 10de:0fbb - snd_hda_intel 1\n"
#define HOST_GPU "PCI: 00:02.0 0300 8086:3e92 - i915 0 boot_vga=1\n"
#define CARDS "PCI: 02:00.0 0200 8086:10d3 - e1000e 2\nPCI: 03:00.0 1200 1111:0001 - - 3\n"
#define TAKE_GPU "[device gpu]\nid = 10de:13c2\ngroup = whole\n"
#define TAKE_CARDS "[device nic]\naddress = 02:00.0\nallow = network\n[device card]\naddress = 03:00.0\n"

#define PREPARED_GPU(driver, audio_driver)                                                                             \
	"PCI: 01:00.0 0300 10de:13c2 - " driver " 1\n"                                                                 \
	"A: reset_method=" RESETS_BEFORE "\nA: resets=flr bus\nA: d3cold_allowed=1\n"                                  \
	"A: resource=" BARS_BEFORE "\nA: resource0_resize=0000000000003f00\n"                                          \
	"PCI: 01:00.1 0403 10de:0fbb - " audio_driver " 1\nA: d3cold_allowed=1\n"
/* BAR 0 has 256M and can have up to 8G. */
#define BARS_BEFORE "0x4000000000 0x400fffffff 0x14220c\\n0x0 0x0 0x0\\n"
#define RESETS_BEFORE "flr bus"
#define PREPARE_GPU TAKE_GPU "reset-method = bus\nd3cold = no\nresize-bar = 0:8G\n"

static const struct fake_driver without_vfio[] = {
	{ "nouveau", "nouveau", "10de:13c2" },
	{ "snd_hda_intel", "snd_hda_intel", "10de:0fbb" },
	{ "e1000e", "e1000e", "8086:10d3" },
	{ 0 },
};

const struct scenario scenarios[] = {
	{ .name = "driverless pair",
	  .tree = HOST_GPU GPU,
	  .policy = TAKE_GPU,
	  .verdicts = "01:00.0 bind gpu; 01:00.1 bind gpu; = ok 0",
	  .links = "00:02.0=i915 01:00.0=vfio-pci 01:00.1=vfio-pci " },
	{ .name = "pair held by native drivers",
	  .tree = HOST_GPU BOUND_GPU,
	  .policy = TAKE_GPU,
	  .verdicts = "01:00.0 bind gpu; 01:00.1 bind gpu; = ok 0",
	  .links = "00:02.0=i915 01:00.0=vfio-pci 01:00.1=vfio-pci " },
	{ .name = "one held, one driverless, vfio-pci built in",
	  .tree = HOST_GPU "PCI: 01:00.0 0300 10de:13c2 - nouveau 1\nPCI: 01:00.1 0403 10de:0fbb - - 1\n"
			   "D: sys/bus/pci/drivers/vfio-pci\n",
	  .policy = TAKE_GPU,
	  .verdicts = "01:00.0 bind gpu; 01:00.1 bind gpu; = ok 0",
	  .links = "00:02.0=i915 01:00.0=vfio-pci 01:00.1=vfio-pci " },
	{ .name = "three groups, two drivers",
	  .tree = HOST_GPU BOUND_GPU CARDS,
	  .policy = TAKE_GPU "[device nic]\naddress = 02:00.0\nallow = network\n"
			     "[device card]\naddress = 03:00.0\ndriver = pci-stub\n",
	  .verdicts = "01:00.0 bind gpu; 01:00.1 bind gpu; 02:00.0 bind nic; 03:00.0 bind card; = ok 0",
	  .links = "00:02.0=i915 01:00.0=vfio-pci 01:00.1=vfio-pci 02:00.0=vfio-pci 03:00.0=pci-stub " },
	{ .name = "half of a group bound before",
	  .tree = HOST_GPU "PCI: 01:00.0 0300 10de:13c2 - nouveau 1\nPCI: 01:00.1 0403 10de:0fbb - vfio-pci 1 "
			   "driver_override=vfio-pci\n",
	  .policy = TAKE_GPU,
	  .verdicts = "01:00.0 bind gpu; 01:00.1 bound gpu; = ok 0",
	  .links = "00:02.0=i915 01:00.0=vfio-pci 01:00.1=vfio-pci " },
	{ .name = "the second of a pair is always refused",
	  .tree = HOST_GPU BOUND_GPU CARDS,
	  .policy = TAKE_GPU TAKE_CARDS,
	  .refused = "0000:01:00.1",
	  .refused_error = -EINVAL,
	  .verdicts =
		  "01:00.0 fail group gpu; 01:00.1 fail probe gpu; 02:00.0 bind nic; 03:00.0 bind card; = partial 1",
	  .links = "00:02.0=i915 01:00.0=nouveau 01:00.1=snd_hda_intel 02:00.0=vfio-pci 03:00.0=vfio-pci " },
	{ .name = "a driverless pair of which the first is always refused",
	  .tree = HOST_GPU GPU CARDS,
	  .policy = TAKE_GPU TAKE_CARDS,
	  .refused = "0000:01:00.0",
	  .refused_error = -EBUSY,
	  .verdicts =
		  "01:00.0 fail probe gpu; 01:00.1 fail group gpu; 02:00.0 bind nic; 03:00.0 bind card; = partial 1",
	  .links = "00:02.0=i915 01:00.0= 01:00.1= 02:00.0=vfio-pci 03:00.0=vfio-pci " },
	{ .name = "variant drivers, named as their modules are",
	  .tree = HOST_GPU BOUND_GPU CARDS,
	  .policy = "[policy]\ndriver = xe_vfio_pci\n" TAKE_GPU
		    "[device nic]\naddress = 02:00.0\nallow = network\ndriver = mlx5_vfio_pci\n"
		    "[device card]\naddress = 03:00.0\ndriver = vfio_pci\n",
	  .verdicts = "01:00.0 bind gpu; 01:00.1 bind gpu; 02:00.0 bind nic; 03:00.0 bind card; = ok 0",
	  .links = "00:02.0=i915 01:00.0=xe-vfio-pci 01:00.1=xe-vfio-pci 02:00.0=mlx5_vfio_pci 03:00.0=vfio-pci " },
	{ .name = "vfio_iommu_type1 missing",
	  .tree = HOST_GPU BOUND_GPU,
	  .policy = TAKE_GPU,
	  .lacks_type1 = true,
	  .verdicts = "01:00.0 bind gpu; 01:00.1 bind gpu; = ok 0",
	  .links = "00:02.0=i915 01:00.0=vfio-pci 01:00.1=vfio-pci " },
	{ .name = "vfio-pci missing",
	  .tree = HOST_GPU BOUND_GPU CARDS,
	  .policy = TAKE_GPU TAKE_CARDS,
	  .drivers = without_vfio,
	  .verdicts = "01:00.0 fail module gpu; 01:00.1 fail group gpu; 02:00.0 fail module nic; 03:00.0 fail module "
		      "card; = error 1",
	  .links = "00:02.0=i915 01:00.0=nouveau 01:00.1=snd_hda_intel 02:00.0=e1000e 03:00.0= " },
	{ .name = "a driverless pair that is prepared",
	  .tree = HOST_GPU PREPARED_GPU("-", "-"),
	  .policy = PREPARE_GPU,
	  .verdicts = "01:00.0 bind gpu; 01:00.1 bind gpu; = ok 0",
	  .links = "00:02.0=i915 01:00.0=vfio-pci 01:00.1=vfio-pci " },
	{ .name = "a pair that is taken and prepared, beside another card",
	  .tree = HOST_GPU PREPARED_GPU("nouveau", "snd_hda_intel") CARDS,
	  .policy = PREPARE_GPU TAKE_CARDS,
	  .verdicts = "01:00.0 bind gpu; 01:00.1 bind gpu; 02:00.0 bind nic; 03:00.0 bind card; = ok 0",
	  .links = "00:02.0=i915 01:00.0=vfio-pci 01:00.1=vfio-pci 02:00.0=vfio-pci 03:00.0=vfio-pci " },
	{ .name = "a pair that is prepared, and of which the second is refused",
	  .tree = HOST_GPU PREPARED_GPU("nouveau", "snd_hda_intel"),
	  .policy = PREPARE_GPU,
	  .refused = "0000:01:00.1",
	  .refused_error = -EINVAL,
	  .verdicts = "01:00.0 fail group gpu; 01:00.1 fail probe gpu; = error 1",
	  .links = "00:02.0=i915 01:00.0=nouveau 01:00.1=snd_hda_intel " },
	{ 0 },
};

void run_begin_again(struct run *run, const struct scenario *scenario, int root)
{
	*run = (struct run){ .scenario = scenario, .root = root };
	machine_read_root(&run->machine, root, scenario->policy, NULL);
	fake_start(&run->fake, root, scenario->drivers != NULL ? scenario->drivers : fake_drivers);
	if (scenario->lacks_type1)
		run->fake.modules = NULL;
	run->fake.refused = scenario->refused;
	run->fake.refused_error = scenario->refused_error;
	run->fake.hanging = scenario->hanging;
	CHECK_INT(journal_create(&run->journal), 0);
	journal_keep_copy(&run->journal, root, "run/vfiokit");
}

void run_begin(struct run *run, const struct scenario *scenario)
{
	run_begin_again(run, scenario, test_root(scenario->tree));
}

void run_end(struct run *run)
{
	machine_free(&run->machine);
	fake_free(&run->fake);
	journal_close(&run->journal);
}

static void prepare(struct run *run, struct apply *apply)
{
	apply_prepare(apply, &run->machine.plan, &run->fake.kernel, &run->journal, child_now() + TIME);
}

void run_apply(struct run *run)
{
	struct apply apply;

	prepare(run, &apply);
	apply_run(&apply);
	apply_free(&apply);
}

/* As a process does that has only the journal: it must come to the same plan. */
static void plan_again(struct run *run)
{
	cleanup_free char *before = machine_verdicts(&run->machine), *now = NULL;

	machine_free(&run->machine);
	machine_read_root(&run->machine, run->root, run->scenario->policy, &run->journal);
	now = machine_verdicts(&run->machine);
	CHECK_STR(now, before);
}

bool run_apply_killed(struct run *run)
{
	struct apply apply;
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		run_apply(run);
		_exit(0);
	}
	CHECK_INT(waitpid(pid, &status, 0), pid);
	if (!WIFSIGNALED(status))
		return false;
	run->fake.mode = FAKE_WORK;
	plan_again(run);
	prepare(run, &apply);
	apply_load_journal(&apply);
	apply_recover(&apply);
	apply_free(&apply);
	return true;
}

void run_conclude(struct run *run)
{
	struct apply apply;

	prepare(run, &apply);
	apply_load_journal(&apply);
	run->lacks_type1 = apply.lacks_type1;
	apply_conclude(&apply, &run->machine.plan, &run->machine.input);
	apply_free(&apply);
}

static const char *short_address(const char *address)
{
	return address + strlen("0000:");
}

char *run_links(const struct run *run)
{
	char *text = NULL;

	for (size_t i = 0; i < run->machine.inventory.n_devices; i++) {
		const struct device *device = &run->machine.inventory.devices[i];
		char driver[SYSFS_NAME_SIZE];

		inventory_read_driver(run->root, device->address, driver);
		test_append(&text, "%s=%s ", short_address(device->address), driver);
	}
	return text;
}

/* Was it to be bound? Others must be as they were. */
static bool was_planned(const struct plan_entry *entry)
{
	return entry->verdict == VERDICT_BIND || entry->verdict == VERDICT_FAIL;
}

static bool is_stuck(const struct plan_entry *entry)
{
	return entry->verdict == VERDICT_FAIL && entry->reason == REASON_STUCK;
}

/* A file that stays broken can make it impossible to give this device back; only the report must be true then. */
static bool is_excused(const struct run *run, const struct plan_entry *entry)
{
	char override[64], unbind[96];

	if (run->fake.mode != FAKE_BROKEN)
		return false;
	snprintf(override, sizeof(override), "%s/driver_override ", entry->device->address);
	snprintf(unbind, sizeof(unbind), "/%s/unbind ", entry->driver);
	return strstr(run->fake.failed, override) != NULL || strstr(run->fake.failed, unbind) != NULL;
}

/* What an attribute is now, and what it was and shall be in the scenarios; "" if the device has none. */
static void read_attribute(const struct run *run, const struct plan_entry *entry, enum prepare_step step,
			   char now[static PREPARE_VALUE_SIZE], const char **before)
{
	*before = step == PREPARE_D3COLD ? "1" : step == PREPARE_BAR ? "8" : RESETS_BEFORE;
	if (prepare_read(run->root, entry->device->address, step, now) < 0)
		now[0] = '\0';
}

/* What was set is set back with the device; a file that does not work any more excuses it. */
static void check_reset(const struct run *run, const struct plan_entry *entry)
{
	char now[PREPARE_VALUE_SIZE];
	const char *before;

	for (int step = 0; step < PREPARE_STEPS; step++) {
		read_attribute(run, entry, (enum prepare_step)step, now, &before);
		if (now[0] != '\0' && run->fake.mode != FAKE_BROKEN)
			CHECK_STR(now, before);
	}
}

/* Each attribute is as the message says. */
static void check_prepared(const struct run *run, const struct plan_entry *entry)
{
	char now[PREPARE_VALUE_SIZE], wanted[PREPARE_VALUE_SIZE], words[PREPARE_VALUE_SIZE], name[PREPARE_NAME_SIZE];
	const char *before;

	for (int i = 0; i < PREPARE_STEPS; i++) {
		enum prepare_step step = (enum prepare_step)i;
		cleanup_free char *right = NULL, *wrong = NULL;

		read_attribute(run, entry, step, now, &before);
		if (!prepare_wants(&entry->rule->preparation, step, wanted) || now[0] == '\0')
			continue;
		right = util_format("%s %s", prepare_name(step, name), prepare_value(step, wanted, words));
		wrong = util_format("warning: %s ", prepare_name(step, name));
		if (entry->verdict == VERDICT_BIND)
			CHECK_HAS(entry->message, streq(now, wanted) ? right : wrong);
		else
			CHECK_INT(strstr(entry->message, wrong) != NULL, !streq(now, before));
	}
}

static void check_device(const struct run *run, const struct plan_entry *entry)
{
	const char *before = entry->device->driver;
	char driver[SYSFS_NAME_SIZE], override[SYSFS_NAME_SIZE];

	inventory_read_driver(run->root, entry->device->address, driver);
	fake_read_override(run->root, entry->device->address, override, sizeof(override));
	if (!was_planned(entry)) {
		CHECK_STR(driver, before);
		return;
	}
	CHECK_TRUE(entry->verdict != VERDICT_BIND || streq(driver, entry->driver));
	if (is_stuck(entry) || is_excused(run, entry))
		return;
	if (entry->verdict == VERDICT_BIND) {
		CHECK_STR(override, entry->driver);
		return;
	}
	CHECK_STR(override, "(null)");
	CHECK_STR(driver, before);
	check_reset(run, entry);
}

/* Bound together, or not at all. */
static void check_group(const struct run *run, const struct plan_entry *entry)
{
	const struct plan *plan = &run->machine.plan;
	int group = entry->device->iommu_group;

	for (size_t i = 0; i < plan->n_entries; i++) {
		const struct plan_entry *other = &plan->entries[i];

		if (other->device == NULL || other->device->iommu_group != group || !was_planned(other) ||
		    !was_planned(entry))
			continue;
		CHECK_INT(other->verdict, entry->verdict);
	}
}

void run_check_tree(const struct run *run, const char *stuck)
{
	const struct plan *plan = &run->machine.plan;

	for (size_t i = 0; i < plan->n_entries; i++) {
		const struct plan_entry *entry = &plan->entries[i];
		const struct device *device = entry->device;

		if (device == NULL)
			continue;
		check_device(run, entry);
		check_group(run, entry);
		CHECK_TRUE(!is_stuck(entry) || (stuck != NULL && streq(device->address, stuck)));
	}
	CHECK_TRUE(!run->fake.touched_hung);
}

static void check_message(const struct run *run, const struct plan_entry *entry)
{
	char driver[SYSFS_NAME_SIZE], override[SYSFS_NAME_SIZE];
	cleanup_free char *end = NULL;
	bool left;

	inventory_read_driver(run->root, entry->device->address, driver);
	fake_read_override(run->root, entry->device->address, override, sizeof(override));
	left = entry->verdict == VERDICT_FAIL && !is_stuck(entry) && !streq(override, "(null)");
	end = is_stuck(entry) ? util_copy(" is still busy with it")
			      : util_format("; %s%s holds it", driver[0] == '\0' ? "no driver" : "", driver);
	if (!ends_with(entry->message, end))
		CHECK_STR(entry->message, end);
	if ((strstr(entry->message, "could not be cleared") != NULL) != left)
		CHECK_STR(entry->message, left ? "... could not be cleared" : "... (the override is cleared)");
	if (is_stuck(entry) && (strstr(entry->message, "override stays") != NULL) == streq(override, "(null)"))
		CHECK_STR(entry->message, override);
	if (strstr(entry->message, "given back") != NULL && !streq(driver, entry->device->driver))
		CHECK_STR(entry->message, "... (it is not where it was)");
	if (strstr(entry->message, "Success") != NULL)
		CHECK_STR(entry->message, "... (what did not work)");
	if (!is_stuck(entry) && !is_excused(run, entry))
		CHECK_INT(entry->verdict == VERDICT_BIND, was_planned(entry) && streq(driver, entry->driver));
}

void run_check_report(const struct run *run, const char *stuck_on)
{
	cleanup_free char *busy = util_format("; %s is still busy with it", stuck_on != NULL ? stuck_on : "");
	const struct plan *plan = &run->machine.plan;

	for (size_t i = 0; i < plan->n_entries; i++) {
		const struct plan_entry *entry = &plan->entries[i];

		if (entry->device == NULL || !was_planned(entry))
			continue;
		check_message(run, entry);
		if (is_stuck(entry) && stuck_on != NULL)
			CHECK_HAS(entry->message, busy);
		if (!is_stuck(entry))
			check_prepared(run, entry);
	}
}
