/* SPDX-License-Identifier: GPL-2.0-or-later */
/* status on kept reports and a root: what was reported, and whether it is still so. */
#include <cjson/cJSON.h>

#include "binder/commands.h"
#include "tests/unit/test.h"

#define NO_EFI "automatic disarm is off: this machine was not started by EFI\n"

#define REPORT "F: run/vfiokit/bind.json="
#define DEVICE(verdict, after)                                                                                         \
	"{\"address\":\"0000:01:00.0\",\"verdict\":\"" verdict "\",\"reason\":null,\"driver_after\":" after            \
	",\"message\":\"why\"}"
#define RESULT(result, devices)                                                                                        \
	"{\"command\":\"boot\",\"kernel\":\"6.1\",\"result\":\"" result "\",\"devices\":[" devices "],\"errors\":[]"
#define ON_VFIO "PCI: 01:00.0 1200 1111:0001 - vfio-pci 1\n"
#define ON_FOO "PCI: 01:00.0 1200 1111:0001 - foo 1\n"
#define DRIVERLESS "PCI: 01:00.0 1200 1111:0001 - - 1\n"

static const struct {
	const char *name, *tree;
	int code;
	const char *line; /* a part of what is printed */
} cases[] = {
	{ "nothing", ON_VFIO, 3, "vfiokit did nothing at this boot" },
	{ "still so", ON_VFIO REPORT RESULT("ok", DEVICE("bind", "\"vfio-pci\"")) "}\n", 0,
	  "0000:01:00.0: bind: why\n" NO_EFI "result ok" },
	{ "bound, still so", ON_VFIO REPORT RESULT("ok", DEVICE("bound", "\"vfio-pci\"")) "}\n", 0, "bound: why\n" },
	{ "taken since", ON_FOO REPORT RESULT("ok", DEVICE("bind", "\"vfio-pci\"")) "}\n", 1,
	  "bind: why; CHANGED since then: foo holds it now\n" NO_EFI "result ok of 'boot'; CHANGED since then" },
	{ "driverless since", DRIVERLESS REPORT RESULT("ok", DEVICE("bound", "\"vfio-pci\"")) "}\n", 1,
	  "CHANGED since then: no driver holds it now" },
	{ "vanished since", REPORT RESULT("ok", DEVICE("bind", "\"vfio-pci\"")) "}\n", 1, "CHANGED" },
	{ "a skipped one may change", ON_FOO REPORT RESULT("ok", DEVICE("skip", "null")) "}\n", 0,
	  "skip: why; now foo holds it" },
	{ "partial", ON_VFIO REPORT RESULT("partial", DEVICE("bind", "\"vfio-pci\"")) "}\n", 1,
	  "result partial of 'boot';" },
	{ "error", REPORT RESULT("error", "") "}\n", 1, "result error of 'boot'" },
	{ "off", REPORT RESULT("off", "") "}\n", 0, "result off of 'boot'" },
	{ "no IOMMU", REPORT RESULT("nothing", "") "}\n", 3, "result nothing of 'boot'" },
	{ "a later run counts",
	  ON_FOO REPORT RESULT("ok", DEVICE("bind", "\"vfio-pci\"")) ",\"runs\":[" RESULT(
		  "ok", DEVICE("skip", "\"foo\"")) "}]}\n",
	  0, "0000:01:00.0: skip: why\n" NO_EFI "result ok" },
	{ "the last run's result counts",
	  ON_VFIO REPORT RESULT("error", "") ",\"runs\":[" RESULT("ok", DEVICE("bind", "\"vfio-pci\"")) "}]}\n", 0,
	  "result error of 'boot', ok of the last run, 'boot'" },
	{ "the last run's errors count",
	  ON_VFIO REPORT RESULT("ok",
				"") ",\"runs\":[{\"command\":\"apply\","
				    "\"result\":\"partial\",\"errors\":[{\"where\":\"x:1\",\"message\":\"bad\"}]}]}\n",
	  1, "x:1: bad\nresult ok of 'boot', partial of the last run, 'apply'" },
	{ "as PID 1", ON_VFIO "F: dev/.vfiokit/bind.json=" RESULT("ok", DEVICE("bind", "\"vfio-pci\"")) "}\n", 0,
	  "bind: why\n" },
	{ "the words that switch it off", REPORT RESULT("ok", "") "}\n", 0, "vfiokit=off on the kernel command line" },
	{ "errors of the policy",
	  REPORT "{\"result\":\"ok\",\"devices\":[],\"errors\":[{\"where\":\"x:1\",\"message\":\"bad\"}]}\n", 0,
	  "x:1: bad\n" },
	{ "an entry of a rule",
	  REPORT RESULT("ok", "{\"address\":null,\"rule\":\"a\",\"verdict\":\"skip\",\"reason\":\"absent\","
			      "\"message\":\"none\"}") "}\n",
	  0, "a: skip absent: none\n" },
	{ "an address that is a path", REPORT RESULT("ok", "{\"address\":\"../../../etc\",\"verdict\":\"skip\"}") "}\n",
	  0, "skip" },
	{ "junk of the right shape", REPORT "{\"devices\":[1,null,{},[]],\"runs\":[{},3,{\"devices\":7}]}\n", 1,
	  "result  of ''" },
	{ "an empty object", REPORT "{}\n", 1, "result  of ''" },
};

struct call {
	struct options options;
	int root, code;
};

static void call_status(void *context)
{
	struct call *call = context;

	call->code = command_status(&call->options, call->root);
}

TEST(status_lines)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct call call = { .root = test_root(cases[i].tree) };
		cleanup_free char *text = NULL;

		test_case("%s", cases[i].name);
		text = test_capture(STDOUT_FILENO, call_status, &call);
		CHECK_INT(call.code, cases[i].code);
		CHECK_HAS(text, cases[i].line);
	}
}

TEST(status_json)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct call call = { .root = test_root(cases[i].tree), .options.json = true };
		cleanup_free char *text = NULL;
		cJSON *document;

		test_case("%s", cases[i].name);
		text = test_capture(STDOUT_FILENO, call_status, &call);
		CHECK_INT(call.code, cases[i].code);
		document = cJSON_Parse(text);
		CHECK_INT(cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(document, "version")), 1);
		CHECK_TRUE(cJSON_IsArray(cJSON_GetObjectItemCaseSensitive(document, "devices")));
		cJSON_Delete(document);
	}
}

TEST(status_json_device)
{
	struct call call = { .options.json = true };
	cleanup_free char *text = NULL;
	cJSON *document, *device;

	call.root = test_root(ON_FOO REPORT RESULT("ok", DEVICE("bind", "\"vfio-pci\"")) "}\n");
	text = test_capture(STDOUT_FILENO, call_status, &call);
	document = cJSON_Parse(text);
	device = cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(document, "devices"), 0);
	CHECK_STR(cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(device, "driver_now")), "foo");
	CHECK_TRUE(cJSON_IsFalse(cJSON_GetObjectItemCaseSensitive(device, "still")));
	CHECK_TRUE(cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(document, "changed")));
	CHECK_STR(cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(document, "kernel")), "6.1");
	cJSON_Delete(document);
}

/* Terminals obey control characters; a damaged report must not reach them unchanged. */
TEST(status_prints_no_control_characters)
{
	struct call call = { .root = test_root(
				     REPORT RESULT("ok", "{\"rule\":\"a\\\\u001b[31m\",\"verdict\":\"skip\"}") "}\n") };
	cleanup_free char *text = NULL;

	text = test_capture(STDOUT_FILENO, call_status, &call);
	CHECK_TRUE(strchr(text, '\x1b') == NULL);
}
