/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the given root shows of the machine. Reading only; costs one modalias and one link per function, and more only
 * for display devices and for those that the policy may touch. Never reads config space: it wakes devices.
 */
#ifndef VFIOKIT_INVENTORY_H
#define VFIOKIT_INVENTORY_H

#include "binder/device.h"
#include "binder/policy.h"

struct modules;

enum known { KNOWN_NOT, KNOWN_NO, KNOWN_YES };

/* A driver that some rule wants. */
struct driver_choice {
	char name[SYSFS_NAME_SIZE];
	enum known available; /* registered now, or a module that can be found */
};

struct inventory {
	struct device *devices; /* owned; in order of address */
	size_t n_devices;
	/*
	 * Functions of which something could not be read. Those with is_unknown are not among the devices, of the
	 * others this is a copy. Owned. What belongs to them is not given away (inventory_find_unread).
	 */
	struct device *unread;
	size_t n_unread;
	struct driver_choice *drivers; /* owned; vfio-pci is always the first */
	size_t n_drivers;
	struct modules *modules;           /* owned; where they were looked for; NULL if no device needed one */
	bool has_iommu;                    /* at least one IOMMU group exists */
	bool ignores_denylist;             /* the loaded vfio-pci has disable_denylist set */
	bool has_vfio_ids;                 /* an ids= option for vfio-pci is configured beside the policy */
	char release[SYSFS_NAME_SIZE + 2]; /* of the root's kernel; "" if unknown */
};

/*
 * Reads all functions. problems: those that could not be read.
 * Returns 0, or a negative errno if the list of devices itself cannot be read, in part or at all (-ENOENT: no PCI at
 * all); then there are no devices.
 */
int inventory_scan(struct inventory *inventory, int root, struct problems *problems);

/* Reads the rest of what planning this policy needs. all: for every function. */
void inventory_complete(struct inventory *inventory, int root, const struct policy *policy, bool all);
/* Reads a function's path, and its serial number if it is asked for. */
void inventory_identify(struct device *device, int root, bool with_serial);
void inventory_free(struct inventory *inventory);

/* NULL if there is none at this address. */
const struct device *inventory_find(const struct inventory *inventory, const struct bdf *bdf);

/* NULL if the function at this address is known, or none is there. */
const struct device *inventory_find_unknown(const struct inventory *inventory, const struct bdf *bdf);

/*
 * The unread function that speaks against the device: itself; else one in its group; else one in its slot, because the
 * functions of a slot are mostly one card and one group. NULL if there is none.
 */
const struct device *inventory_find_unread(const struct inventory *inventory, const struct device *device);

/* One more than the largest group number: the size of a table by group. At least 1. */
size_t inventory_group_count(const struct inventory *inventory);

/* Could this driver be had? KNOWN_NOT if nobody asked for it while reading. */
enum known inventory_driver(const struct inventory *inventory, const char *name);

/* What the kernel calls the device: "pci:v..." for its native drivers, "vfio_pci:v..." for variant drivers. */
#define INVENTORY_ALIAS_SIZE 96
void inventory_format_alias(const struct device *device, const char *prefix, char alias[static INVENTORY_ALIAS_SIZE]);

/* Is a function at this address now? */
bool inventory_has(int root, const char *address);

/*
 * Reads a function's driver link as it is now: "" if none. A vanished device has none. Returns 0, or a negative errno
 * if nobody can tell ("", too).
 */
int inventory_read_driver(int root, const char *address, char driver[static SYSFS_NAME_SIZE]);

/*
 * Is there a driver of this name? A module's name is as good: its driver may have dashes in place of underscores, and
 * the name then becomes that.
 */
bool inventory_find_driver(int root, char name[static SYSFS_NAME_SIZE]);

#endif
