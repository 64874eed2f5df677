/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What people asked for, and ways back: kept in /run, so that the daemon may be started anew. */
#include <cjson/cJSON.h>

#include "hooks/usb/core.h"
#include "lib/file.h"
#include "lib/log.h"
#include "lib/paths.h"
#include "lib/util.h"

#define STATE_MAX (1024 * 1024)
/* A device that comes back with other ids within this time is the same one (ms): updates of firmware, mode switches. */
#define REBIRTH_TIME 60000

static void save(const struct usbd *daemon)
{
	cJSON *document = cJSON_CreateObject(), *choices = cJSON_AddArrayToObject(document, "choices");
	cJSON *returns = cJSON_AddArrayToObject(document, "returns");
	cleanup_free char *text = NULL;

	for (size_t i = 0; i < daemon->n_choices; i++) {
		const struct usb_choice *choice = &daemon->choices[i];
		cJSON *object = cJSON_CreateObject();

		cJSON_AddStringToObject(object, "port", choice->port);
		cJSON_AddNumberToObject(object, "vendor", choice->vendor);
		cJSON_AddNumberToObject(object, "product", choice->product);
		cJSON_AddStringToObject(object, "serial", choice->serial);
		cJSON_AddStringToObject(object, "uuid", choice->uuid);
		cJSON_AddNumberToObject(object, "id", choice->guest_id);
		cJSON_AddBoolToObject(object, "to_guest", choice->is_to_guest);
		cJSON_AddItemToArray(choices, object);
	}
	for (size_t i = 0; i < daemon->n_returns; i++) {
		cJSON *object = cJSON_CreateObject();

		cJSON_AddStringToObject(object, "alias", daemon->returns[i].alias);
		cJSON_AddStringToObject(object, "uuid", daemon->returns[i].uuid);
		cJSON_AddNumberToObject(object, "at", (double)daemon->returns[i].at);
		cJSON_AddItemToArray(returns, object);
	}
	text = cJSON_PrintUnformatted(document);
	cJSON_Delete(document);
	if (text == NULL || file_write(daemon->root, PATH_USB_STATE, text, strlen(text)) < 0)
		log_warning("cannot write " PATH_USB_STATE "; what was asked for by hand is forgotten when this "
			    "daemon ends");
}

static const char *text_of(const cJSON *object, const char *key)
{
	const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));

	return text != NULL ? text : "";
}

static double number_of(const cJSON *object, const char *key, double max)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);

	return cJSON_IsNumber(item) && item->valuedouble >= 0 && item->valuedouble <= max ? item->valuedouble : 0;
}

static void take_choice(struct usbd *daemon, const cJSON *object)
{
	struct usb_choice choice = { 0 };

	if (!uuid_copy(choice.uuid, text_of(object, "uuid")) || text_of(object, "port")[0] == '\0')
		return;
	choice.port = util_copy(text_of(object, "port"));
	choice.serial = util_copy(text_of(object, "serial"));
	choice.vendor = (uint16_t)number_of(object, "vendor", UINT16_MAX);
	choice.product = (uint16_t)number_of(object, "product", UINT16_MAX);
	choice.guest_id = (int)number_of(object, "id", INT32_MAX);
	choice.is_to_guest = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(object, "to_guest"));
	*(struct usb_choice *)util_append(&daemon->choices, &daemon->n_choices, sizeof(choice)) = choice;
}

void usb_choices_read(struct usbd *daemon)
{
	cleanup_free char *text = NULL;
	const cJSON *object;
	cJSON *document;
	size_t length;

	if (file_read(daemon->root, PATH_USB_STATE, STATE_MAX, &text, &length) < 0)
		return;
	document = cJSON_ParseWithLength(text, length);
	cJSON_ArrayForEach(object, cJSON_GetObjectItemCaseSensitive(document, "choices")) take_choice(daemon, object);
	cJSON_ArrayForEach(object, cJSON_GetObjectItemCaseSensitive(document, "returns"))
	{
		struct usb_return back = { .at = (uint64_t)number_of(object, "at", 1e15) };

		if (!uuid_copy(back.uuid, text_of(object, "uuid")))
			continue;
		back.alias = util_copy(text_of(object, "alias"));
		*(struct usb_return *)util_append(&daemon->returns, &daemon->n_returns, sizeof(back)) = back;
	}
	cJSON_Delete(document);
}

static void drop_choice(struct usbd *daemon, size_t i)
{
	usb_choice_free(&daemon->choices[i]);
	daemon->choices[i] = daemon->choices[--daemon->n_choices];
}

static bool drop_of(struct usbd *daemon, const struct usb_device *device)
{
	size_t before = daemon->n_choices;

	for (size_t i = daemon->n_choices; i-- > 0;)
		if (usb_choice_is_of(&daemon->choices[i], device))
			drop_choice(daemon, i);
	return daemon->n_choices != before;
}

void usb_choices_drop(struct usbd *daemon, const struct usb_device *device)
{
	if (drop_of(daemon, device))
		save(daemon);
}

