/* SPDX-License-Identifier: GPL-2.0-or-later */
/* udev: what it knows of devices, and its events. udev.c is the only file that includes libudev. */
#ifndef VFIOKIT_HOOKS_USB_UDEV_H
#define VFIOKIT_HOOKS_USB_UDEV_H

#include <stdbool.h>

#include "hooks/usb/device.h"

struct usb_udev;

/* has_events: open the monitor too. NULL with errno set if that fails. */
struct usb_udev *usb_udev_open(bool has_events);
void usb_udev_close(struct usb_udev *udev); /* NULL is fine */

/* Properties of devices, as usb_inventory_read() wants them. */
struct usb_properties usb_udev_properties(struct usb_udev *udev);

/* To be polled: events that udev has processed, of USB devices and of what hangs on them. */
int usb_udev_fd(const struct usb_udev *udev);

struct usb_event {
	char name[USB_NAME_SIZE]; /* of a USB device; "" for something below or beside it */
	enum { USB_EVENT_ADD, USB_EVENT_READY, USB_EVENT_REMOVE, USB_EVENT_OTHER } kind;
};

/* The next event; false if there is none left. is_lost: the kernel had to drop some. */
bool usb_udev_next(struct usb_udev *udev, struct usb_event *ret, bool *ret_is_lost);

#endif
