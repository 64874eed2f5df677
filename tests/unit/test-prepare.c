/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a rule sets on its devices: the words of the policy, and what is said of it. How it is written is apply's test.
 */
#include "binder/prepare.h"

#include <errno.h>

#include "lib/child.h"
#include "tests/unit/scenario.h"
#include "tests/unit/test.h"

/* Time for one apply (milliseconds). */
#define TIME 1000

TEST(prepare_parse)
{
	static const struct {
		const char *key, *value, *words; /* "!" and what was expected, for a value that is wrong */
	} cases[] = {
		{ "reset-method", "bus", "reset_method to bus" },
		{ "reset-method", "flr,bus", "reset_method to flr bus" },
		{ "reset-method", "  pm   flr ", "reset_method to pm flr" },
		{ "reset-method", "device_specific acpi flr af_flr pm bus cxl_bus",
		  "reset_method to device_specific acpi flr af_flr pm bus cxl_bus" },
		{ "reset-method", "", "!any of: device_specific" },
		{ "reset-method", "FLR", "!any of: device_specific" },
		{ "reset-method", "bus default", "!any of: device_specific" },
		{ "reset-method", "device_specific device_specific device_specific device_specific",
		  "!any of: device_specific" },
		{ "resize-bar", "0:256M", "BAR 0 to 256M" },
		{ "resize-bar", "2:1T 0:16G", "BAR 0 to 16G, BAR 2 to 1T" },
		{ "resize-bar", "5:1M,1:1024M", "BAR 1 to 1G, BAR 5 to 1M" },
		{ "resize-bar", "0:128T", "BAR 0 to 128T" },
		{ "resize-bar", "0:256T", "!BAR:SIZE" },
		{ "resize-bar", "0:524288G", "!BAR:SIZE" },
		{ "resize-bar", "0:0M", "!BAR:SIZE" },
		{ "resize-bar", "0:3G", "!BAR:SIZE" },
		{ "resize-bar", "0:8", "!BAR:SIZE" },
		{ "resize-bar", "0:8GB", "!BAR:SIZE" },
		{ "resize-bar", "0:8g", "!BAR:SIZE" },
		{ "resize-bar", "0:G", "!BAR:SIZE" },
		{ "resize-bar", "0:18446744073709551617M", "!BAR:SIZE" },
		{ "resize-bar", "6:8G", "!BAR:SIZE" },
		{ "resize-bar", "8G", "!BAR:SIZE" },
		{ "resize-bar", "0:8G 0:4G", "!each BAR (0 to 5) once" },
		{ "resize-bar", "", "!BAR:SIZE" },
		{ "d3cold", "no", "d3cold_allowed to 0" },
		{ "d3cold", "yes", "" },
		{ "d3cold", "0", "!yes or no" },
		{ "d3cold", "", "!yes or no" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct preparation preparation = { 0 };
		cleanup_free char *value = util_copy(cases[i].value), *words = NULL;
		const char *expected = streq(cases[i].key, "d3cold") ? prepare_parse_d3cold(&preparation, value)
				       : streq(cases[i].key, "resize-bar")
					       ? prepare_parse_bars(&preparation, value)
					       : prepare_parse_reset_method(&preparation, value);

		test_case("%s = %s", cases[i].key, cases[i].value);
		words = prepare_words(&preparation);
		CHECK_INT(expected != NULL, cases[i].words[0] == '!');
		if (expected != NULL)
			CHECK_HAS(expected, cases[i].words + 1);
		CHECK_STR(words, expected != NULL ? "" : cases[i].words);
	}
}

TEST(prepare_find)
{
	CHECK_INT(prepare_find("reset_method"), PREPARE_RESET_METHOD);
	CHECK_INT(prepare_find("d3cold_allowed"), PREPARE_D3COLD);
	CHECK_INT(prepare_find("resource5_resize"), PREPARE_BAR + 5);
	CHECK_INT(prepare_find("d3cold"), PREPARE_STEPS);
}

#define CARD "PCI: 01:00.0 1200 1111:0001 - - 1\n"
#define MATE "PCI: 01:00.1 0403 1111:0002 - - 1\n"
#define BARS(sizes) "A: resource0_resize=" sizes "\nA: resource=0x4000000000 0x400fffffff 0x14220c\\n0x0 0x0 0x0\\n\n"
#define RULE "[device card]\nid = 1111:0001\ngroup = whole\n"

/* What cannot be set stops nothing, and is said. */
TEST(prepare_messages)
{
	static const struct {
		const char *tree, *keys, *message, *mate;
	} cases[] = {
		{ CARD "A: reset_method=flr bus\nA: resets=flr bus\n", "reset-method = bus\n",
		  "bound to vfio-pci by rule 'card' (bind.conf:1) with reset_method bus; vfio-pci holds it", NULL },
		{ CARD "A: reset_method=flr\nA: resets=flr\n", "reset-method = flr\n",
		  "bound to vfio-pci by rule 'card' (bind.conf:1) with reset_method flr; vfio-pci holds it", NULL },
		{ CARD "A: reset_method=flr\nA: resets=flr\nA: d3cold_allowed=1\n", "reset-method = pm\nd3cold = no\n",
		  "with d3cold_allowed 0; warning: reset_method is not 'pm' but 'flr': the device does not offer that; "
		  "vfio-pci holds it",
		  NULL },
		{ CARD BARS("0000000000003f00"), "resize-bar = 0:8G\n", "with BAR 0 8G; vfio-pci holds it", NULL },
		{ CARD BARS("0000000000003f00"), "resize-bar = 0:256M\n", "with BAR 0 256M; vfio-pci holds it", NULL },
		{ CARD BARS("0000000000000f00"), "resize-bar = 0:8G\n",
		  "; warning: BAR 0 is not '8G' but '256M': the device does not offer that, only 256M 512M 1G 2G; "
		  "vfio-pci",
		  NULL },
		{ CARD BARS("0000000000003f00"), "resize-bar = 1:8G\n",
		  "; warning: BAR 1 is not '8G' but missing: the kernel has none for this device; vfio-pci holds it",
		  NULL },
		{ CARD "A: resource0_resize=0000000000003f00\nA: resource=0x0 0x0 0x0\n", "resize-bar = 0:8G\n",
		  "; warning: BAR 0 is not '8G' but missing: No data available; vfio-pci holds it", NULL },
		{ CARD, "d3cold = no\n",
		  "warning: d3cold_allowed is not '0' but missing: the kernel has none for this device", NULL },
		{ CARD "A: d3cold_allowed=1\n" MATE, "d3cold = no\n", "with d3cold_allowed 0; vfio-pci holds it",
		  "bound to vfio-pci by rule 'card' (bind.conf:1); vfio-pci holds it" },
		{ CARD MATE "A: d3cold_allowed=1\n", "d3cold = no\n", "but missing: the kernel has none",
		  "with d3cold_allowed 0; vfio-pci holds it" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_free char *policy = util_format(RULE "%s", cases[i].keys);
		struct scenario scenario = { .name = cases[i].keys, .tree = cases[i].tree, .policy = policy };
		struct apply apply;
		struct run run;

		test_case("case %zu, %s", i, cases[i].keys);
		run_begin(&run, &scenario);
		apply_prepare(&apply, &run.machine.plan, &run.fake.kernel, &run.journal, child_now() + TIME);
		apply_run(&apply);
		apply_conclude(&apply, &run.machine.plan, &run.machine.input);
		apply_free(&apply);
		CHECK_INT(machine_entry(&run.machine, "01:00.0")->verdict, VERDICT_BIND);
		CHECK_HAS(machine_entry(&run.machine, "01:00.0")->message, cases[i].message);
		if (cases[i].mate != NULL)
			CHECK_HAS(machine_entry(&run.machine, "01:00.1")->message, cases[i].mate);
		run_end(&run);
	}
}

/* The plan says it beforehand. */
TEST(prepare_plan)
{
	static const struct scenario scenario = { .tree = CARD MATE,
						  .policy = RULE "reset-method = bus\nd3cold = no\n" };
	struct run run;

	run_begin(&run, &scenario);
	plan_explain(&run.machine.plan, &run.machine.input);
	CHECK_STR(machine_entry(&run.machine, "01:00.0")->message,
		  "goes to vfio-pci, by rule 'card' (bind.conf:1), after setting d3cold_allowed to 0, reset_method to "
		  "bus; "
		  "no driver holds it");
	run_end(&run);
}
