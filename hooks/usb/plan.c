/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/usb/plan.h"

#include <inttypes.h>
#include <strings.h>

#include "lib/util.h"

#define ALIAS_PREFIX "ua-vfiokit-"

char *usb_alias_format(const struct usb_device *device)
{
	return util_format(ALIAS_PREFIX "%03u-%03u-%" PRIx64, device->bus, device->number, device->plugged);
}

bool usb_alias_is_ours(const char *alias)
{
	return starts_with(alias, ALIAS_PREFIX);
}

bool usb_alias_is_of(const char *alias, const struct usb_device *device)
{
	cleanup_free char *own = usb_alias_format(device);

	return streq(alias, own);
}

bool usb_guest_is(const struct usb_guest *guest, const char *name_or_uuid)
{
	return streq(guest->name, name_or_uuid) || strcasecmp(guest->uuid, name_or_uuid) == 0;
}

const struct usb_guest *usb_guest_find(const struct usb_guest *guests, size_t n, const char *name_or_uuid)
{
	for (size_t i = 0; i < n; i++)
		if (usb_guest_is(&guests[i], name_or_uuid))
			return &guests[i];
	return NULL;
}

void usb_guest_free(struct usb_guest *guest)
{
	for (size_t i = 0; i < guest->n_hostdevs; i++)
		free(guest->hostdevs[i].alias);
	free(guest->hostdevs);
	free(guest->name);
	*guest = (struct usb_guest){ 0 };
}

const char *usb_choice_place(const struct usb_device *device)
{
	return device->port[0] != '\0' ? device->port : device->name;
}

bool usb_choice_is_of(const struct usb_choice *choice, const struct usb_device *device)
{
	return streq(choice->port, usb_choice_place(device)) && choice->vendor == device->vendor &&
	       choice->product == device->product && streq(choice->serial, device->serial);
}

void usb_choice_free(struct usb_choice *choice)
{
	free(choice->port);
	free(choice->serial);
	*choice = (struct usb_choice){ 0 };
}

/* A choice counts for the run of the guest for which it was made. */
static const struct usb_guest *guest_of_choice(const struct usb_world *world, const struct usb_choice *choice)
{
	for (size_t i = 0; i < world->n_guests; i++)
		if (streq(world->guests[i].uuid, choice->uuid) && world->guests[i].id == choice->guest_id)
			return &world->guests[i];
	return NULL;
}

const struct usb_guest *usb_plan_wanted(const struct usb_world *world, const struct usb_device *device,
					const char **ret_reason)
{
	const struct usb_rule *rule = usb_rule_find(world->rules, world->n_rules, device);
	const char *reason = "the policy gives it to no running guest";
	const struct usb_guest *guest = NULL;

	if (rule != NULL && rule->guest != NULL && !rule->is_manual) {
		guest = usb_guest_find(world->guests, world->n_guests, rule->guest);
		reason = guest != NULL ? rule->name : reason;
	}
	for (size_t i = 0; i < world->n_choices; i++) {
		const struct usb_choice *choice = &world->choices[i];
		const struct usb_guest *chosen = usb_choice_is_of(choice, device) ? guest_of_choice(world, choice)
										  : NULL;

		if (chosen != NULL && choice->is_to_guest) {
			guest = chosen;
			reason = "as asked for";
			break;
		}
		if (chosen != NULL && chosen == guest) {
			guest = NULL;
			reason = "as asked for";
		}
	}
	if (ret_reason != NULL)
		*ret_reason = reason;
	return guest;
}

/* Is that hostdev this device, and not an earlier one of its number? Whoever else attached it gives no sign of that. */
static bool is_hostdev_of(const struct usb_hostdev *hostdev, const struct usb_device *device)
{
	return hostdev->bus == device->bus && hostdev->number == device->number &&
	       (!usb_alias_is_ours(hostdev->alias) || usb_alias_is_of(hostdev->alias, device));
}

const struct usb_guest *usb_plan_owner(const struct usb_world *world, const struct usb_device *device,
				       bool *ret_is_ours)
{
	for (size_t i = 0; i < world->n_guests; i++) {
		const struct usb_guest *guest = &world->guests[i];

		for (size_t k = 0; k < guest->n_hostdevs; k++) {
			if (!is_hostdev_of(&guest->hostdevs[k], device))
				continue;
			if (ret_is_ours != NULL)
				*ret_is_ours = usb_alias_is_ours(guest->hostdevs[k].alias);
			return guest;
		}
	}
	return NULL;
}

/* Does any guest still have something at this number, whatever it was? */
static bool is_number_taken(const struct usb_world *world, const struct usb_device *device)
{
	for (size_t i = 0; i < world->n_guests; i++)
		for (size_t k = 0; k < world->guests[i].n_hostdevs; k++)
			if (world->guests[i].hostdevs[k].bus == device->bus &&
			    world->guests[i].hostdevs[k].number == device->number)
				return true;
	return false;
}

static const struct usb_device *device_of(const struct usb_world *world, const struct usb_hostdev *hostdev)
{
	for (size_t i = 0; i < world->inventory->count; i++)
		if (is_hostdev_of(hostdev, &world->inventory->devices[i]))
			return &world->inventory->devices[i];
	return NULL;
}

static void add(struct usb_actions *actions, const struct usb_action *action)
{
	*(struct usb_action *)util_append(&actions->items, &actions->count, sizeof(*action)) = *action;
}

static void plan_detaches(const struct usb_world *world, const struct usb_guest *guest, struct usb_actions *actions)
{
	for (size_t i = 0; guest->is_known && i < guest->n_hostdevs; i++) {
		const struct usb_hostdev *hostdev = &guest->hostdevs[i];
		const struct usb_device *device = device_of(world, hostdev);
		struct usb_action action = { .kind = USB_DETACH,
					     .guest = guest,
					     .device = device,
					     .alias = hostdev->alias,
					     .reason = "it is unplugged" };

		if (!usb_alias_is_ours(hostdev->alias) ||
		    (device != NULL && usb_plan_wanted(world, device, &action.reason) == guest))
			continue;
		add(actions, &action);
	}
}

static void plan_attach(const struct usb_world *world, const struct usb_device *device, struct usb_actions *actions)
{
	struct usb_action action = { .kind = USB_ATTACH, .device = device };
	bool is_ours = false;

	if (!device->is_ready || device->is_hub)
		return;
	action.guest = usb_plan_wanted(world, device, &action.reason);
	action.rule = usb_rule_find(world->rules, world->n_rules, device);
	if (action.guest == NULL || !action.guest->is_known)
		return;
	if (is_number_taken(world, device)) {
		action.kind = USB_HELD;
		action.holder = usb_plan_owner(world, device, &is_ours);
		if (action.holder == NULL || action.holder == action.guest || is_ours)
			return;
	}
	add(actions, &action);
}

void usb_plan(const struct usb_world *world, struct usb_actions *ret)
{
	*ret = (struct usb_actions){ 0 };
	for (size_t i = 0; i < world->n_guests; i++)
		plan_detaches(world, &world->guests[i], ret);
	for (size_t i = 0; i < world->inventory->count; i++)
		plan_attach(world, &world->inventory->devices[i], ret);
}
