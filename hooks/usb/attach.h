/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Guests with their USB devices, as libvirt (virt.h) knows them. All of it blocks. */
#ifndef VFIOKIT_HOOKS_USB_ATTACH_H
#define VFIOKIT_HOOKS_USB_ATTACH_H

#include "hooks/usb/plan.h"
#include "hooks/virt.h"

struct usb_running {
	struct usb_guest guest;
	struct virt_dom *dom; /* owned */
};

/* All running guests. Those that end meanwhile are left out. False: with a reason. */
bool usb_list_guests(struct virt *virt, struct usb_running **ret, size_t *ret_n, char **ret_why);

/* Other results than VIRT_OK come with libvirt's sentence, printable, owned by the caller. */
enum virt_result usb_attach(struct virt_dom *dom, const struct usb_device *device, char **ret_why);
enum virt_result usb_read_guest(struct virt_dom *dom, struct usb_guest *ret, char **ret_why);

#endif
