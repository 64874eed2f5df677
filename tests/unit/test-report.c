/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "binder/report.h"

#include <cjson/cJSON.h>
#include <fcntl.h>

#include "lib/log.h"
#include "tests/unit/machine.h"
#include "tests/unit/test.h"

#define DEVICES                                                                                                        \
	"01:00.0 0300 10de:13c2 1 nouveau boot_vga;02:00.0 1200 1111:0001 2 - sub=1043:8508;03:00.0 1200 1111:0001 - " \
	"foo"
#define POLICY "[device a]\nclass=03\nclass=12\n[device b]\naddress=09:00.0\n[device c]\nclass=usb\n[device d]\nfoo=1\n"

static struct report report_of(const struct machine *machine)
{
	return (struct report){ .command = "plan",
				.inventory = &machine->inventory,
				.policy = &machine->policy,
				.plan = &machine->plan,
				.problems = &machine->problems,
				.result = plan_result(&machine->plan,
						      problem_count(&machine->problems, PROBLEM_POLICY) > 0),
				.root = -1 };
}

TEST(report_exit_codes)
{
	static const struct {
		enum result result;
		int code, code_with_errors;
	} cases[] = {
		{ RESULT_OK, 0, 2 },      { RESULT_PARTIAL, 1, 2 }, { RESULT_ERROR, 1, 2 },
		{ RESULT_NOTHING, 3, 2 }, { RESULT_OFF, 0, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		test_case("%s", plan_result_name(cases[i].result));
		CHECK_INT(report_exit_code(cases[i].result, false), cases[i].code);
		CHECK_INT(report_exit_code(cases[i].result, true), cases[i].code_with_errors);
	}
}

/* The device's object without its message, which plan-text tests. Owned by the caller. */
static char *device_text(cJSON *devices, int i)
{
	cJSON *device = cJSON_GetArrayItem(devices, i);

	CHECK_TRUE(cJSON_IsString(cJSON_GetObjectItemCaseSensitive(device, "message")));
	cJSON_DeleteItemFromObjectCaseSensitive(device, "message");
	return cJSON_PrintUnformatted(device);
}

/* All keys of DESIGN.md, in its order, on every entry. */
TEST(report_json_devices)
{
	static const char *const expected[] = {
		"{\"address\":\"0000:01:00.0\",\"path\":\"0000:01:00.0\",\"id\":\"10de:13c2\",\"subsystem\":\"0000:"
		"0000\","
		"\"class\":\"030000\",\"iommu_group\":1,\"boot_vga\":true,\"console\":true,\"driver_before\":"
		"\"nouveau\","
		"\"driver_after\":\"nouveau\",\"verdict\":\"skip\",\"reason\":\"boot-vga\",\"rule\":\"a\"}",
		"{\"address\":\"0000:02:00.0\",\"path\":\"0000:02:00.0\",\"id\":\"1111:0001\",\"subsystem\":\"1043:"
		"8508\","
		"\"class\":\"120000\",\"iommu_group\":2,\"boot_vga\":false,\"console\":false,\"driver_before\":null,"
		"\"driver_after\":\"vfio-pci\",\"verdict\":\"bind\",\"reason\":null,\"rule\":\"a\"}",
		"{\"address\":\"0000:03:00.0\",\"path\":\"0000:03:00.0\",\"id\":\"1111:0001\",\"subsystem\":\"0000:"
		"0000\","
		"\"class\":\"120000\",\"iommu_group\":null,\"boot_vga\":false,\"console\":false,\"driver_before\":"
		"\"foo\","
		"\"driver_after\":\"foo\",\"verdict\":\"refuse\",\"reason\":\"no-iommu\",\"rule\":\"a\"}",
		"{\"address\":\"0000:09:00.0\",\"path\":null,\"id\":null,\"subsystem\":null,\"class\":null,\"iommu_"
		"group\":null,"
		"\"boot_vga\":null,\"console\":null,\"driver_before\":null,\"driver_after\":null,\"verdict\":\"skip\","
		"\"reason\":\"absent\",\"rule\":\"b\"}",
		"{\"address\":null,\"path\":null,\"id\":null,\"subsystem\":null,\"class\":null,\"iommu_group\":null,"
		"\"boot_vga\":null,\"console\":null,\"driver_before\":null,\"driver_after\":null,\"verdict\":\"skip\","
		"\"reason\":\"absent\",\"rule\":\"c\"}",
	};
	struct machine machine;
	struct report report;
	cJSON *document, *devices;

	machine_read(&machine, &(struct machine_text){ .devices = DEVICES, .policy = POLICY });
	report = report_of(&machine);
	document = report_json(&report);
	devices = cJSON_GetObjectItemCaseSensitive(document, "devices");
	CHECK_INT(cJSON_GetArraySize(devices), ARRAY_SIZE(expected));
	for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
		cleanup_free char *text = device_text(devices, (int)i);

		CHECK_STR(text, expected[i]);
	}
	cJSON_Delete(document);
	machine_free(&machine);
}

