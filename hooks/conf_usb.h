/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * [usb NAME] of hooks.conf: which device of this host (port, id, serial, class: all that are given must fit) goes to
 * which guest. conf.c reads the file, this is what the keys mean.
 */
#ifndef VFIOKIT_HOOKS_CONF_USB_H
#define VFIOKIT_HOOKS_CONF_USB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Guards that a rule may switch off for its device. */
enum usb_allow {
	USB_ALLOW_STORAGE = 1 << 0,  /* in use by the host */
	USB_ALLOW_KEYBOARD = 1 << 1, /* the host's last one */
	USB_ALLOW_POINTER = 1 << 2,
	USB_ALLOW_NETWORK = 1 << 3, /* the default route */
};

#define USB_CLASS_ANY (-1)

struct usb_rule {
	char *name;   /* owned */
	char *port;   /* owned; ID_PATH of udev, NULL: any */
	char *serial; /* owned; NULL: any */
	char *guest;  /* owned; name or UUID, NULL: the rule only names a device */
	bool has_id;
	uint16_t vendor, product;
	int class_code; /* of the device or of one of its interfaces; USB_CLASS_ANY */
	bool is_manual;
	unsigned int allow;     /* bits of enum usb_allow */
	unsigned int return_in; /* seconds after which the host gets it back; 0: never */
	char *return_plug;      /* owned; name of the rule whose device, when plugged, brings it back; or NULL */
	unsigned int line;      /* where it stands */
	bool is_broken;
};

void usb_rule_begin(struct usb_rule *rule, const char *name, unsigned int line);
void usb_rule_free(struct usb_rule *rule);

/* The key's number, or -1 with the list of known ones, for a message. */
int usb_rule_find_key(const char *key, const char **ret_expected);

/* Sets the key of that number. Returns NULL, or what was expected. value may be cut. */
const char *usb_rule_set(struct usb_rule *rule, size_t index, char *value);

/* What is wrong with a rule as a whole, or NULL. */
const char *usb_rule_check(const struct usb_rule *rule, const struct usb_rule *all, size_t n);

/* Is this the ID_PATH of a USB port: a controller, "-usb-0:" or "-usbv2-0:", and port numbers with dots between? */
bool usb_rule_is_port(const char *text);

/* "046d:c52b", and nothing else. */
bool usb_rule_parse_id(const char *text, uint16_t *ret_vendor, uint16_t *ret_product);

#endif
