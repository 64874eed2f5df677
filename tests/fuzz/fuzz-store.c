/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Kept reports, as status and a later run read them: adopted, appended to, shown. */
#include <cjson/cJSON.h>
#include <stdio.h>

#include "binder/commands.h"
#include "binder/store.h"
#include "lib/paths.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/root.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct options options = { .root = "/", .json = size % 2 == 0 };
	int root = fuzz_root();

	fuzz_write(root, size % 3 == 0 ? PATH_RUN_PID1 "/" NAME_REPORT : PATH_RUN "/" NAME_REPORT, data, size);
	(void)command_status(&options, root);
	(void)store_adopt(root);
	(void)store_add(root, PATH_RUN, cJSON_CreateObject());
	(void)unlinkat(root, PATH_RUN "/" NAME_REPORT, 0);
	(void)unlinkat(root, PATH_RUN "/" NAME_REPORT ".broken", 0);
	return 0;
}
