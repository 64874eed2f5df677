/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One PCI function as sysfs shows it. Filled by inventory.c; everybody else only reads. */
#ifndef VFIOKIT_DEVICE_H
#define VFIOKIT_DEVICE_H

#include <errno.h>

#include "lib/bdf.h"
#include "lib/util.h"

#define DEVICE_NO_GROUP (-1)

/* Who has a device open. All texts are owned, printable ASCII. */
struct holder {
	int pid;       /* 0: the kernel itself, or nobody knows */
	char *command; /* of the process; NULL if none is known */
	char *node;    /* "snd/controlC0" below DEV_PREFIX, with that; NULL if unknown */
	bool is_block; /* node is a disk: what is on it is in use */
	char *words;   /* the whole clause: "pipewire (pid 812) has /dev/snd/controlC0 open" */
};

struct device {
	struct bdf bdf;
	char address[BDF_TEXT_SIZE]; /* bdf as text */
	uint16_t vendor, device, subvendor, subdevice;
	uint32_t class;  /* 24 bits: base class, subclass, interface */
	int iommu_group; /* number, or DEVICE_NO_GROUP */
	char *driver;    /* owned; "" if none, or not read yet */
	char *path; /* owned; bus-number-free: first PCI address, then /slot.function of each hop; NULL until needed */

	/* Read for display devices only. */
	bool boot_vga;
	bool console;             /* boot_vga, a framebuffer below it, or the firmware's framebuffer in a BAR */
	bool has_framebuffer;     /* the firmware's framebuffer is below it or in its memory */
	const char *console_sign; /* which of these, in words; NULL if none */

	/*
	 * The file of it that could not be read, by its name, and why (a positive errno; EBADMSG: it makes no sense).
	 * Nothing is done with such a device. NULL: all that was needed could be read.
	 */
	const char *unread;
	int unread_error;
	bool is_unknown;       /* that was its ids and class, which are 0 */
	bool is_driver_unread; /* driver is "" because nobody can tell */

	bool is_followed; /* the record says which rule had it, wherever it is now (record_locate) */

	/* An earlier process of this run began to take it (apply_rewind): driver is the one that it had before. */
	bool is_taken;

	/* Read only for devices that the policy may touch (inventory_complete). */
	bool is_complete;
	bool has_secondary_bus; /* the kernel shows secondary_bus_number: a bridge */
	unsigned int vfs;       /* virtual functions that exist now */
	char *serial;           /* owned; NULL if the kernel shows none */
	char *variant;          /* owned; the best variant driver, by its module's name; NULL if only vfio-pci fits */

	/* Set by inventory_mark_late(). */
	bool is_late;    /* arrived on the running system: on-bound may take it from its driver */
	char *blind_use; /* owned; why its storage counts as in use, because nobody can tell; NULL if somebody can */

	bool is_requested; /* a person asks for it now, or for a member of its group (request_mark) */

	/* Set by holders_mark(), for what is about to be taken from a driver. */
	struct holder *holders; /* owned */
	size_t n_holders;
};

/* For a device with unread: why, in words. */
static inline const char *device_unread_cause(const struct device *device)
{
	return device->unread_error == EBADMSG ? "it makes no sense" : strerror(device->unread_error);
}

/* Classes of the PCI Code and ID Assignment Specification. */
static inline unsigned int device_base_class(const struct device *device)
{
	return device->class >> 16;
}

static inline unsigned int device_subclass(const struct device *device)
{
	return device->class >> 8;
}

enum {
	CLASS_NOT_DEFINED_VGA = 0x0001,
	CLASS_BASE_STORAGE = 0x01,
	CLASS_BASE_NETWORK = 0x02,
	CLASS_BASE_DISPLAY = 0x03,
	CLASS_BASE_SYSTEM = 0x08,
	CLASS_BASE_SERIAL = 0x0c,
	CLASS_DISPLAY_VGA = 0x0300,
	CLASS_DISPLAY_OTHER = 0x0380,
	CLASS_BRIDGE_HOST = 0x0600,
	CLASS_BRIDGE_ISA = 0x0601,
	CLASS_BRIDGE_PCI = 0x0604,
	CLASS_BRIDGE_CARDBUS = 0x0607,
	CLASS_SERIAL_USB = 0x0c03,
};

/* A PCI-to-PCI or CardBus bridge: vfio-pci refuses its header type (vfio_pci_core.c, EINVAL). */
static inline bool device_is_bridge(const struct device *device)
{
	unsigned int class = device_subclass(device);

	return class == CLASS_BRIDGE_PCI || class == CLASS_BRIDGE_CARDBUS || device->has_secondary_bus;
}

static inline bool device_is_host_bridge(const struct device *device)
{
	unsigned int class = device_subclass(device);

	return class == CLASS_BRIDGE_HOST || class == CLASS_BRIDGE_ISA;
}

static inline bool device_is_display(const struct device *device)
{
	return device_base_class(device) == CLASS_BASE_DISPLAY;
}

/* vfio-pci or one of its variant drivers (mlx5_vfio_pci, xe-vfio-pci, nvidia-vgpu-vfio, ...). */
static inline bool device_is_vfio_driver(const char *driver)
{
	return streq(driver, "vfio-pci") || ends_with(driver, "_vfio_pci") || ends_with(driver, "-vfio-pci") ||
	       ends_with(driver, "_vfio") || ends_with(driver, "-vfio");
}

/*
 * May a guest have the group while this driver holds one of its devices? The kernel allows those that do no DMA of
 * their own (driver_managed_dma, Linux 5.19; a list in vfio.c before).
 */
static inline bool device_driver_shares(const char *driver)
{
	return device_is_vfio_driver(driver) || streq(driver, "pci-stub");
}

/* A module's name has underscores only; its driver may have dashes in their place (vfio_pci: vfio-pci). */
static inline bool device_same_driver(const char *a, const char *b)
{
	for (; *a != '\0' && *b != '\0'; a++, b++)
		if ((*a == '-' ? '_' : *a) != (*b == '-' ? '_' : *b))
			return false;
	return *a == *b;
}

#endif
