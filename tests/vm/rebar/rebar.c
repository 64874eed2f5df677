/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For the guest of one case: gives an emulated device a resizable BAR 0, which no device of QEMU has. Stands between
 * the kernel and the configuration space of the device's bus: there is a Resizable BAR capability (PCI
 * Express 6.0, 7.8.6) in front, and BAR 0 has the size that this says. All that the kernel makes of it is the kernel's
 * own.
 *
 * insmod rebar.ko device=0000:03:00.0, then remove the device and rescan.
 */
#include <linux/module.h>
#include <linux/pci.h>

#define CAPABILITY 0x100 /* in place of what the device has there */
#define MEGABYTE 0x100000u

static char *device;
module_param(device, charp, 0);
MODULE_PARM_DESC(device, "its address");

/* 1 MiB to 64 MiB, as the capability has it (bit 4 is 1 MiB). */
static unsigned int sizes = 0x7f << 4;
module_param(sizes, uint, 0);

static struct pci_bus *bus;
static struct pci_ops *native, ops;
static unsigned int devfn;
static u32 control = 1 << PCI_REBAR_CTRL_NBAR_SHIFT; /* one BAR, the first, of 1 MiB */
static u32 bar;

static u32 bar_size(void)
{
	return MEGABYTE << ((control & PCI_REBAR_CTRL_BAR_SIZE) >> PCI_REBAR_CTRL_BAR_SHIFT);
}

/* Returns false for a register that is the device's own. */
static bool get(int where, u32 *value)
{
	switch (where) {
	case PCI_BASE_ADDRESS_0:
		*value = bar;
		return true;
	case CAPABILITY:
		*value = PCI_EXT_CAP_ID_REBAR | 1 << 16;
		return true;
	case CAPABILITY + PCI_REBAR_CAP:
		*value = sizes;
		return true;
	case CAPABILITY + PCI_REBAR_CTRL:
		*value = control;
		return true;
	}
	return false;
}

static int rebar_read(struct pci_bus *of, unsigned int function, int where, int size, u32 *value)
{
	u32 whole;

	if (of != bus || function != devfn || !get(where & ~3, &whole))
		return native->read(of, function, where, size, value);
	*value = whole >> 8 * (where & 3);
	if (size < 4)
		*value &= (1u << 8 * size) - 1;
	return PCIBIOS_SUCCESSFUL;
}

static int rebar_write(struct pci_bus *of, unsigned int function, int where, int size, u32 value)
{
	u32 whole;

	if (of != bus || function != devfn || !get(where & ~3, &whole))
		return native->write(of, function, where, size, value);
	if (size != 4)
		return PCIBIOS_BAD_REGISTER_NUMBER;
	if (where == CAPABILITY + PCI_REBAR_CTRL) {
		control = (control & ~PCI_REBAR_CTRL_BAR_SIZE) | (value & PCI_REBAR_CTRL_BAR_SIZE);
		bar &= ~(bar_size() - 1);
	}
	if (where != PCI_BASE_ADDRESS_0)
		return PCIBIOS_SUCCESSFUL;
	bar = value & ~(bar_size() - 1);
	return native->write(of, function, where, size, bar);
}

static int __init rebar_init(void)
{
	unsigned int domain, number, slot, part;
	struct pci_dev *found;

	if (device == NULL || sscanf(device, "%x:%x:%x.%x", &domain, &number, &slot, &part) != 4)
		return -EINVAL;
	found = pci_get_domain_bus_and_slot(domain, number, PCI_DEVFN(slot, part));
	if (found == NULL)
		return -ENODEV;
	bus = found->bus;
	devfn = found->devfn;
	native = bus->ops;
	ops = *native;
	ops.read = rebar_read;
	ops.write = rebar_write;
	pci_bus_set_ops(bus, &ops);
	pci_dev_put(found);
	return 0;
}

static void __exit rebar_exit(void)
{
	pci_bus_set_ops(bus, native);
}

module_init(rebar_init);
module_exit(rebar_exit);
MODULE_DESCRIPTION("a resizable BAR for an emulated device");
MODULE_LICENSE("GPL");
