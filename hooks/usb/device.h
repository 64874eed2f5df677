/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The USB devices of this host, as sysfs and udev show them. What a device says of itself (names, serial number) is
 * hostile: it is made printable and cut here, and nowhere else read.
 */
#ifndef VFIOKIT_HOOKS_USB_DEVICE_H
#define VFIOKIT_HOOKS_USB_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hooks/conf_usb.h"

/* "255-1.2.3.4.5.6" and "usb255" fit: a chain has at most six ports (drivers/usb/core/hub.c). */
#define USB_NAME_SIZE 40
/* A string descriptor has at most 126 UTF-16 units; people do not read so much. */
#define USB_TEXT_MAX 126
/* More than 127 numbers on each of so many buses there are not. */
#define USB_DEVICES_MAX 4096

#define USB_CLASS_HUB 0x09

struct usb_device {
	char name[USB_NAME_SIZE];   /* of the kernel: "1-4.2", "usb1" */
	char parent[USB_NAME_SIZE]; /* of the hub it hangs on; "" for a root hub */
	unsigned int bus, number;
	uint64_t plugged; /* microseconds after boot at which udev met it: tells it from the next one of that number */
	uint16_t vendor, product;
	char *vendor_name, *product_name, *serial; /* owned; printable, may be "" */
	char *serial_short;                        /* owned; the serial number as udev writes it, may be "" */
	/*
	 * owned; ID_PATH of the connector, "" if udev knows none. A USB 3 connector is two ports of the kernel; it is
	 * named by its USB 2 one.
	 */
	char *port;
	char *port_own, *port_peer; /* owned; with the revision: "...-usbv3-0:2", "" if there is none */
	uint32_t classes[8];        /* bits: of the device and its interfaces */
	bool is_hub, is_root_hub;
	bool is_ready; /* configured, and udev has seen it */
};

struct usb_inventory {
	struct usb_device *devices; /* owned; in the order of buses and port chains */
	size_t count;
};

/* A property of udev for the USB device of that name, owned by the caller; NULL if it has none. */
struct usb_properties {
	char *(*get)(void *context, const char *name, const char *key);
	void *context;
};

/* Reads them all. A device that vanishes meanwhile is left out. Free it with usb_inventory_free(). */
void usb_inventory_read(struct usb_inventory *inventory, int root, const struct usb_properties *properties);

/* Reads one of them anew, or finds that it is there, or gone. Returns whether it is another one than before. */
bool usb_inventory_renew(struct usb_inventory *inventory, int root, const struct usb_properties *properties,
			 const char *name);
void usb_inventory_free(struct usb_inventory *inventory);

void usb_device_copy(const struct usb_device *device, struct usb_device *ret);
void usb_device_free(struct usb_device *device);

const struct usb_device *usb_inventory_find(const struct usb_inventory *inventory, const char *name);

bool usb_device_has_class(const struct usb_device *device, int class_code);

/* "1-4 046d:c52b Logitech USB Receiver", for messages. Owned by the caller. */
char *usb_device_describe(const struct usb_device *device);

/*
 * Does the rule mean this device? 0: no; otherwise the greater the better: one that names the port comes before one
 * that names a hub above it, and that before serial, id and class.
 */
unsigned int usb_rule_match(const struct usb_rule *rule, const struct usb_device *device);

/* The best of these that is not broken, or NULL. Of equals the first. */
const struct usb_rule *usb_rule_find(const struct usb_rule *rules, size_t n, const struct usb_device *device);

/*
 * The device that a person means: name of a rule, port, name of the kernel, BUS:NUMBER (three digits each),
 * VENDOR:PRODUCT or serial number. NULL if there is none or more than one; *ret_why says so (owned by the caller).
 */
const struct usb_device *usb_find(const struct usb_inventory *inventory, const struct usb_rule *rules, size_t n_rules,
				  const char *text, char **ret_why);

#endif
