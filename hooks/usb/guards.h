/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the host must not lose. QEMU takes a device from every driver of the host without asking
 * (usb_host_detach_kernel() in host-libusb.c), and libvirt does not ask either: so these are looked at right before
 * each attach.
 */
#ifndef VFIOKIT_HOOKS_USB_GUARDS_H
#define VFIOKIT_HOOKS_USB_GUARDS_H

#include "hooks/usb/device.h"

struct usb_guards {
	char *refusal; /* owned; NULL: the device may go. Names the cause and the remedy */
	char *warning; /* owned, or NULL */
	bool is_by_storage;
	int *held; /* owned; the device's disks, taken exclusively until usb_guards_free() */
	size_t n_held;
};

struct usb_question {
	const struct usb_device *device;
	unsigned int allow;     /* bits of enum usb_allow: what its rule permits */
	bool is_attach;         /* take its disks, too; false: only look, for people */
	const char *guest_uuid; /* whose claims of disks do not count; may be "" */
	const char *const
		*going; /* kernel's names of devices that are on their way to guests: not the host's any more */
	size_t n_going;
};

void usb_guards_check(int root, const struct usb_question *question, struct usb_guards *ret);
void usb_guards_free(struct usb_guards *guards);

#endif
