/* SPDX-License-Identifier: GPL-2.0-or-later */
/* apply where others interfere: drivers that are faster, unbind files that are missing, a recovery that hangs itself.
 */
#include <errno.h>
#include <sys/wait.h>

#include "lib/child.h"
#include "tests/unit/scenario.h"
#include "tests/unit/test.h"

#define HOST_GPU "PCI: 00:02.0 0300 8086:3e92 - i915 0 boot_vga=1\n"
#define DRIVERLESS HOST_GPU "PCI: 01:00.0 0300 10de:13c2 - - 1\nPCI: 01:00.1 0403 10de:0fbb - - 1\n"
#define HELD HOST_GPU "PCI: 01:00.0 0300 10de:13c2 - nouveau 1\nPCI: 01:00.1 0403 10de:0fbb - snd_hda_intel 1\n"
#define TAKE "[device gpu]\nid = 10de:13c2\ngroup = whole\n"

static const struct scenario driverless = { .name = "driverless", .tree = DRIVERLESS, .policy = TAKE };
static const struct scenario driverless_skip = { .name = "driverless, on-bound = skip",
						 .tree = DRIVERLESS,
						 .policy = TAKE "on-bound = skip\n" };
static const struct scenario held = { .name = "held", .tree = HELD, .policy = TAKE };

/* A native driver takes the device between the plan and our override. */
static void native_is_faster(struct run *run)
{
	CHECK_INT(run->fake.kernel.load(run->fake.kernel.context, "nouveau"), 0);
	(void)run->fake.kernel.write(run->fake.kernel.context, "sys/bus/pci/drivers_probe", "0000:01:00.0", 0);
}

static void check_end(struct run *run, const char *verdicts, const char *links)
{
	cleanup_free char *verdicts_now = NULL, *links_now = NULL;

	run_conclude(run);
	verdicts_now = machine_verdicts(&run->machine);
	links_now = run_links(run);
	CHECK_STR(verdicts_now, verdicts);
	CHECK_STR(links_now, links);
}

TEST(apply_native_driver_was_faster)
{
	static const struct {
		const struct scenario *scenario;
		const char *verdicts, *links;
	} cases[] = {
		{ &driverless, "01:00.0 bind gpu; 01:00.1 bind gpu; = ok 0",
		  "00:02.0=i915 01:00.0=vfio-pci 01:00.1=vfio-pci " },
		{ &driverless_skip, "01:00.0 fail unbind gpu; 01:00.1 fail group gpu; = error 1",
		  "00:02.0=i915 01:00.0=nouveau 01:00.1= " },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct run run;

		test_case("%s", cases[i].scenario->name);
		run_begin(&run, cases[i].scenario);
		native_is_faster(&run);
		run_apply(&run);
		check_end(&run, cases[i].verdicts, cases[i].links);
		run_end(&run);
	}
}

/* The number of the operation that the trace shows at this place. */
static unsigned int operation(const struct scenario *scenario, const char *what)
{
	struct run run;
	const char *found;
	unsigned int number = 0;

	run_begin(&run, scenario);
	run_apply(&run);
	found = strstr(run.fake.trace, what);
	CHECK_TRUE(found != NULL);
	for (const char *c = run.fake.trace; found != NULL && c < found; c++)
		number += *c == '\n';
	run_end(&run);
	return number;
}

/* suppress_bind_attrs: the driver has no such file, and keeps the device. */
TEST(apply_unbind_file_missing)
{
	struct run run;

	run_begin(&run, &held);
	run.fake.mode = FAKE_BROKEN;
	run.fake.fail_at = operation(&held, "unbind nouveau");
	run.fake.error = -ENOENT;
	run_apply(&run);
	check_end(&run, "01:00.0 fail unbind gpu; 01:00.1 fail group gpu; = error 1",
		  "00:02.0=i915 01:00.0=nouveau 01:00.1=snd_hda_intel ");
	CHECK_HAS(machine_entry(&run.machine, "01:00.0")->message, "cannot take it from its driver");
	run_check_tree(&run, NULL);
	run_end(&run);
}

static void kill_at(struct run *run, unsigned int at)
{
	int status = 0;
	pid_t pid;

	run->fake.mode = FAKE_DIE;
	run->fake.fail_at = at;
	pid = fork();
	if (pid == 0) {
		run_apply(run);
		_exit(0);
	}
	CHECK_INT(waitpid(pid, &status, 0), pid);
	CHECK_TRUE(WIFSIGNALED(status));
}

/* Whoever hangs while overrides are cleared holds a lock that nobody gets: that device is left, the others are served.
 */
