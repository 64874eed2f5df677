/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Option ROMs. What was found lies within, and only what ends as it should has no fault. */
#include "host/rom.h"

#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[ROM_TEXT_SIZE];
	size_t total = 0;
	struct rom rom;

	rom_parse(&rom, data, size);
	for (size_t i = 0; i < rom.n_images; i++) {
		total += rom.images[i].size;
		if (rom.images[i].size == 0 || strlen(rom_image_text(&rom.images[i], text)) >= ROM_TEXT_SIZE)
			abort();
	}
	if (total > size || rom.n_images > ROM_IMAGES || (rom.fault == NULL && rom.n_images == 0) ||
	    (rom_has_efi(&rom) && rom.n_images == 0))
		abort();
	return 0;
}
