/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is in an option ROM: images behind each other, each with a header and a PCI data structure (PCI Firmware
 * Specification 3.3, 5.1). One with code type 3 has an EFI driver (UEFI Specification 2.10, 14.2.2).
 */
#ifndef VFIOKIT_HOST_ROM_H
#define VFIOKIT_HOST_ROM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An expansion ROM's BAR is never larger. */
#define ROM_MAX (16 * 1024 * 1024)

/* More than any ROM has; what is behind them is not looked at. */
#define ROM_IMAGES 16

enum { ROM_CODE_BIOS, ROM_CODE_OPEN_FIRMWARE, ROM_CODE_HP, ROM_CODE_EFI };

struct rom_image {
	uint8_t code; /* of ROM_CODE_..., or another number: makers have their own */
	uint16_t vendor, device;
	uint16_t machine; /* of an EFI image: the processor that it is for, as PE has it; otherwise 0 */
	size_t size;      /* bytes */
};

struct rom {
	struct rom_image images[ROM_IMAGES]; /* those that are whole */
	size_t n_images;
	const char *fault; /* static; what is wrong behind them; NULL if the last one said that it is the last */
};

/* Pure; reads nothing beyond size. */
void rom_parse(struct rom *rom, const uint8_t *data, size_t size);

/* Has it an EFI driver that a guest on this host can run? */
bool rom_has_efi(const struct rom *rom);

/* "BIOS", "EFI for x86-64", "type 224": in words. */
#define ROM_TEXT_SIZE 32
const char *rom_image_text(const struct rom_image *image, char text[static ROM_TEXT_SIZE]);

#endif