TEST(apply_recovery_hangs_on_an_override)
{
	struct apply apply;
	struct run run;
	char override[SYSFS_NAME_SIZE];

	run_begin(&run, &held);
	kill_at(&run, operation(&held, "load vfio-pci"));
	run.fake.mode = FAKE_BROKEN;
	run.fake.fail_at = 0;
	run.fake.error = -ETIMEDOUT;
	apply_prepare(&apply, &run.machine.plan, &run.fake.kernel, &run.journal, child_now() + 500);
	apply_load_journal(&apply);
	apply_recover(&apply);
	apply_free(&apply);
	check_end(&run, "01:00.0 fail stuck gpu; 01:00.1 fail group gpu; = error 1",
		  "00:02.0=i915 01:00.0=nouveau 01:00.1=snd_hda_intel ");
	fake_read_override(run.root, "0000:01:00.0", override, sizeof(override));
	CHECK_STR(override, "vfio-pci");
	fake_read_override(run.root, "0000:01:00.1", override, sizeof(override));
	CHECK_STR(override, "(null)");
	run_check_tree(&run, "0000:01:00.0");
	run_end(&run);
}

#define PLATFORM "sys/bus/platform/drivers/efi-framebuffer/efi-framebuffer.0"
#define TAKE_CONSOLE "[device gpu]\nid = 10de:13c2\nboot-vga = allow\n"
#define WITH_FRAMEBUFFER(class)                                                                                        \
	"PCI: 01:00.0 " class " 10de:13c2 - - 1\n"                                                                     \
			      "D: sys/devices/pci0000:01/0000:01:00.0/efi-framebuffer.0\nF: " PLATFORM "=\n"

/* Whatever its class (before Linux 6.0 vfio-pci freed none); a console that could not be taken keeps its picture. */
TEST(apply_releases_the_framebuffer)
{
	static const struct {
		struct scenario scenario;
		bool is_released;
	} cases[] = {
		{ { .name = "other display",
		    .tree = WITH_FRAMEBUFFER("0380"),
		    .policy = TAKE_CONSOLE,
		    .verdicts = "01:00.0 bind gpu; = ok 0" },
		  true },
		{ { .name = "3D controller",
		    .tree = WITH_FRAMEBUFFER("0302"),
		    .policy = TAKE_CONSOLE,
		    .verdicts = "01:00.0 bind gpu; = ok 0" },
		  true },
		{ { .name = "VGA",
		    .tree = WITH_FRAMEBUFFER("0300"),
		    .policy = TAKE_CONSOLE,
		    .verdicts = "01:00.0 bind gpu; = ok 0" },
		  true },
		{ { .name = "refused by vfio-pci",
		    .tree = WITH_FRAMEBUFFER("0380"),
		    .policy = TAKE_CONSOLE,
		    .refused = "0000:01:00.0",
		    .refused_error = -EINVAL,
		    .verdicts = "01:00.0 fail probe gpu; = error 1" },
		  false },
		{ { .name = "another card's",
		    .tree = "PCI: 01:00.0 0380 10de:13c2 - - 1\nF: " PLATFORM "=\n",
		    .policy = TAKE_CONSOLE,
		    .verdicts = "01:00.0 bind gpu; = ok 0" },
		  false },
		{ { .name = "not waived",
		    .tree = WITH_FRAMEBUFFER("0380"),
		    .policy = "[device gpu]\nid = 10de:13c2\n",
		    .verdicts = "01:00.0 skip boot-vga gpu; = ok 0" },
		  false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_free char *verdicts = NULL;
		const char *release;
		struct run run;

		test_case("%s", cases[i].scenario.name);
		run_begin(&run, &cases[i].scenario);
		run_apply(&run);
		run_conclude(&run);
		verdicts = machine_verdicts(&run.machine);
		CHECK_STR(verdicts, cases[i].scenario.verdicts);
		release = run.fake.trace != NULL ? strstr(run.fake.trace, "release efi-framebuffer.0") : NULL;
		CHECK_INT(release != NULL, cases[i].is_released);
		CHECK_INT(sysfs_exists(run.root, PLATFORM), !cases[i].is_released);
		run_end(&run);
	}
}

/* As simpledrm leaves it: the memory belongs to the platform device. Only root sees addresses there. */
TEST(apply_says_that_the_framebuffer_stays)
{
	static const struct {
		const char *title, *iomem;
		bool is_said;
	} cases[] = {
		{ "in its memory", "  c0000000-c02fffff : BOOTFB\\n", true },
		{ "elsewhere", "  e0000000-e02fffff : BOOTFB\\n", false },
		{ "gone", "  c0000000-c0ffffff : 0000:01:00.0\\n", false },
		{ "not to be seen", "  00000000-00000000 : BOOTFB\\n", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_free char *tree = util_format(
			"PCI: 01:00.0 0380 10de:13c2 - - 1\n"
			"D: sys/devices/pci0000:01/0000:01:00.0/efi-framebuffer.0\n"
			"A: resource=0x00000000c0000000 0x00000000c0ffffff 0x0000000000042208\n"
			"F: proc/iomem=%s\n",
			cases[i].iomem);
		const struct scenario scenario = { .name = cases[i].title, .tree = tree, .policy = TAKE_CONSOLE };
		struct run run;

		test_case("%s", cases[i].title);
		run_begin(&run, &scenario);
		run_apply(&run);
		run_conclude(&run);
		CHECK_INT(strstr(machine_entry(&run.machine, "01:00.0")->message, "initcall_blacklist=sysfb_init") !=
				  NULL,
			  cases[i].is_said);
		run_end(&run);
	}
}
