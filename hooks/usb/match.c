/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which rule means which device, and which device a person means. */
#include <stdio.h>

#include "hooks/usb/device.h"
#include "lib/parse.h"
#include "lib/util.h"

/* What a rule that fits is worth. */
enum { WORTH_CLASS = 1, WORTH_ID = 2, WORTH_SERIAL = 4, WORTH_HUB = 8, WORTH_PORT = 1024 };

/* WORTH_PORT: this one; more than WORTH_HUB, the deeper the better: a hub above it; 0: neither. */
static unsigned int match_port(const char *wanted, const char *port)
{
	size_t length = strlen(wanted);

	if (streq(wanted, port) && port[0] != '\0')
		return WORTH_PORT;
	if (!starts_with(port, wanted) || port[length] != '.')
		return 0;
	for (const char *c = wanted; *c != '\0'; c++)
		length += *c == '.';
	return WORTH_HUB * (unsigned int)(length < 100 ? length : 100);
}

static unsigned int match_ports(const char *wanted, const struct usb_device *device)
{
	const char *const ports[] = { device->port, device->port_own, device->port_peer };
	unsigned int best = 0;

	for (size_t i = 0; i < ARRAY_SIZE(ports); i++) {
		unsigned int worth = match_port(wanted, ports[i]);

		best = worth > best ? worth : best;
	}
	return best;
}

static bool has_serial(const struct usb_device *device, const char *serial)
{
	return serial[0] != '\0' && (streq(device->serial, serial) || streq(device->serial_short, serial));
}

unsigned int usb_rule_match(const struct usb_rule *rule, const struct usb_device *device)
{
	unsigned int worth = 0;

	if (rule->is_broken || device->is_root_hub)
		return 0;
	if (rule->port != NULL) {
		worth = match_ports(rule->port, device);
		if (worth == 0)
			return 0;
	}
	if (rule->serial != NULL && !has_serial(device, rule->serial))
		return 0;
	if (rule->has_id && (rule->vendor != device->vendor || rule->product != device->product))
		return 0;
	if (rule->class_code != USB_CLASS_ANY && !usb_device_has_class(device, rule->class_code))
		return 0;
	return worth + (rule->serial != NULL ? WORTH_SERIAL : 0) + (rule->has_id ? WORTH_ID : 0) +
	       (rule->class_code != USB_CLASS_ANY ? WORTH_CLASS : 0);
}

const struct usb_rule *usb_rule_find(const struct usb_rule *rules, size_t n, const struct usb_device *device)
{
	const struct usb_rule *best = NULL;
	unsigned int best_worth = 0;

	for (size_t i = 0; i < n; i++) {
		unsigned int worth = usb_rule_match(&rules[i], device);

		if (worth > best_worth) {
			best = &rules[i];
			best_worth = worth;
		}
	}
	return best;
}

/* --- what a person means --------------------------------------------------------------------------------------- */

/* "001:004", as lsusb shows it. */
static bool parse_address(const char *text, unsigned int *ret_bus, unsigned int *ret_number)
{
	char bus[4] = "";
	uint64_t first, second;

	if (strlen(text) != 7 || text[3] != ':')
		return false;
	memcpy(bus, text, 3);
	if (!parse_number(bus, 10, 999, &first) || !parse_number(text + 4, 10, 999, &second))
		return false;
	*ret_bus = (unsigned int)first;
	*ret_number = (unsigned int)second;
	return true;
}

static bool is_meant(const struct usb_device *device, const char *text)
{
	unsigned int bus, number;
	uint16_t vendor, product;

	if (device->is_root_hub)
		return streq(device->name, text);
	if (usb_rule_parse_id(text, &vendor, &product))
		return device->vendor == vendor && device->product == product;
	if (parse_address(text, &bus, &number))
		return device->bus == bus && device->number == number;
	return streq(device->name, text) || (device->port[0] != '\0' && match_ports(text, device) == WORTH_PORT) ||
	       has_serial(device, text);
}

static const struct usb_rule *find_rule(const struct usb_rule *rules, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (!rules[i].is_broken && streq(rules[i].name, name))
			return &rules[i];
	return NULL;
}

const struct usb_device *usb_find(const struct usb_inventory *inventory, const struct usb_rule *rules, size_t n_rules,
				  const char *text, char **ret_why)
{
	const struct usb_rule *rule = find_rule(rules, n_rules, text);
	const struct usb_device *found = NULL;
	cleanup_free char *shown = util_copy_printable(text);

	*ret_why = NULL;
	for (size_t i = 0; i < inventory->count; i++) {
		const struct usb_device *device = &inventory->devices[i];

		if (rule != NULL ? usb_rule_find(rules, n_rules, device) != rule || device->is_hub
				 : !is_meant(device, text))
			continue;
		if (found != NULL) {
			*ret_why = util_format("'%.80s' means more than one device (%s and %s), name the port", shown,
					       found->name, device->name);
			return NULL;
		}
		found = device;
	}
	if (found == NULL)
		*ret_why = util_format("there is no device '%.80s', see 'vfio-usb list'", shown);
	return found;
}
