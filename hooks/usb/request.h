/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a person asks the daemon for: one line of JSON from a socket, so hostile until it is read. */
#ifndef VFIOKIT_HOOKS_USB_REQUEST_H
#define VFIOKIT_HOOKS_USB_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

/* Longest line, its end not counted. */
#define USB_REQUEST_MAX 16384
#define USB_REQUEST_DEVICES 32
#define USB_REQUEST_WORD 512

enum usb_command { USB_LIST, USB_WATCH, USB_DO_ATTACH, USB_DO_DETACH, USB_DO_TOGGLE };

struct usb_request {
	enum usb_command command;
	char *guest;    /* owned; attach, toggle */
	char **devices; /* owned, with what they hold; at least one, except for list and watch */
	size_t n_devices;
};

/* Returns NULL, or what is wrong; then there is nothing to free. */
const char *usb_request_parse(struct usb_request *request, const char *text, size_t length);
void usb_request_free(struct usb_request *request);

/* The line for it, without its end. Owned by the caller. */
char *usb_request_format(const struct usb_request *request);

#endif
