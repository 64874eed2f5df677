/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/names.h"

#include <pci/pci.h>
#include <setjmp.h>
#include <stdio.h>

struct names {
	struct pci_access *access;
};

/* Where to go on when pci.ids is damaged: libpci's error handler must not return. */
static jmp_buf names_damaged;

static void fail(char *message, ...) __attribute__((noreturn));
static void fail(char *message, ...)
{
	(void)message;
	longjmp(names_damaged, 1);
}

static void ignore(char *message, ...)
{
	(void)message;
}

struct names *names_open(void)
{
	struct names *names = util_alloc(sizeof(*names));

	names->access = pci_alloc();
	names->access->error = fail;
	names->access->warning = ignore;
	names->access->debug = ignore;
	if (setjmp(names_damaged) == 0)
		(void)pci_load_name_list(names->access);
	return names;
}

void names_close(struct names *names)
{
	pci_cleanup(names->access);
	free(names);
}

/* Not from udev's hwdb: the same names, and libpci forgets to free what it opens when there is none. */
static void lookup(struct names *names, int flags, const struct device *device, char name[static NAME_SIZE])
{
	if (pci_lookup_name(names->access, name, NAME_SIZE, flags | PCI_LOOKUP_NO_NUMBERS | PCI_LOOKUP_NO_HWDB,
			    device->vendor, device->device) == NULL)
		name[0] = '\0';
}

void names_device(struct names *names, const struct device *device, char name[static NAME_SIZE])
{
	lookup(names, PCI_LOOKUP_VENDOR | PCI_LOOKUP_DEVICE, device, name);
}

/* The alias in brackets, else without what makes it a company. */
static void shorten_vendor(char *vendor)
{
	static const char *const ends[] = { " Corporation", ", Inc.",  " Inc.",      " Semiconductor Co., Ltd.",
					    " Co., Ltd.",   " Co Ltd", " Technology" };
	char *start = strrchr(vendor, '['), *end = strrchr(vendor, ']');

	if (start != NULL && end != NULL && end > start + 1) {
		*end = '\0';
		memmove(vendor, start + 1, strlen(start + 1) + 1);
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
		if (ends_with(vendor, ends[i]))
			vendor[strlen(vendor) - strlen(ends[i])] = '\0';
}

void names_short(struct names *names, const struct device *device, char name[static NAME_SIZE])
{
	char vendor[NAME_SIZE], model[NAME_SIZE];

	lookup(names, PCI_LOOKUP_VENDOR, device, vendor);
	lookup(names, PCI_LOOKUP_DEVICE, device, model);
	shorten_vendor(vendor);
	snprintf(name, NAME_SIZE, "%.100s%s%.150s", vendor, vendor[0] != '\0' && model[0] != '\0' ? " " : "", model);
}

void names_model(struct names *names, const struct device *device, char name[static NAME_SIZE])
{
	lookup(names, PCI_LOOKUP_DEVICE, device, name);
	if (name[0] == '\0')
		names_device(names, device, name);
}

void names_class(struct names *names, const struct device *device, char name[static NAME_SIZE])
{
	if (pci_lookup_name(names->access, name, NAME_SIZE,
			    PCI_LOOKUP_CLASS | PCI_LOOKUP_NO_NUMBERS | PCI_LOOKUP_NO_HWDB,
			    (int)device_subclass(device)) == NULL)
		name[0] = '\0';
}
