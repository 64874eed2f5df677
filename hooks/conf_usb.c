/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/conf_usb.h"

#include "lib/parse.h"
#include "lib/util.h"

/* The standard's names of classes that people hand to guests; the others by number. */
static const struct class_word {
	const char *word;
	int code;
} class_words[] = {
	{ "audio", 0x01 },   { "communication", 0x02 }, { "hid", 0x03 },   { "image", 0x06 },    { "printer", 0x07 },
	{ "storage", 0x08 }, { "smartcard", 0x0b },     { "video", 0x0e }, { "wireless", 0xe0 }, { "vendor", 0xff },
};

static const struct allow_word {
	const char *word;
	unsigned int bit;
} allow_words[] = {
	{ "storage", USB_ALLOW_STORAGE },
	{ "keyboard", USB_ALLOW_KEYBOARD },
	{ "pointer", USB_ALLOW_POINTER },
	{ "network", USB_ALLOW_NETWORK },
};

bool usb_rule_is_port(const char *text)
{
	const char *chain = strrchr(text, ':');
	size_t head = chain != NULL ? (size_t)(chain - text) : 0;

	if (chain == NULL || head < 6 ||
	    strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
			 ":.-_@") != strlen(text))
		return false;
	if (strncmp(chain - 6, "-usb-0", 6) != 0 &&
	    (head < 8 || (strncmp(chain - 8, "-usbv2-0", 8) != 0 && strncmp(chain - 8, "-usbv3-0", 8) != 0)))
		return false;
	for (chain++; *chain >= '1' && *chain <= '9'; chain++) {
		chain += strspn(chain, "0123456789");
		if (*chain != '.')
			return *chain == '\0';
	}
	return false;
}

bool usb_rule_parse_id(const char *text, uint16_t *ret_vendor, uint16_t *ret_product)
{
	char vendor[5] = "", product[5] = "";
	uint64_t first, second;

	if (strlen(text) != 9 || text[4] != ':')
		return false;
	memcpy(vendor, text, 4);
	memcpy(product, text + 5, 4);
	if (strspn(vendor, "0123456789abcdefABCDEF") != 4 || strspn(product, "0123456789abcdefABCDEF") != 4 ||
	    !parse_number(vendor, 16, UINT16_MAX, &first) || !parse_number(product, 16, UINT16_MAX, &second))
		return false;
	*ret_vendor = (uint16_t)first;
	*ret_product = (uint16_t)second;
	return true;
}

/* A section that stands in the file twice is read on, although it does not count. */
static void set_text(char **text, const char *value)
{
	free(*text);
	*text = util_copy(value);
}

/* Each returns NULL, or what was expected. */
typedef const char *set_usb_value(struct usb_rule *rule, char *value);

static const char *set_port(struct usb_rule *rule, char *value)
{
	if (!usb_rule_is_port(value))
		return "a port as 'vfio-usb list' shows it, like pci-0000:00:14.0-usb-0:4 (names like 1-4 change)";
	set_text(&rule->port, value);
	return NULL;
}

static const char *set_id(struct usb_rule *rule, char *value)
{
	rule->has_id = usb_rule_parse_id(value, &rule->vendor, &rule->product);
	return rule->has_id ? NULL : "VENDOR:PRODUCT, four hex digits each";
}

static const char *set_serial(struct usb_rule *rule, char *value)
{
	if (value[0] == '\0')
		return "a serial number as 'vfio-usb list' shows it";
	set_text(&rule->serial, value);
	return NULL;
}

static const char *set_class(struct usb_rule *rule, char *value)
{
	uint64_t code;

	for (size_t i = 0; i < ARRAY_SIZE(class_words); i++) {
		if (streq(value, class_words[i].word)) {
			rule->class_code = class_words[i].code;
			return NULL;
		}
	}
	if (strlen(value) != 2 || !parse_number(value, 16, UINT8_MAX, &code))
		return "audio, communication, hid, image, printer, storage, smartcard, video, wireless, vendor, or two "
		       "hex digits";
	rule->class_code = (int)code;
	return NULL;
}