TEST(report_json_document)
{
	struct machine machine;
	struct report report;
	cleanup_free char *text = NULL;
	cJSON *document;

	machine_read(&machine, &(struct machine_text){ .devices = DEVICES, .policy = POLICY });
	*(char **)util_append(&machine.policy.files, &machine.policy.n_files, sizeof(char *)) = util_copy("etc/x.conf");
	(void)util_copy_fixed(machine.inventory.release, sizeof(machine.inventory.release), "6.1.0");
	report = report_of(&machine);
	document = report_json(&report);
	cJSON_DeleteItemFromObjectCaseSensitive(document, "devices");
	text = cJSON_PrintUnformatted(document);
	CHECK_STR(text,
		  "{\"version\":1,\"command\":\"plan\",\"kernel\":\"6.1.0\",\"result\":\"partial\","
		  "\"policy\":[\"etc/"
		  "x.conf\"],\"policy_digest\":\"0000000000000000\",\"image\":null,\"probation\":null,\"errors\":[{"
		  "\"where\":\"bind.conf:"
		  "9\",\"message\":\"unknown key 'foo', "
		  "expected id, address, path, class, serial, driver, boot-vga, group, on-bound, allow, optional, "
		  "follow, "
		  "reset-method, d3cold, resize-bar or vfs; this "
		  "rule is not used\"}]}");
	cJSON_Delete(document);
	machine_free(&machine);
}

static void emit_lines(void *context)
{
	report_emit(context, false);
}

static void emit_json(void *context)
{
	report_emit(context, true);
}

static void emit_log(void *context)
{
	report_log(context);
}

TEST(report_lines)
{
	struct machine machine;
	struct report report;
	cleanup_free char *text = NULL, *json = NULL;
	cJSON *parsed;

	machine_read(&machine, &(struct machine_text){ .devices = DEVICES, .policy = POLICY });
	report = report_of(&machine);
	text = test_capture(STDOUT_FILENO, emit_lines, &report);
	CHECK_TRUE(starts_with(text, "0000:01:00.0: skip boot-vga: it carries the console (a sign)"));
	CHECK_HAS(text, "\n0000:02:00.0: bind: goes to vfio-pci, by rule 'a' (bind.conf:1); no driver holds it\n");
	CHECK_HAS(text, "\n0000:03:00.0: refuse no-iommu: ");
	CHECK_HAS(text, "\n0000:09:00.0: skip absent: ");
	CHECK_HAS(text, "\nc: skip absent: ");
	CHECK_HAS(text, "\nbind.conf:9: unknown key 'foo'");
	CHECK_TRUE(ends_with(text, "\nplan: result partial: 1 to bind, 0 bound before, 3 skipped, 1 refused, 0 failed; "
				   "vfiokit=off on the kernel command line switches it off\n"));
	json = test_capture(STDOUT_FILENO, emit_json, &report);
	parsed = cJSON_Parse(json);
	CHECK_TRUE(parsed != NULL);
	cJSON_Delete(parsed);
	machine_free(&machine);
}

TEST(report_log)
{
	struct machine machine;
	struct report report;
	cleanup_free char *text = NULL;

	machine_read(&machine, &(struct machine_text){ .devices = DEVICES, .policy = POLICY });
	report = report_of(&machine);
	log_setup("prog", false, -1);
	text = test_capture(STDERR_FILENO, emit_log, &report);
	CHECK_TRUE(starts_with(text, "prog: 0000:01:00.0: skip boot-vga: "));
	CHECK_HAS(text, "\nprog: bind.conf:9: unknown key 'foo'");
	CHECK_HAS(text, "\nprog: plan: result partial: ");
	machine_free(&machine);
}

/* After applying, what is told of the drivers is what the root shows. */
TEST(report_reads_drivers_again)
{
	static const char tree[] = "PCI: 01:00.0 1200 1111:0001 - vfio-pci 1\n";
	struct machine machine;
	struct report report;
	cJSON *document, *device;

	machine_read(&machine, &(struct machine_text){ .devices = "01:00.0 1200 1111:0001 1 foo",
						       .policy = "[device a]\nclass=12\n" });
	report = report_of(&machine);
	report.root = test_root(tree);
	report.was_applied = true;
	document = report_json(&report);
	device = cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(document, "devices"), 0);
	CHECK_STR(cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(device, "driver_before")), "foo");
	CHECK_STR(cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(device, "driver_after")), "vfio-pci");
	cJSON_Delete(document);
	machine_free(&machine);
}
