/* SPDX-License-Identifier: GPL-2.0-or-later */
/* plan, boot and apply on folders that are not the running system. */
#include "binder/commands.h"

#include <cjson/cJSON.h>
#include <fcntl.h>

#include "lib/child.h"
#include "tests/unit/test.h"

#define MACHINE "PCI: 00:02.0 0300 8086:3e92 - i915 0 boot_vga=1\nPCI: 01:00.0 1200 1111:0001 - foo 1\n"
#define POLICY "F: etc/vfiokit/bind.conf=[device a]\\nid=1111:0001\\n\n"
#define INITRD "F: etc/initrd-release=\n"
#define CMDLINE(text) "F: proc/cmdline=" text "\\n\n"

struct call {
	int (*run)(const struct options *options, int root);
	struct options options;
	int root, code;
};

static void call_command(void *context)
{
	struct call *call = context;

	call->code = call->run(&call->options, call->root);
}

/* What the kept report says: "COMMAND RESULT VERDICT[ REASON]" of the first device. Owned by the caller. */
static char *reported(int root)
{
	cleanup_free char *json = test_read_file(root, "run/vfiokit/bind.json");
	cJSON *document = cJSON_Parse(json);
	const cJSON *device = cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(document, "devices"), 0);
	const char *reason = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(device, "reason"));
	const char *command = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(document, "command"));
	const char *result = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(document, "result"));
	const char *verdict = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(device, "verdict"));
	char *text = document == NULL ? util_copy("(none)")
				      : util_format("%s %s %s %s", command, result, verdict != NULL ? verdict : "-",
						    reason != NULL ? reason : "-");

	cJSON_Delete(document);
	return text;
}

static const struct {
	const char *name, *tree;
	int (*run)(const struct options *options, int root);
	const char *reported;
	int code;
	bool keeps_override; /* nothing was written at all */
} cases[] = {
	{ "plan", MACHINE POLICY, command_plan, "(none)", 0, true },
	{ "plan, a broken policy", MACHINE "F: etc/vfiokit/bind.conf=[device a]\\nfoo=1\\n\n", command_plan, "(none)",
	  2, true },
	{ "plan, no policy", MACHINE, command_plan, "(none)", 0, true },
	{ "plan, no PCI", "F: etc/vfiokit/bind.conf=[device a]\\nid=1111:0001\\n\n", command_plan, "(none)", 3, false },
	{ "boot, off", MACHINE POLICY INITRD CMDLINE("vfiokit=off"), command_boot, "boot off skip cmdline", 0, true },
	{ "boot, plan", MACHINE POLICY INITRD CMDLINE("vfiokit=plan"), command_boot, "plan ok bind -", 0, true },
	{ "boot, no command line to be read", MACHINE POLICY INITRD, command_boot, "boot off skip cmdline", 0, true },
	{ "boot, a broken policy", MACHINE INITRD CMDLINE("quiet") "F: etc/vfiokit/bind.conf=[policy]\\nfoo=1\\n\n",
	  command_boot, "boot error - -", 0, true },
	{ "boot, a module that cannot be loaded", MACHINE POLICY INITRD CMDLINE("quiet"), command_boot,
	  "boot error fail module", 0, false },
	{ "boot outside an initramfs takes nothing", MACHINE POLICY CMDLINE("quiet"), command_boot,
	  "boot ok skip on-bound", 0, true },
	{ "apply takes nothing", MACHINE POLICY CMDLINE("quiet"), command_apply, "apply ok skip on-bound", 0, true },
	{ "apply, off", MACHINE POLICY CMDLINE("vfiokit=off"), command_apply, "apply off skip cmdline", 0, true },
};

static void check_case(size_t i)
{
	struct call call = { .run = cases[i].run,
			     .options = { .root = "x", .deadline = 5 },
			     .root = test_root(cases[i].tree) };
	cleanup_free char *out = NULL, *text = NULL, *override = NULL;
	uint64_t start = child_now();

	test_case("%s", cases[i].name);
	out = test_capture(cases[i].run == command_boot ? STDERR_FILENO : STDOUT_FILENO, call_command, &call);
	CHECK_INT(call.code, cases[i].code);
	CHECK_HAS(out, "vfiokit=off on the kernel command line switches it off");
	text = reported(call.root);
	CHECK_STR(text, cases[i].reported);
	CHECK_TRUE(child_now() - start < 5000);
	override = test_read_file(call.root, "sys/bus/pci/devices/0000:01:00.0/driver_override");
	if (cases[i].keeps_override)
		CHECK_STR(override, "(null)\n");
}

TEST(commands_on_folders)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		check_case(i);
}

/* A second boot command keeps the first report. */
TEST(commands_append_runs)
{
	struct call call = { .run = command_boot, .options = { .root = "x", .deadline = 5 } };
	cleanup_free char *first = NULL, *second = NULL, *json = NULL;

	call.root = test_root(MACHINE POLICY INITRD CMDLINE("vfiokit=off"));
	first = test_capture(STDERR_FILENO, call_command, &call);
	test_write_file(call.root, "proc/cmdline", "vfiokit=plan\n", 13);
	second = test_capture(STDERR_FILENO, call_command, &call);
	json = test_read_file(call.root, "run/vfiokit/bind.json");
	CHECK_HAS(first, "boot: result off");
	CHECK_HAS(second, "plan: result ok");
	CHECK_HAS(json, "\"runs\"");
	CHECK_HAS(json, "\"result\":\t\"off\"");
}
