/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/rom.h"

#include <stdio.h>
#include <string.h>

#include "lib/util.h"

/* In an image's header, and in the PCI data structure that it points to. */
enum {
	HEADER_SIGNATURE = 0x00,     /* 0xaa55 */
	HEADER_EFI_SIGNATURE = 0x04, /* of EFI images only: 0x00000ef1 */
	HEADER_EFI_MACHINE = 0x0a,
	HEADER_DATA = 0x18, /* where the PCI data structure is */
	HEADER_SIZE = 0x1a,
	DATA_VENDOR = 0x04,
	DATA_DEVICE = 0x06,
	DATA_LENGTH = 0x10, /* of the image, in units */
	DATA_CODE = 0x14,
	DATA_INDICATOR = 0x15, /* bit 7: the last image */
	DATA_SIZE = 0x18,
	UNIT = 512,
};

#define EFI_SIGNATURE 0x0ef1

/* Machine types of PE (UEFI Specification 2.10, 2.1.1). */
static const struct {
	const char *name;
	uint16_t machine;
	bool is_ours;
} machines[] = {
#if defined(__x86_64__)
	{ "x86-64", 0x8664, true },
#else
	{ "x86-64", 0x8664, false },
#endif
#if defined(__aarch64__)
	{ "arm64", 0xaa64, true },
#else
	{ "arm64", 0xaa64, false },
#endif
#if defined(__riscv)
	{ "riscv64", 0x5064, true },
#else
	{ "riscv64", 0x5064, false },
#endif
	{ "ia32", 0x014c, false },   { "byte code", 0x0ebc, false },
};

static uint16_t get16(const uint8_t *at)
{
	return (uint16_t)(at[0] | at[1] << 8);
}

/* One image, whole and inside of size. Returns what is wrong with it, or NULL. */
static const char *parse_image(struct rom_image *image, const uint8_t *at, size_t size, bool *ret_is_last)
{
	const uint8_t *data;
	size_t offset;

	if (size < HEADER_SIZE || get16(at + HEADER_SIGNATURE) != 0xaa55)
		return "where an image should begin there is none (no 55 AA)";
	offset = get16(at + HEADER_DATA);
	if (offset < HEADER_SIZE || offset + DATA_SIZE > size || memcmp(at + offset, "PCIR", 4) != 0)
		return "an image has no PCI data structure (PCIR)";
	data = at + offset;
	*image = (struct rom_image){ .code = data[DATA_CODE],
				     .vendor = get16(data + DATA_VENDOR),
				     .device = get16(data + DATA_DEVICE),
				     .size = (size_t)get16(data + DATA_LENGTH) * UNIT };
	if (image->size < offset + DATA_SIZE)
		return "an image is shorter than its own header";
	if (image->size > size)
		return "an image is longer than what is left of the ROM";
	if (image->code == ROM_CODE_EFI) {
		if (get16(at + HEADER_EFI_SIGNATURE) != EFI_SIGNATURE || get16(at + HEADER_EFI_SIGNATURE + 2) != 0)
			return "an image calls itself EFI and is none (no F1 0E)";
		image->machine = get16(at + HEADER_EFI_MACHINE);
	}
	*ret_is_last = (data[DATA_INDICATOR] & 0x80) != 0;
	return NULL;
}

void rom_parse(struct rom *rom, const uint8_t *data, size_t size)
{
	bool is_last = false;

	*rom = (struct rom){ .n_images = 0 };
	while (!is_last && rom->n_images < ROM_IMAGES) {
		struct rom_image *image = &rom->images[rom->n_images];

		if (size == 0) {
			rom->fault = rom->n_images > 0 ? "no image says that it is the last one" : "it is empty";
			return;
		}
		rom->fault = parse_image(image, data, size, &is_last);
		if (rom->fault != NULL)
			return;
		data += image->size;
		size -= image->size;
		rom->n_images++;
	}
	if (!is_last)
		rom->fault = "there are more images than any ROM has";
}

bool rom_has_efi(const struct rom *rom)
{
	for (size_t i = 0; i < rom->n_images; i++)
		for (size_t j = 0; j < ARRAY_SIZE(machines); j++)
			if (rom->images[i].code == ROM_CODE_EFI && machines[j].is_ours &&
			    machines[j].machine == rom->images[i].machine)
				return true;
	return false;
}

const char *rom_image_text(const struct rom_image *image, char text[static ROM_TEXT_SIZE])
{
	static const char *const codes[] = { "BIOS", "Open Firmware", "HP PA-RISC" };

	if (image->code < ARRAY_SIZE(codes))
		return codes[image->code];
	if (image->code != ROM_CODE_EFI) {
		snprintf(text, ROM_TEXT_SIZE, "type %u", image->code);
		return text;
	}
	snprintf(text, ROM_TEXT_SIZE, "EFI for machine %04x", image->machine);
	for (size_t i = 0; i < ARRAY_SIZE(machines); i++)
		if (machines[i].machine == image->machine)
			snprintf(text, ROM_TEXT_SIZE, "EFI for %s", machines[i].name);
	return text;
}
