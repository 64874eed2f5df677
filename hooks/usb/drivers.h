/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef VFIOKIT_HOOKS_USB_DRIVERS_H
#define VFIOKIT_HOOKS_USB_DRIVERS_H

/*
 * Lets the host's drivers look at the interfaces of a device that have none. QEMU does that when it lets go of a
 * device, but not when it is killed: usbfs then gives its interfaces up, and no driver is asked (usbdev_release() in
 * drivers/usb/core/devio.c). A keyboard would be dead until it is plugged in again. name: the kernel's, "1-4.2". Blocks
 * as long as drivers probe.
 */
void usb_drivers_probe(int root, const char *name);

#endif
