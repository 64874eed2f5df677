/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/usb/orders.h"

#include "lib/util.h"

/* Longer than libvirt waits for another job of the guest (ms). */
#define ORDER_TIME 40000
/* Attempts that may fail because some other device vanished at the wrong moment. */
#define TRIES 3

static struct usb_order_device *add_device(struct usb_order *order, const struct usb_device *device)
{
	struct usb_order_device *ordered = util_append(&order->devices, &order->n_devices, sizeof(*ordered));

	memcpy(ordered->name, device->name, sizeof(ordered->name));
	ordered->alias = usb_alias_format(device);
	return ordered;
}

static const struct usb_device *device_of(const struct usbd *daemon, const struct usb_order_device *ordered)
{
	const struct usb_device *device = usb_inventory_find(&daemon->inventory, ordered->name);

	return device != NULL && usb_alias_is_of(ordered->alias, device) ? device : NULL;
}

static void settle(struct usb_order_device *ordered, bool is_good, char *message)
{
	ordered->is_done = true;
	ordered->is_good = is_good;
	free(ordered->message);
	ordered->message = message;
}

/* --- orders --------------------------------------------------------------------------------------------------------
 */

static void order_attach(struct usbd *daemon, struct usb_order_device *ordered, const struct usb_device *device,
			 const struct usb_guest *guest)
{
	const struct usb_world world = usbd_world(daemon);
	const struct usb_guest *owner = usb_plan_owner(&world, device, NULL);

	if (device->is_hub) {
		settle(ordered, false, util_copy("it is a hub; give what is plugged into it"));
	} else if (owner != NULL && owner != guest) {
		cleanup_free char *name = util_copy_printable(owner->name);

		settle(ordered, false, util_format("guest %s has it; detach it there first", name));
	} else {
		usb_failure_forget(daemon, ordered->alias, guest->uuid);
		usb_choices_set(daemon, device, guest, true);
	}
}

static void order_detach(struct usbd *daemon, struct usb_order_device *ordered, const struct usb_device *device)
{
	const struct usb_world world = usbd_world(daemon);
	bool is_ours = false;
	const struct usb_guest *guest = usb_plan_owner(&world, device, &is_ours);

	if (guest != NULL && !is_ours) {
		cleanup_free char *name = util_copy_printable(guest->name);

		settle(ordered, false,
		       util_format("guest %s has it by its definition or by hand; use 'virsh detach-device'", name));
		return;
	}
	if (guest == NULL)
		guest = usb_plan_wanted(&world, device, NULL);
	if (guest == NULL) {
		settle(ordered, true, util_copy("the host has it"));
		return;
	}
	usb_failure_forget(daemon, ordered->alias, guest->uuid);
	usb_choices_set(daemon, device, guest, false);
}

/* A toggle brings all of them to one side: back to the host if the guest has the first. */
static bool decide_side(const struct usbd *daemon, const struct usb_request *request, const struct usb_order *order,
			const struct usb_guest *guest)
{
	const struct usb_world world = usbd_world(daemon);
	const struct usb_device *first = device_of(daemon, &order->devices[0]);

	return request->command == USB_DO_ATTACH ||
	       (request->command == USB_DO_TOGGLE && first != NULL && usb_plan_owner(&world, first, NULL) != guest);
}

static char *find_guest(const struct usbd *daemon, const struct usb_request *request, struct usb_order *order,
			const struct usb_guest **ret)
{
	cleanup_free char *shown = request->guest != NULL ? util_copy_printable(request->guest) : NULL;

	*ret = NULL;
	if (daemon->virt == NULL)
		return util_copy("libvirt cannot be reached; nothing was changed, see 'systemctl status libvirtd'");
	if (request->guest == NULL)
		return NULL;
	*ret = usb_guest_find(daemon->guests, daemon->n_guests, request->guest);
	if (*ret == NULL)
		return util_format("there is no running guest '%.80s'; nothing was changed, see 'virsh list'", shown);
	memcpy(order->uuid, (*ret)->uuid, sizeof(order->uuid));
	order->guest = util_copy_printable((*ret)->name);
	return NULL;
}

