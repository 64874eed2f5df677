/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The record. One that is wrong has no devices and nothing complete; all that is in one is whole. */
#include "binder/record.h"

#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct problems problems = { 0 };
	struct record record = { 0 };

	record_parse(&record, (const char *)data, size, "bind.record", &problems);
	if (record.is_there ? problems.count > 0
			    : problems.count == 0 || record.n_devices > 0 || record.knows_storage ||
				      record.knows_keyboards || record.knows_twins)
		abort();
	for (size_t i = 0; i < record.n_devices; i++)
		if (record.devices[i].rule == NULL || record.devices[i].was.path == NULL)
			abort();
	for (size_t i = 0; i < record.n_needs; i++)
		if (record.needs[i].need.use == NULL ||
		    (!record.needs[i].need.is_elsewhere && record.needs[i].function >= record.n_functions))
			abort();
	record_free(&record);
	problems_free(&problems);
	return 0;
}
