/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/usb/describe.h"

#include "lib/util.h"

static void add_text(cJSON *object, const char *key, const char *text)
{
	if (text == NULL || text[0] == '\0')
		cJSON_AddNullToObject(object, key);
	else
		cJSON_AddStringToObject(object, key, text);
}

/* Why the host would not give it away now. */
static void add_guards(const struct usbd *daemon, const struct usb_device *device, const struct usb_rule *rule,
		       cJSON *object)
{
	const struct usb_question question = { .device = device,
					       .allow = rule != NULL ? rule->allow : 0,
					       .guest_uuid = "" };
	struct usb_guards guards;

	usb_guards_check(daemon->root, &question, &guards);
	if (!device->is_hub)
		add_text(object, "protected", guards.refusal);
	add_text(object, "warning", guards.warning);
	usb_guards_free(&guards);
}

/* What went wrong with it, if something did. */
static void add_error(const struct usbd *daemon, const struct usb_device *device, cJSON *object)
{
	cleanup_free char *alias = usb_alias_format(device);
	const char *why = NULL;

	for (size_t i = 0; i < daemon->n_failures; i++)
		if (streq(daemon->failures[i].alias, alias))
			why = daemon->failures[i].why;
	add_text(object, "error", why);
}

static void add_owner(const struct usbd *daemon, const struct usb_device *device, cJSON *object)
{
	const struct usb_world world = usbd_world(daemon);
	bool is_ours = false;
	const struct usb_guest *owner = usb_plan_owner(&world, device, &is_ours);
	const struct usb_guest *wanted = usb_plan_wanted(&world, device, NULL);
	cleanup_free char *name = owner != NULL ? util_copy_printable(owner->name) : NULL;
	cleanup_free char *wanted_name = wanted != NULL ? util_copy_printable(wanted->name) : NULL;

	add_text(object, "guest", name);
	if (owner != NULL)
		cJSON_AddStringToObject(object, "attached_by", is_ours ? "vfiokit" : "others");
	add_text(object, "wanted", wanted_name);
}

static cJSON *describe_device(const struct usbd *daemon, const struct usb_device *device)
{
	const struct usb_rule *rule = usb_rule_find(daemon->conf.usb, daemon->conf.n_usb, device);
	cleanup_free char *id = util_format("%04x:%04x", device->vendor, device->product);
	cleanup_free char *rule_name = rule != NULL ? util_copy_printable(rule->name) : NULL;
	cJSON *object = cJSON_CreateObject(), *classes;

	cJSON_AddStringToObject(object, "device", device->name);
	add_text(object, "parent", device->parent);
	cJSON_AddNumberToObject(object, "bus", device->bus);
	cJSON_AddNumberToObject(object, "number", device->number);
	cJSON_AddStringToObject(object, "id", id);
	add_text(object, "vendor", device->vendor_name);
	add_text(object, "product", device->product_name);
	add_text(object, "serial", device->serial);
	add_text(object, "port", device->port);
	cJSON_AddBoolToObject(object, "hub", device->is_hub);
	classes = cJSON_AddArrayToObject(object, "classes");
	for (int code = 1; code <= UINT8_MAX; code++) {
		cleanup_free char *text = util_format("%02x", (unsigned int)code);

		if (usb_device_has_class(device, code))
			cJSON_AddItemToArray(classes, cJSON_CreateString(text));
	}
	add_text(object, "rule", rule_name);
	add_owner(daemon, device, object);
	add_guards(daemon, device, rule, object);
	add_error(daemon, device, object);
	return object;
}

cJSON *usb_describe(const struct usbd *daemon, bool is_running)
{
	cJSON *document = cJSON_CreateObject(), *array;

	cJSON_AddBoolToObject(document, "daemon", is_running);
	cJSON_AddBoolToObject(document, "libvirt", daemon->virt != NULL);
	array = cJSON_AddArrayToObject(document, "guests");
	for (size_t i = 0; i < daemon->n_guests; i++) {
		cleanup_free char *name = util_copy_printable(daemon->guests[i].name);
		cJSON *guest = cJSON_CreateObject();

		cJSON_AddStringToObject(guest, "name", name);
		cJSON_AddStringToObject(guest, "uuid", daemon->guests[i].uuid);
		cJSON_AddItemToArray(array, guest);
	}
	array = cJSON_AddArrayToObject(document, "devices");
	for (size_t i = 0; i < daemon->inventory.count; i++)
		cJSON_AddItemToArray(array, describe_device(daemon, &daemon->inventory.devices[i]));
	return document;
}
