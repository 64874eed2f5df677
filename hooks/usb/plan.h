/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which device belongs to whom: present devices x policy x running guests x what people chose. No I/O: the same input
 * gives the same actions, and none when all is as it should be.
 */
#ifndef VFIOKIT_HOOKS_USB_PLAN_H
#define VFIOKIT_HOOKS_USB_PLAN_H

#include "hooks/usb/device.h"
#include "hooks/uuid.h"

/* A USB device of the host in a running guest, as libvirt has it. */
struct usb_hostdev {
	unsigned int bus, number;
	char *alias; /* owned; may be "" */
};

struct usb_guest {
	char uuid[UUID_SIZE];
	char *name;                   /* owned */
	int id;                       /* of libvirt, another one at each start */
	struct usb_hostdev *hostdevs; /* owned */
	size_t n_hostdevs;
	bool is_known; /* its hostdevs were read: before that nothing is done */
};

/*
 * What a person chose for the device at that port, for as long as that run of the guest lasts: that the guest shall
 * have it, or that it shall not although the policy says so.
 */
struct usb_choice {
	char *port; /* owned; of the device, or the kernel's name if it has none */
	uint16_t vendor, product;
	char *serial; /* owned */
	char uuid[UUID_SIZE];
	int guest_id;
	bool is_to_guest;
	uint64_t gone_since; /* milliseconds; 0: it is there */
};

struct usb_world {
	const struct usb_inventory *inventory;
	const struct usb_rule *rules;
	size_t n_rules;
	const struct usb_guest *guests;
	size_t n_guests;
	const struct usb_choice *choices;
	size_t n_choices;
};

/* USB_HELD: an attach that another guest is in the way of, which has it by its definition or by hand. */
enum usb_action_kind { USB_DETACH, USB_ATTACH, USB_HELD };

struct usb_action {
	enum usb_action_kind kind;
	const struct usb_guest *guest;
	const struct usb_device *device; /* NULL: a detach of one that is gone */
	const struct usb_rule *rule;     /* of the device, or NULL */
	const char *alias;               /* detach: borrowed from the guest */
	const char *reason;              /* why, for the journal */
	const struct usb_guest *holder;  /* USB_HELD: who has it */
};

struct usb_actions {
	struct usb_action *items; /* owned */
	size_t count;
};

/* Detaches come first: what is attached may need their ports and numbers. Free items. */
void usb_plan(const struct usb_world *world, struct usb_actions *ret);

/* The guest that shall have the device now, or NULL: the host. ret_reason: why; may be NULL. */
const struct usb_guest *usb_plan_wanted(const struct usb_world *world, const struct usb_device *device,
					const char **ret_reason);

/* The guest that has it, or NULL. ret_is_ours: by us, not by its definition or by hand; may be NULL. */
const struct usb_guest *usb_plan_owner(const struct usb_world *world, const struct usb_device *device,
				       bool *ret_is_ours);

const struct usb_guest *usb_guest_find(const struct usb_guest *guests, size_t n, const char *name_or_uuid);
bool usb_guest_is(const struct usb_guest *guest, const char *name_or_uuid);
void usb_guest_free(struct usb_guest *guest);

/* Aliases that we give: "ua-vfiokit-BUS-NUMBER-PLUGGED", so that one of an earlier device of that number is known. */
char *usb_alias_format(const struct usb_device *device);
bool usb_alias_is_ours(const char *alias);
bool usb_alias_is_of(const char *alias, const struct usb_device *device);

const char *usb_choice_place(const struct usb_device *device);
bool usb_choice_is_of(const struct usb_choice *choice, const struct usb_device *device);
void usb_choice_free(struct usb_choice *choice);

#endif
