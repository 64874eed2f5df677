/* SPDX-License-Identifier: GPL-2.0-or-later */
/* QEMU's command line, a word in each line. Whatever it is: a UUID comes of it, and each disk has a name. */
#include "hooks/commandline.h"
#include "tests/fuzz/fuzz.h"

#define WORDS_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size), *rest = text, uuid[UUID_SIZE];
	const char *words[WORDS_MAX + 1] = { NULL };
	struct commandline line;

	for (size_t n = 0; n < WORDS_MAX && rest != NULL; n++)
		words[n] = strsep(&rest, "\n");
	commandline_read(&line, "win", words);
	if (!uuid_copy(uuid, line.domain.uuid))
		abort();
	for (size_t i = 0; i < line.domain.n_disks; i++)
		if (line.domain.disks[i].path[0] == '\0')
			abort();
	commandline_free(&line);
	free(text);
	return 0;
}
