/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/usb/udev.h"

#include <errno.h>
#include <libudev.h>

#include "lib/util.h"

/* A storm of plugs is some hundred events of a kilobyte each. */
#define BUFFER_SIZE (1024 * 1024)

struct usb_udev {
	struct udev *udev;
	struct udev_monitor *monitor;
	struct udev_device *device; /* the last one that was asked for */
};

static bool open_monitor(struct usb_udev *self)
{
	self->monitor = udev_monitor_new_from_netlink(self->udev, "udev");
	if (self->monitor == NULL)
		return false;
	(void)udev_monitor_set_receive_buffer_size(self->monitor, BUFFER_SIZE);
	return udev_monitor_filter_add_match_subsystem_devtype(self->monitor, "usb", "usb_device") >= 0 &&
	       udev_monitor_filter_add_match_subsystem_devtype(self->monitor, "input", NULL) >= 0 &&
	       udev_monitor_enable_receiving(self->monitor) >= 0;
}

struct usb_udev *usb_udev_open(bool has_events)
{
	struct usb_udev *self = util_alloc(sizeof(*self));

	self->udev = udev_new();
	if (self->udev != NULL && (!has_events || open_monitor(self)))
		return self;
	usb_udev_close(self);
	return NULL;
}

void usb_udev_close(struct usb_udev *self)
{
	if (self == NULL)
		return;
	if (self->device != NULL)
		udev_device_unref(self->device);
	if (self->monitor != NULL)
		udev_monitor_unref(self->monitor);
	if (self->udev != NULL)
		udev_unref(self->udev);
	free(self);
}

static char *get_property(void *context, const char *name, const char *key)
{
	struct usb_udev *self = context;
	const char *value;

	/* The first that is asked for: what was cached may be another device by now. */
	if (streq(key, "USEC_INITIALIZED") || self->device == NULL ||
	    !streq(udev_device_get_sysname(self->device), name)) {
		if (self->device != NULL)
			udev_device_unref(self->device);
		self->device = udev_device_new_from_subsystem_sysname(self->udev, "usb", name);
	}
	value = self->device != NULL ? udev_device_get_property_value(self->device, key) : NULL;
	return value != NULL ? util_copy(value) : NULL;
}

struct usb_properties usb_udev_properties(struct usb_udev *self)
{
	return (struct usb_properties){ get_property, self };
}

int usb_udev_fd(const struct usb_udev *self)
{
	return udev_monitor_get_fd(self->monitor);
}

static void describe(struct udev_device *device, struct usb_event *ret)
{
	const char *action = udev_device_get_action(device), *subsystem = udev_device_get_subsystem(device);

	*ret = (struct usb_event){ .kind = USB_EVENT_OTHER };
	if (action == NULL || subsystem == NULL || !streq(subsystem, "usb") ||
	    !util_copy_fixed(ret->name, sizeof(ret->name), udev_device_get_sysname(device)))
		return;
	/* "add" comes before drivers have looked at the interfaces, "bind" when they have. */
	if (streq(action, "add"))
		ret->kind = USB_EVENT_ADD;
	else if (streq(action, "bind"))
		ret->kind = USB_EVENT_READY;
	else if (streq(action, "remove"))
		ret->kind = USB_EVENT_REMOVE;
}

bool usb_udev_next(struct usb_udev *self, struct usb_event *ret, bool *ret_is_lost)
{
	struct udev_device *device;

	*ret_is_lost = false;
	errno = 0;
	device = udev_monitor_receive_device(self->monitor);
	if (device == NULL) {
		*ret_is_lost = errno == ENOBUFS;
		return false;
	}
	describe(device, ret);
	udev_device_unref(device);
	return true;
}
