/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The keyboards and pointers by which a person commands this host: which of them hang on a USB device, how many do not.
 */
#ifndef VFIOKIT_HOOKS_USB_INPUTS_H
#define VFIOKIT_HOOKS_USB_INPUTS_H

#include "hooks/usb/device.h"

struct usb_inputs {
	unsigned int keyboards, pointers; /* of the device; for the last Bluetooth adapter also those behind it */
	unsigned int other_keyboards, other_pointers;
	bool is_security_key;
};

/*
 * Counts as udev's input_id does, by what the devices can (ID_INPUT_KEYBOARD, ID_INPUT_MOUSE, touchpads and screens).
 * i8042 and Bluetooth are others. Made by programs (uinput), and security keys that call themselves keyboards, count
 * as none. going: devices that do not count any more.
 */
void usb_inputs_count(int root, const struct usb_device *device, const char *const *going, size_t n_going,
		      struct usb_inputs *ret);

#endif
