/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PCI addresses: domain:bus:slot.function, as sysfs spells them. */
#ifndef VFIOKIT_BDF_H
#define VFIOKIT_BDF_H

#include <stdbool.h>
#include <stdint.h>

/* "12345678:00:00.0" and its NUL. VMD domains start at 0x10000 (drivers/pci/controller/vmd.c). */
#define BDF_TEXT_SIZE 17

struct bdf {
	uint32_t domain;
	uint8_t bus;
	uint8_t slot;
	uint8_t function;
};

/*
 * Reads the whole text as an address: [domain:]bus:slot.function, the domain with 4 to 8 hex
 * digits, bus and slot with two, the function 0 to 7; a missing domain is 0000; any case.
 * Returns false and leaves *ret alone if it is something else.
 */
bool bdf_parse(const char *text, struct bdf *ret);

/* Reads "slot.function" (the last part of an address), the whole text. */
bool bdf_parse_hop(const char *text, uint8_t *ret_slot, uint8_t *ret_function);

/* Writes the address as sysfs does: at least four digits of domain, lower case. */
void bdf_format(const struct bdf *bdf, char buffer[static BDF_TEXT_SIZE]);

/* Order of lspci: domain, bus, slot, function. Less than, equal to or greater than zero. */
int bdf_compare(const struct bdf *a, const struct bdf *b);

/* Are both functions of one card (same domain, bus and slot)? */
bool bdf_same_slot(const struct bdf *a, const struct bdf *b);

#endif
