/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel command line. */
#include "binder/switches.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct switches switches = { 0 };
	struct problems problems = { 0 };
	char *text = fuzz_text(data, size);

	switches_parse(&switches, text, &problems);
	if (switches.off != (switches.off_cause != NULL))
		abort();
	switches_free(&switches);
	problems_free(&problems);
	free(text);
	return 0;
}
