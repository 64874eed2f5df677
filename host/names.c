/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/names.h"

#include <pci/pci.h>
#include <setjmp.h>

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

static void lookup(struct names *names, int flags, const struct device *device, char name[static NAME_SIZE])
{
	if (pci_lookup_name(names->access, name, NAME_SIZE, flags | PCI_LOOKUP_NO_NUMBERS, device->vendor,
			    device->device) == NULL)
		name[0] = '\0';
}

void names_device(struct names *names, const struct device *device, char name[static NAME_SIZE])
{
	lookup(names, PCI_LOOKUP_VENDOR | PCI_LOOKUP_DEVICE, device, name);
}

void names_model(struct names *names, const struct device *device, char name[static NAME_SIZE])
{
	lookup(names, PCI_LOOKUP_DEVICE, device, name);
	if (name[0] == '\0')
		names_device(names, device, name);
}

void names_class(struct names *names, const struct device *device, char name[static NAME_SIZE])
{
	if (pci_lookup_name(names->access, name, NAME_SIZE, PCI_LOOKUP_CLASS | PCI_LOOKUP_NO_NUMBERS,
			    (int)device_subclass(device)) == NULL)
		name[0] = '\0';
}
