/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What stands in /run: claims, and what units and settings had before. What is read and written again must be the same.
 */
#include "hooks/claim.h"
#include "hooks/cpus.h"
#include "hooks/irqs.h"
#include "hooks/pages.h"
#include "hooks/records.h"
#include "hooks/settings.h"
#include "hooks/shm.h"
#include "tests/fuzz/fuzz.h"

#define UUID "4dea22b3-1d52-d8f3-2516-782e98ab3fa0"

static void read_claim(const char *text, size_t size)
{
	struct claim claim, again;
	char *first, *second;

	if (!claim_parse(&claim, UUID, text, size))
		return;
	first = claim_format(&claim);
	if (!claim_parse(&again, UUID, first, strlen(first)))
		abort();
	second = claim_format(&again);
	if (!streq(first, second))
		abort();
	claim_free(&claim);
	claim_free(&again);
	free(first);
	free(second);
}

static void read_records(const char *text, size_t size)
{
	struct unit_records records, again;
	char *first;

	if (!records_parse(&records, text, size))
		return;
	first = records_format(&records);
	if (!records_parse(&again, first, strlen(first)) || again.count != records.count)
		abort();
	records_free(&records);
	records_free(&again);
	free(first);
}

static void read_settings(const char *text, size_t size)
{
	struct setting_records records, again;
	char *first;

	if (!settings_parse_records(&records, text, size))
		return;
	first = settings_format_records(&records);
	if (!settings_parse_records(&again, first, strlen(first)) || again.count != records.count)
		abort();
	settings_free_records(&records);
	settings_free_records(&again);
	free(first);
}

static void read_irqs(const char *text, size_t size)
{
	struct irqs_memory memory, again;
	char *first, *second;

	if (!irqs_parse(&memory, text, size))
		return;
	first = irqs_format(&memory);
	if (!irqs_parse(&again, first, strlen(first)))
		abort();
	second = irqs_format(&again);
	if (!streq(first, second))
		abort();
	free(first);
	free(second);
}

static void read_pages(const char *text, size_t size)
{
	struct pages_records records, again;
	char *first;

	if (!pages_parse_records(&records, text, size))
		return;
	first = pages_format_records(&records);
	if (!pages_parse_records(&again, first, strlen(first)) || again.n_pools != records.n_pools ||
	    again.n_shares != records.n_shares)
		abort();
	for (size_t i = 0; i < records.n_pools; i++)
		if (pages_target(&records, &records.pools[i]) < records.pools[i].base)
			abort();
	pages_free_records(&records);
	pages_free_records(&again);
	free(first);
}

static void read_shm(const char *text, size_t size)
{
	struct shm_records records, again;
	char *first;

	if (!shm_parse_records(&records, text, size))
		return;
	first = shm_format_records(&records);
	if (!shm_parse_records(&again, first, strlen(first)) || again.count != records.count)
		abort();
	free(records.items);
	free(again.items);
	free(first);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);

	read_claim(text, size);
	read_records(text, size);
	read_settings(text, size);
	read_irqs(text, size);
	read_pages(text, size);
	read_shm(text, size);
	free(text);
	return 0;
}
