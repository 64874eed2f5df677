/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a killed process left in the journal. */
#include "binder/journal.h"
#include "tests/fuzz/fuzz.h"

static void take(void *context, const struct journal_entry *entry)
{
	if (entry->event > JOURNAL_RESET || entry->reason > REASON_NONE || entry->error > 0)
		abort();
	*(size_t *)context += strlen(entry->address) + strlen(entry->driver);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct journal journal = { memfd_create("journal", MFD_CLOEXEC), -1 };
	size_t length = 0;

	if (journal.fd < 0 || write(journal.fd, data, size) != (ssize_t)size)
		abort();
	journal_read(&journal, take, &length);
	journal_close(&journal);
	return 0;
}