static const char *set_guest(struct usb_rule *rule, char *value)
{
	if (value[0] == '\0')
		return "the name or the UUID of a guest";
	set_text(&rule->guest, value);
	return NULL;
}

static const char *set_attach(struct usb_rule *rule, char *value)
{
	if (!streq(value, "auto") && !streq(value, "manual"))
		return "auto or manual";
	rule->is_manual = streq(value, "manual");
	return NULL;
}

static const char *set_allow(struct usb_rule *rule, char *value)
{
	char *word;

	while ((word = parse_next_word(&value)) != NULL) {
		unsigned int bit = 0;

		for (size_t i = 0; i < ARRAY_SIZE(allow_words); i++)
			if (streq(word, allow_words[i].word))
				bit = allow_words[i].bit;
		rule->allow |= bit;
		if (bit == 0)
			rule->allow = 0;
		if (bit == 0)
			break;
	}
	return rule->allow != 0 ? NULL : "any of: storage keyboard pointer network";
}

static bool parse_time(char *text, unsigned int *ret)
{
	static const struct {
		char unit;
		unsigned int seconds;
	} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 } };
	size_t length = strlen(text);
	uint64_t value;

	for (size_t i = 0; length > 1 && i < ARRAY_SIZE(units); i++) {
		if (text[length - 1] != units[i].unit)
			continue;
		text[length - 1] = '\0';
		if (!parse_number(text, 10, 7 * 24 * 3600 / units[i].seconds, &value) || value == 0)
			return false;
		*ret = (unsigned int)value * units[i].seconds;
		return true;
	}
	return false;
}

static const char *set_way_back(struct usb_rule *rule, char *value)
{
	static const char expected[] = "a time like 90s, 15m or 2h, or: plug NAME (of a [usb NAME])";

	if (starts_with(value, "plug ")) {
		const char *name = value + 5 + strspn(value + 5, " \t");

		set_text(&rule->return_plug, name);
		return name[0] != '\0' ? NULL : expected;
	}
	return parse_time(value, &rule->return_in) ? NULL : expected;
}

static const struct usb_key {
	const char *name;
	set_usb_value *set;
} usb_keys[] = {
	{ "port", set_port },   { "id", set_id },         { "serial", set_serial }, { "class", set_class },
	{ "guest", set_guest }, { "attach", set_attach }, { "allow", set_allow },   { "way-back", set_way_back },
};

void usb_rule_begin(struct usb_rule *rule, const char *name, unsigned int line)
{
	*rule = (struct usb_rule){ .name = util_copy(name), .class_code = USB_CLASS_ANY, .line = line };
}

void usb_rule_free(struct usb_rule *rule)
{
	free(rule->name);
	free(rule->port);
	free(rule->serial);
	free(rule->guest);
	free(rule->return_plug);
	*rule = (struct usb_rule){ 0 };
}

int usb_rule_find_key(const char *key, const char **ret_expected)
{
	*ret_expected = "port, id, serial, class, guest, attach, allow or way-back";
	for (size_t i = 0; i < ARRAY_SIZE(usb_keys); i++)
		if (streq(key, usb_keys[i].name))
			return (int)i;
	return -1;
}

const char *usb_rule_set(struct usb_rule *rule, size_t index, char *value)
{
	return usb_keys[index].set(rule, value);
}

const char *usb_rule_check(const struct usb_rule *rule, const struct usb_rule *all, size_t n)
{
	bool is_known = rule->return_plug == NULL;

	if (rule->port == NULL && !rule->has_id && rule->serial == NULL && rule->class_code == USB_CLASS_ANY)
		return "it says nothing of the device, expected port, id, serial or class";
	if ((rule->allow & (USB_ALLOW_KEYBOARD | USB_ALLOW_POINTER)) != 0 && rule->return_in == 0 &&
	    rule->return_plug == NULL)
		return "'allow' of the last keyboard or pointer needs 'way-back'";
	for (size_t i = 0; i < n; i++)
		is_known = is_known || (&all[i] != rule && !all[i].is_broken && streq(all[i].name, rule->return_plug));
	return is_known ? NULL : "'way-back' names no other [usb NAME] that is used";
}