char *usb_order_begin(struct usb_order *order, struct usbd *daemon, const struct usb_request *request)
{
	const struct usb_guest *guest;
	char *why;

	*order = (struct usb_order){ .until = usb_now() + ORDER_TIME };
	why = find_guest(daemon, request, order, &guest);
	for (size_t i = 0; why == NULL && i < request->n_devices; i++) {
		cleanup_free char *reason = NULL;
		const struct usb_device *device = usb_find(&daemon->inventory, daemon->conf.usb, daemon->conf.n_usb,
							   request->devices[i], &reason);

		if (device != NULL)
			(void)add_device(order, device);
		else
			why = util_format("%s; nothing was changed", reason);
	}
	if (why != NULL) {
		usb_order_free(order);
		return why;
	}
	order->is_to_guest = decide_side(daemon, request, order, guest);
	for (size_t i = 0; i < order->n_devices; i++) {
		const struct usb_device *device = device_of(daemon, &order->devices[i]);

		if (device != NULL && order->is_to_guest)
			order_attach(daemon, &order->devices[i], device, guest);
		else if (device != NULL)
			order_detach(daemon, &order->devices[i], device);
	}
	return NULL;
}

/* --- what became of them -------------------------------------------------------------------------------------------
 */

static void look_at_attach(const struct usb_order *order, struct usb_order_device *ordered, struct usbd *daemon,
			   const struct usb_device *device)
{
	const struct usb_world world = usbd_world(daemon);
	const struct usb_guest *owner = usb_plan_owner(&world, device, NULL);
	const struct usb_failure *failure = usb_failure_find(daemon, ordered->alias, order->uuid, USB_ATTACH);

	if (owner != NULL && streq(owner->uuid, order->uuid)) {
		settle(ordered, true, util_format("guest %s has it", order->guest));
	} else if (usb_guest_find(daemon->guests, daemon->n_guests, order->uuid) == NULL && daemon->virt != NULL) {
		settle(ordered, false, util_format("guest %s has ended", order->guest));
	} else if (failure != NULL && (failure->is_refused || failure->tries >= TRIES)) {
		settle(ordered, false, util_copy(failure->why));
		/* What was asked for and refused must not come about by itself later. */
		usb_choices_drop(daemon, device);
	}
}

static void look_at_detach(struct usb_order_device *ordered, const struct usbd *daemon, const struct usb_device *device)
{
	const struct usb_world world = usbd_world(daemon);

	if (usb_plan_owner(&world, device, NULL) == NULL)
		settle(ordered, true, util_copy("the host has it"));
}

bool usb_order_look(struct usb_order *order, struct usbd *daemon)
{
	bool is_over = usb_now() >= order->until, is_done = true;

	for (size_t i = 0; i < order->n_devices; i++) {
		struct usb_order_device *ordered = &order->devices[i];
		const struct usb_device *device = device_of(daemon, ordered);

		if (ordered->is_done)
			continue;
		if (device == NULL)
			settle(ordered, false, util_copy("it was unplugged"));
		else if (order->is_to_guest)
			look_at_attach(order, ordered, daemon, device);
		else
			look_at_detach(ordered, daemon, device);
		if (!ordered->is_done && is_over)
			settle(ordered, false, util_copy("not done yet; it is tried on"));
		is_done = is_done && ordered->is_done;
	}
	return is_done;
}

cJSON *usb_order_answer(const struct usb_order *order)
{
	cJSON *document = cJSON_CreateObject(), *devices;
	bool is_good = true;

	for (size_t i = 0; i < order->n_devices; i++)
		is_good = is_good && order->devices[i].is_good;
	cJSON_AddBoolToObject(document, "ok", is_good);
	cJSON_AddStringToObject(document, "to", order->is_to_guest ? order->guest : "host");
	devices = cJSON_AddArrayToObject(document, "devices");
	for (size_t i = 0; i < order->n_devices; i++) {
		cJSON *object = cJSON_CreateObject();

		cJSON_AddStringToObject(object, "device", order->devices[i].name);
		cJSON_AddBoolToObject(object, "ok", order->devices[i].is_good);
		cJSON_AddStringToObject(object, "message",
					order->devices[i].message != NULL ? order->devices[i].message : "");
		cJSON_AddItemToArray(devices, object);
	}
	return document;
}

void usb_order_free(struct usb_order *order)
{
	for (size_t i = 0; i < order->n_devices; i++) {
		free(order->devices[i].alias);
		free(order->devices[i].message);
	}
	free(order->devices);
	free(order->guest);
	*order = (struct usb_order){ 0 };
}
