/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How people reach the daemon: JSON, one line each way, over /run/vfiokit/usb.sock. Only root and members of the group
 * that hooks.conf names are heard, by the credentials that the kernel gives.
 *
 * {"command":"list"}, {"command":"watch"} (the list, again whenever it changes), {"command":"attach"|"toggle",
 * "guest":G,"devices":[...]}, {"command":"detach","devices":[...]}. The answer has "error" if something went wrong.
 */
#ifndef VFIOKIT_HOOKS_USB_SERVER_H
#define VFIOKIT_HOOKS_USB_SERVER_H

#include "hooks/usb/core.h"

struct usb_server;

/* Makes the socket. Returns 0 or a negative errno. */
int usb_server_open(struct usb_server **ret, struct usbd *daemon);
void usb_server_close(struct usb_server *server); /* NULL is fine */

#endif
