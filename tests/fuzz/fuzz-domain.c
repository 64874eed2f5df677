/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A guest's description, and what its metadata sets. What is read must be fit for a claim: a UUID, a name, absolute
 * paths, settings that are complete.
 */
#include "hooks/conf_guest.h"
#include "hooks/domain.h"
#include "tests/fuzz/fuzz.h"

static void read_metadata(const struct domain *domain)
{
	struct guest_settings settings = guest_settings_built_in;
	struct problems problems = { 0 };

	metadata_apply(&domain->metadata, &settings, &problems);
	if (settings.hugepages != PAGES_NO || settings.n_shm > 0)
		abort(); /* nothing is allowed */
	settings.metadata = ~0u;
	problems_free(&problems);
	metadata_apply(&domain->metadata, &settings, &problems);
	if (settings.isolate == ISOLATE_UNSET || settings.claim_disks == CLAIM_UNSET || settings.metadata != ~0u ||
	    (settings.hugepages == PAGES_LIST) != (settings.n_pages > 0))
		abort();
	problems_free(&problems);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size), uuid[UUID_SIZE];
	struct domain domain;

	if (domain_parse(&domain, text, size) == NULL) {
		if (!uuid_copy(uuid, domain.uuid) || domain.name[0] == '\0' || strchr(domain.slice, '/') != NULL)
			abort();
		for (size_t i = 0; i < domain.n_disks; i++)
			if (domain.disks[i].path[0] != '/')
				abort();
		for (size_t i = 0; i < domain.memory.n_pages; i++)
			if (domain.memory.pages[i].size % 1024 != 0 || domain.memory.pages[i].amount == 0)
				abort();
		read_metadata(&domain);
	} else if (domain.name != NULL || domain.n_disks > 0 || domain.n_devices > 0) {
		abort();
	}
	domain_free(&domain);
	free(text);
	return 0;
}
