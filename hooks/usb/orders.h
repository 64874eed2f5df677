/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Orders of people: from a request to choices, and from what became of them to an answer. */
#ifndef VFIOKIT_HOOKS_USB_ORDERS_H
#define VFIOKIT_HOOKS_USB_ORDERS_H

#include <cjson/cJSON.h>

#include "hooks/usb/core.h"
#include "hooks/usb/request.h"

struct usb_order_device {
	char name[USB_NAME_SIZE];
	char *alias; /* owned */
	bool is_done, is_good;
	char *message; /* owned; what became of it */
};

struct usb_order {
	char uuid[UUID_SIZE]; /* of the guest; "" for a detach */
	char *guest;          /* owned; its name, for messages */
	bool is_to_guest;
	struct usb_order_device *devices; /* owned */
	size_t n_devices;
	uint64_t until; /* usb_now() */
};

/* Makes choices of it; then usbd_reconcile() is due. Returns NULL, or why nothing was done (owned by the caller). */
char *usb_order_begin(struct usb_order *order, struct usbd *daemon, const struct usb_request *request);

/* Looks what became of it. True if all is decided, or the time is over. */
bool usb_order_look(struct usb_order *order, struct usbd *daemon);

/* Owned by the caller. */
cJSON *usb_order_answer(const struct usb_order *order);
void usb_order_free(struct usb_order *order);

#endif
