/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest's description, as libvirt hands it to a hook on standard input. It comes from a root daemon but carries what
 * users wrote: no entities, no DTD, no network, and limits of size and depth (xml.h).
 */
#ifndef VFIOKIT_HOOKS_DOMAIN_H
#define VFIOKIT_HOOKS_DOMAIN_H

#include <stdbool.h>
#include <stddef.h>

#include "hooks/domain_memory.h"
#include "hooks/metadata.h"
#include "hooks/uuid.h"
#include "lib/bdf.h"
#include "lib/cpulist.h"

/* A description of more bytes is not read: those of the largest guests have some hundred kilobytes. */
#define DOMAIN_SIZE_MAX (8 * 1024 * 1024)

/* Where guests are unless their partition says otherwise. */
#define DOMAIN_SLICE "machine.slice"

struct domain_disk {
	char *path;   /* owned; of the block device on this host */
	bool is_held; /* to be held exclusively; false: shareable, read-only, cdrom or floppy, checked only */
};

enum host_device_kind { HOST_PCI, HOST_USB, HOST_SCSI, HOST_MDEV };

/* Something of this host that the guest gets: hostdev, interface type='hostdev', disk type='nvme'. */
struct host_device {
	enum host_device_kind kind;
	bool is_managed;              /* libvirt takes it from its driver by itself */
	bool is_optional;             /* usb: startupPolicy says that the guest starts without it */
	struct bdf bdf;               /* pci */
	unsigned int vendor, product; /* usb; 0: by number */
	unsigned int bus, number;     /* usb; 0: by vendor and product */
	char *alias; /* owned; libvirt's name for it in a running guest, "" if it has none; usb only, else NULL */
	char *name;  /* owned; mdev: its UUID, scsi: host:bus:target:unit; else NULL */
};

struct domain {
	bool is_by_hand;           /* QEMU was started without libvirt: nobody takes devices from their drivers */
	char uuid[UUID_SIZE];      /* lower case */
	char *name;                /* owned */
	bool has_pins;             /* "pinned" says where virtual processors run */
	struct cpulist pinned;     /* the union of vcpupin; without any, the cpuset of vcpu */
	char *slice;               /* owned; the top-level slice that its scope is below, as a unit */
	struct domain_disk *disks; /* owned */
	size_t n_disks;
	struct host_device *devices; /* owned */
	size_t n_devices;
	struct domain_memory memory;
	struct metadata metadata;
};

/*
 * Reads a description. Returns NULL, or in one phrase what is wrong with it; then the domain is empty. What it does not
 * know it passes over. Free it with domain_free().
 */
const char *domain_parse(struct domain *domain, const char *text, size_t length);
void domain_free(struct domain *domain);

bool domain_has_pci_device(const struct domain *domain);

#endif
