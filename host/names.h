/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of devices and classes, from the system's pci.ids; the only place that includes libpci. Names are a comfort:
 * without a database, or with a damaged one, every answer is "".
 */
#ifndef VFIOKIT_NAMES_H
#define VFIOKIT_NAMES_H

#include "binder/device.h"

#define NAME_SIZE 256

struct names;

/* Never NULL. Free it with names_close(). */
struct names *names_open(void);
void names_close(struct names *names);

/* "Vendor Device". */
void names_device(struct names *names, const struct device *device, char name[static NAME_SIZE]);

/* The same with the vendor's short name: "AMD", "NVIDIA". */
void names_short(struct names *names, const struct device *device, char name[static NAME_SIZE]);

/* "Device" alone, or what names_device() says if only the vendor is known. */
void names_model(struct names *names, const struct device *device, char name[static NAME_SIZE]);

/* "VGA compatible controller". */
void names_class(struct names *names, const struct device *device, char name[static NAME_SIZE]);

#endif