void usb_choices_set(struct usbd *daemon, const struct usb_device *device, const struct usb_guest *guest,
		     bool is_to_guest)
{
	struct usb_choice *choice;

	(void)drop_of(daemon, device);
	choice = util_append(&daemon->choices, &daemon->n_choices, sizeof(*choice));
	choice->port = util_copy(usb_choice_place(device));
	choice->vendor = device->vendor;
	choice->product = device->product;
	choice->serial = util_copy(device->serial);
	memcpy(choice->uuid, guest->uuid, sizeof(choice->uuid));
	choice->guest_id = guest->id;
	choice->is_to_guest = is_to_guest;
	save(daemon);
}

/* Is its guest still in the run for which it was made? Without libvirt nobody knows. */
static bool is_over(const struct usbd *daemon, const char *uuid, int id)
{
	const struct usb_guest *guest = usb_guest_find(daemon->guests, daemon->n_guests, uuid);

	return daemon->virt != NULL && (guest == NULL || (id >= 0 && guest->id != id));
}

/* Returns whether the choice was changed. */
static bool follow(const struct usbd *daemon, struct usb_choice *choice)
{
	const struct usb_device *heir = NULL;

	for (size_t i = 0; i < daemon->inventory.count; i++) {
		const struct usb_device *device = &daemon->inventory.devices[i];

		if (usb_choice_is_of(choice, device)) {
			choice->gone_since = 0;
			return false;
		}
		if (streq(usb_choice_place(device), choice->port) && !device->is_hub)
			heir = device;
	}
	if (heir == NULL || (choice->gone_since != 0 && usb_now() - choice->gone_since > REBIRTH_TIME)) {
		if (choice->gone_since == 0)
			choice->gone_since = usb_now();
		return false;
	}
	choice->vendor = heir->vendor;
	choice->product = heir->product;
	free(choice->serial);
	choice->serial = util_copy(heir->serial);
	choice->gone_since = 0;
	return true;
}

void usb_choices_follow(struct usbd *daemon)
{
	bool is_changed = false;

	for (size_t i = daemon->n_choices; i-- > 0;) {
		if (is_over(daemon, daemon->choices[i].uuid, daemon->choices[i].guest_id)) {
			drop_choice(daemon, i);
			is_changed = true;
		} else if (follow(daemon, &daemon->choices[i])) {
			is_changed = true;
		}
	}
	if (is_changed)
		save(daemon);
}

/* --- ways back -----------------------------------------------------------------------------------------------------
 */

static void drop_return(struct usbd *daemon, size_t i)
{
	free(daemon->returns[i].alias);
	daemon->returns[i] = daemon->returns[--daemon->n_returns];
}

void usb_returns_add(struct usbd *daemon, const char *alias, const char *uuid, uint64_t at)
{
	struct usb_return *back;

	for (size_t i = daemon->n_returns; i-- > 0;)
		if (streq(daemon->returns[i].alias, alias))
			drop_return(daemon, i);
	back = util_append(&daemon->returns, &daemon->n_returns, sizeof(*back));
	back->alias = util_copy(alias);
	back->at = at;
	(void)util_copy_fixed(back->uuid, sizeof(back->uuid), uuid);
	save(daemon);
}

static const struct usb_device *device_of_alias(const struct usbd *daemon, const char *alias)
{
	for (size_t i = 0; i < daemon->inventory.count; i++)
		if (usb_alias_is_of(alias, &daemon->inventory.devices[i]))
			return &daemon->inventory.devices[i];
	return NULL;
}

static void bring_back(struct usbd *daemon, const struct usb_device *device, const struct usb_guest *guest,
		       const char *why)
{
	cleanup_free char *what = usb_device_describe(device);

	log_info("%s: comes back from guest %s: %s", what, guest->name, why);
	usb_choices_set(daemon, device, guest, false);
}

void usb_returns_due(struct usbd *daemon)
{
	const struct usb_world world = usbd_world(daemon);
	bool is_changed = false;

	for (size_t i = daemon->n_returns; i-- > 0;) {
		const struct usb_return *back = &daemon->returns[i];
		const struct usb_guest *guest = usb_guest_find(daemon->guests, daemon->n_guests, back->uuid);
		const struct usb_device *device = device_of_alias(daemon, back->alias);

		if (back->at > usb_now() && device != NULL && !is_over(daemon, back->uuid, -1))
			continue;
		if (guest == NULL && device != NULL && daemon->virt == NULL)
			continue;
		if (guest != NULL && device != NULL && usb_plan_owner(&world, device, NULL) == guest)
			bring_back(daemon, device, guest, "its time is over");
		drop_return(daemon, i);
		is_changed = true;
	}
	if (is_changed)
		save(daemon);
}

void usb_returns_plugged(struct usbd *daemon, const struct usb_rule *rule)
{
	const struct usb_world world = usbd_world(daemon);

	for (size_t i = 0; rule != NULL && i < daemon->inventory.count; i++) {
		const struct usb_device *device = &daemon->inventory.devices[i];
		const struct usb_rule *own = usb_rule_find(daemon->conf.usb, daemon->conf.n_usb, device);
		const struct usb_guest *guest = usb_plan_owner(&world, device, NULL);

		if (guest != NULL && own != NULL && own->return_plug != NULL && streq(own->return_plug, rule->name))
			bring_back(daemon, device, guest, "its way back was plugged in");
	}
}

void usb_choices_free(struct usbd *daemon)
{
	while (daemon->n_choices > 0)
		drop_choice(daemon, 0);
	while (daemon->n_returns > 0)
		drop_return(daemon, 0);
	free(daemon->choices);
	free(daemon->returns);
}
