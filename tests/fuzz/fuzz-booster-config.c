/* SPDX-License-Identifier: GPL-2.0-or-later */
/* /etc/booster.yaml. A word that was added is found when the line is read again, and not added twice. */
#include "host/booster_config.h"

#include "tests/fuzz/fuzz.h"

static void read_again(const struct booster_list *list)
{
	char *line = list->quote != '\0' ? util_format("key: %c%s%c\n", list->quote, list->words, list->quote)
					 : util_format("key: %s\n", list->words);
	struct booster_list again = { .key = "key" };

	booster_config_find(line, &again);
	if (again.words == NULL || !streq(again.words, list->words) || booster_list_add(&again, "vfio_pci"))
		abort();
	booster_list_free(&again);
	free(line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct booster_list list = { .key = "key" };
	char *text = fuzz_text(data, size);

	booster_config_find(text, &list);
	if (list.words != NULL) {
		booster_list_add(&list, "vfio_pci");
		read_again(&list);
	}
	booster_list_free(&list);
	free(text);
	return 0;
}
