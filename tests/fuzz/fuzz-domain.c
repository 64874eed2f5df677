/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A guest's description. What is read must be fit for a claim: a UUID, a name, absolute paths. */
#include "hooks/domain.h"
#include "tests/fuzz/fuzz.h"

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
	} else if (domain.name != NULL || domain.n_disks > 0 || domain.n_devices > 0) {
		abort();
	}
	domain_free(&domain);
	free(text);
	return 0;
}
