/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The document of describe.h for people, on standard output. It comes from the daemon: what is missing is passed over.
 */
#ifndef VFIOKIT_HOOKS_USB_SHOW_H
#define VFIOKIT_HOOKS_USB_SHOW_H

#include <cjson/cJSON.h>

void usb_show_tree(const cJSON *document);

/* What is different, a line for each device. */
void usb_show_changes(const cJSON *before, const cJSON *after);

/* What became of an order. */
void usb_show_answer(const cJSON *answer);

#endif
