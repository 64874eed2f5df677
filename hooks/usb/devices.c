/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What udev tells the daemon. */
#include <time.h>

#include "hooks/usb/core.h"
#include "lib/log.h"
#include "lib/util.h"

/* A device whose drivers never report to have looked at it may go after this time (ms). */
#define SETTLE_TIME 3000

#define CLASS_HID 0x03
#define CLASS_WIRELESS 0xe0

static void drop_wait(struct usbd *daemon, const char *name)
{
	for (size_t i = daemon->n_waits; i-- > 0;)
		if (streq(daemon->waits[i].name, name))
			daemon->waits[i] = daemon->waits[--daemon->n_waits];
}

static void add_wait(struct usbd *daemon, const char *name)
{
	struct usb_wait *wait;

	drop_wait(daemon, name);
	wait = util_append(&daemon->waits, &daemon->n_waits, sizeof(*wait));
	*wait = (struct usb_wait){ .until = usb_now() + SETTLE_TIME };
	(void)util_copy_fixed(wait->name, sizeof(wait->name), name);
}

/* Of these guards know something only when drivers have had their turn: what else is just plugged the host does not
 * use. */
static bool must_wait(const struct usb_device *device)
{
	return usb_device_has_class(device, CLASS_HID) || usb_device_has_class(device, CLASS_WIRELESS);
}

/*
 * A keyboard has no input devices yet when udev tells that it was added: taken then, the host's last one would look
 * like no keyboard at all. When drivers have had their turn, "bind" comes.
 */
static void apply_waits(struct usbd *daemon)
{
	for (size_t i = daemon->n_waits; i-- > 0;)
		if (daemon->waits[i].until <= usb_now())
			daemon->waits[i] = daemon->waits[--daemon->n_waits];
	for (size_t i = 0; i < daemon->inventory.count; i++)
		for (size_t k = 0; k < daemon->n_waits; k++)
			if (streq(daemon->inventory.devices[i].name, daemon->waits[k].name) &&
			    must_wait(&daemon->inventory.devices[i]))
				daemon->inventory.devices[i].is_ready = false;
}

/* The rule of a device that was just plugged in may be the way back of others. */
static void greet(struct usbd *daemon, const char *name)
{
	const struct usb_device *device = usb_inventory_find(&daemon->inventory, name);

	if (device != NULL)
		usb_returns_plugged(daemon, usb_rule_find(daemon->conf.usb, daemon->conf.n_usb, device));
}

void usbd_read_devices(struct usbd *daemon)
{
	const struct usb_properties properties = usb_udev_properties(daemon->udev);
	struct usb_inventory before = daemon->inventory;

	usb_inventory_read(&daemon->inventory, daemon->root, &properties);
	apply_waits(daemon);
	for (size_t i = 0; daemon->has_inventory && i < daemon->inventory.count; i++) {
		const struct usb_device *device = &daemon->inventory.devices[i];
		const struct usb_device *old = usb_inventory_find(&before, device->name);

		if (old == NULL || old->number != device->number || old->plugged != device->plugged)
			greet(daemon, device->name);
	}
	daemon->has_inventory = true;
	usb_inventory_free(&before);
}

static void handle(struct usbd *daemon, const struct usb_event *event)
{
	const struct usb_properties properties = usb_udev_properties(daemon->udev);

	if (event->kind == USB_EVENT_ADD)
		add_wait(daemon, event->name);
	else if (event->kind != USB_EVENT_OTHER)
		drop_wait(daemon, event->name);
	if (event->name[0] != '\0' && usb_inventory_renew(&daemon->inventory, daemon->root, &properties, event->name))
		greet(daemon, event->name);
}

void usbd_on_udev(void *context)
{
	struct usbd *daemon = context;
	struct timespec now;
	struct usb_event event;
	bool is_lost = false;

	clock_gettime(CLOCK_MONOTONIC, &now);
	daemon->event_time = (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
	while (usb_udev_next(daemon->udev, &event, &is_lost))
		handle(daemon, &event);
	if (is_lost) {
		log_warning("the kernel had to drop events of devices; all are looked at anew");
		usbd_read_devices(daemon);
	}
	apply_waits(daemon);
	usb_failure_retry(daemon, false);
	usbd_reconcile(daemon);
	daemon->event_time = 0;
}
