/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Each kind of selector, chosen by the first byte, then matched. A word that is refused must add nothing. */
#include "binder/selector.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *(*const kinds[])(struct selectors *, const char *) = {
		selector_add_id, selector_add_address, selector_add_path, selector_add_class, selector_add_serial,
	};
	static const struct device device = { .address = "0000:01:00.0", .path = "0000:01:00.0", .vendor = 0x10de };
	struct selectors selectors = { 0 };
	const char *wrong, *expected;
	char *word;

	if (size == 0)
		return 0;
	word = fuzz_text(data + 1, size - 1);
	expected = kinds[data[0] % ARRAY_SIZE(kinds)](&selectors, word);
	if ((expected == NULL) == selectors_empty(&selectors))
		abort();
	(void)selectors_match(&selectors, &device, &wrong);
	selectors_free(&selectors);
	free(word);
	return 0;
}
