/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Option ROMs, whole and broken. Each is written as a list of images, and then a few bytes of it are changed. */
#include "host/rom.h"

#include <string.h>

#include "tests/unit/test.h"

#define DATA 0x1c /* where these images have their PCI data structure */

#if defined(__aarch64__)
#define OURS "aa64"
#define OURS_TEXT "EFI for arm64"
#else
#define OURS "8664"
#define OURS_TEXT "EFI for x86-64"
#endif

/* "0:2 e8664:1!" is a BIOS image of 1024 bytes and the last one, EFI for that machine, of 512. */
static size_t make(const char *images, uint8_t rom[static 8192])
{
	static const uint8_t head[] = { 'P', 'C', 'I', 'R', 0xde, 0x10, 0xc2, 0x13 };
	cleanup_free char *copy = util_copy(images);
	size_t used = 0;
	char *rest = copy;

	memset(rom, 0, 8192);
	for (char *word = strsep(&rest, " "); word != NULL && *word != '\0'; word = strsep(&rest, " ")) {
		uint8_t *at = rom + used, *data = at + DATA;
		bool is_efi = word[0] == 'e';
		unsigned long number = strtoul(word + is_efi, &word, is_efi ? 16 : 10);
		unsigned long units = strtoul(word + 1, &word, 10);

		at[0] = 0x55;
		at[1] = 0xaa;
		at[0x18] = DATA;
		memcpy(data, head, sizeof(head));
		data[0x10] = (uint8_t)units;
		data[0x14] = is_efi ? 3 : (uint8_t)number;
		data[0x15] = *word == '!' ? 0x80 : 0;
		if (is_efi) {
			at[4] = 0xf1;
			at[5] = 0x0e;
			at[0x0a] = (uint8_t)number;
			at[0x0b] = (uint8_t)(number >> 8);
		}
		used += units * 512;
	}
	return used;
}

static const struct {
	const char *images, *found, *fault;
	int offset; /* of a byte that is changed to value; -1: none */
	int value;
	int size; /* what there is of it; 0: all */
	bool has_efi;
} cases[] = {
	{ "0:2!", "BIOS", NULL, -1, 0, 0, false },
	{ "0:2 e" OURS ":3!", "BIOS, " OURS_TEXT, NULL, -1, 0, 0, true },
	{ "e" OURS ":1!", OURS_TEXT, NULL, -1, 0, 0, true },
	{ "0:1 e014c:1!", "BIOS, EFI for ia32", NULL, -1, 0, 0, false },
	{ "0:1 e1234:1!", "BIOS, EFI for machine 1234", NULL, -1, 0, 0, false },
	{ "1:1 2:1 224:1!", "Open Firmware, HP PA-RISC, type 224", NULL, -1, 0, 0, false },
	{ "0:1! e" OURS ":1!", "BIOS", NULL, -1, 0, 0, false }, /* behind the last one is nothing */
	{ "0:1", "BIOS", "no image says that it is the last one", -1, 0, 0, false },
	{ "0:1 e" OURS ":1", "BIOS, " OURS_TEXT, "no image says that it is the last one", -1, 0, 0, true },
	{ "", "", "it is empty", -1, 0, 0, false },
	{ "0:1!", "", "no 55 AA", 0, 0, 0, false },
	{ "0:1!", "", "no 55 AA", 1, 0xff, 0, false },
	{ "0:1 0:1!", "BIOS", "no 55 AA", 512, 0xff, 0, false },
	{ "0:1!", "", "no 55 AA", -1, 0, 1, false },
	{ "0:1!", "", "no 55 AA", -1, 0, 0x19, false },
	{ "0:1!", "", "PCIR", -1, 0, 0x1a, false },
	{ "0:1!", "", "PCIR", -1, 0, DATA + 0x17, false },
	{ "0:1!", "", "longer than what is left", -1, 0, DATA + 0x18, false },
	{ "0:1!", "", "PCIR", 0x18, 0, 0, false },
	{ "0:1!", "", "PCIR", 0x18, 0x19, 0, false },
	{ "0:1!", "", "PCIR", 0x19, 0xff, 0, false },
	{ "0:1!", "", "PCIR", DATA, 'X', 0, false },
	{ "0:1!", "", "shorter than its own header", DATA + 0x10, 0, 0, false },
	{ "0:1!", "", "longer than what is left", DATA + 0x10, 2, 0, false },
	{ "0:1!", "", "longer than what is left", DATA + 0x11, 0xff, 0, false },
	{ "0:1 e" OURS ":2!", "BIOS", "longer than what is left", 0, 0x55, 1024, false },
	{ "e" OURS ":1!", "", "no F1 0E", 4, 0, 0, false },
	{ "e" OURS ":1!", "", "no F1 0E", 6, 1, 0, false },
	{ "0:1 0:1 0:1 0:1 0:1 0:1 0:1 0:1 0:1 0:1 0:1 0:1 0:1 0:1 0:1 0:1!",
	  "BIOS, BIOS, BIOS, BIOS, BIOS, BIOS, BIOS, BIOS, BIOS, BIOS, BIOS, BIOS, BIOS, BIOS, BIOS, BIOS", NULL, -1, 0,
	  0, false },
};

TEST(rom_images)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_free char *found = util_copy("");
		uint8_t data[8192];
		size_t size = make(cases[i].images, data);
		cleanup_free uint8_t *exact = NULL; /* so that a sanitizer sees what is read behind it */
		struct rom rom;

		test_case("%s, %d = %d, %d", cases[i].images, cases[i].offset, cases[i].value, cases[i].size);
		if (cases[i].offset >= 0)
			data[cases[i].offset] = (uint8_t)cases[i].value;
		if (cases[i].size > 0)
			size = (size_t)cases[i].size;
		exact = util_alloc(size + (size == 0));
		memcpy(exact, data, size);
		rom_parse(&rom, exact, size);
		for (size_t j = 0; j < rom.n_images; j++) {
			char text[ROM_TEXT_SIZE];

			test_append(&found, "%s%s", j > 0 ? ", " : "", rom_image_text(&rom.images[j], text));
			CHECK_INT(rom.images[j].vendor, 0x10de);
			CHECK_INT(rom.images[j].device, 0x13c2);
		}
		CHECK_STR(found, cases[i].found);
		CHECK_INT(rom_has_efi(&rom), cases[i].has_efi);
		if (cases[i].fault == NULL)
			CHECK_TRUE(rom.fault == NULL);
		else
			CHECK_HAS(rom.fault != NULL ? rom.fault : "(none)", cases[i].fault);
	}
}

TEST(rom_has_too_many_images)
{
	uint8_t data[512 * (ROM_IMAGES + 2)];
	struct rom rom;

	for (size_t i = 0; i < ROM_IMAGES + 2; i++) {
		uint8_t one[8192];

		(void)make("0:1", one);
		memcpy(data + i * 512, one, 512);
	}
	rom_parse(&rom, data, sizeof(data));
	CHECK_INT(rom.n_images, ROM_IMAGES);
	CHECK_STR(rom.fault, "there are more images than any ROM has");
}
