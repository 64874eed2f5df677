/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is read of devices, which rule means them, and which a person means. */
#include "hooks/usb/device.h"

#include <stdio.h>

#include "tests/unit/test.h"
#include "tests/unit/usbtree.h"

/* What udev would say: the path of the controller, and the chain of the name. */
static char *fake_property(void *context, const char *name, const char *key)
{
	const char *controller = context;

	if (streq(key, "USEC_INITIALIZED"))
		return starts_with(name, "1-9") ? NULL : util_copy("1000");
	if (streq(key, "ID_PATH") && controller != NULL && strchr(name, '-') != NULL)
		return util_format("%s-usb-0:%s", controller, strchr(name, '-') + 1);
	if (streq(key, "ID_SERIAL_SHORT") && streq(name, "1-4"))
		return util_copy("A_B");
	return NULL;
}

static void read_tree(struct usb_inventory *inventory, int root, const char *controller)
{
	char copy[64] = "";
	const struct usb_properties properties = { fake_property, controller != NULL ? copy : NULL };

	if (controller != NULL)
		(void)util_copy_fixed(copy, sizeof(copy), controller);
	usb_inventory_read(inventory, root, &properties);
}

static void write_of(int root, const char *name, const char *attribute, const char *text)
{
	cleanup_free char *path = util_format("sys/bus/usb/devices/%s/%s", name, attribute);

	usbtree_write(root, path, text);
}

TEST(usb_inventory)
{
	int root = test_root("");
	struct usb_inventory inventory;
	cleanup_free char *got = NULL;

	usbtree_device(root, "usb1", 1, "1d6b:0002", "09");
	usbtree_device(root, "1-10", 7, "1111:0001", "03");
	usbtree_device(root, "1-4", 5, "0409:005a", "09");
	usbtree_device(root, "1-4.2", 6, "2222:0002", "08");
	usbtree_device(root, "1-9", 8, "2222:0002", "08");
	read_tree(&inventory, root, "pci-0000:00:14.0");
	for (size_t i = 0; i < inventory.count; i++) {
		const struct usb_device *device = &inventory.devices[i];

		test_append(&got, "%s<%s %u:%u %04x:%04x %s%s%s %d%d;", device->name, device->parent, device->bus,
			    device->number, device->vendor, device->product, device->port, device->is_hub ? " hub" : "",
			    device->is_ready ? "" : " new", usb_device_has_class(device, 3),
			    usb_device_has_class(device, 8));
	}
	CHECK_STR(got, "usb1< 1:1 1d6b:0002  hub 00;1-4<usb1 1:5 0409:005a pci-0000:00:14.0-usb-0:4 hub 00;"
		       "1-4.2<1-4 1:6 2222:0002 pci-0000:00:14.0-usb-0:4.2 01;1-9<usb1 1:8 2222:0002 "
		       "pci-0000:00:14.0-usb-0:9 new 01;1-10<usb1 1:7 1111:0001 pci-0000:00:14.0-usb-0:10 10;");
	usb_inventory_free(&inventory);
}

/* What a device says of itself reaches nobody but as printable ASCII of a bounded length. */
TEST(usb_hostile_strings)
{
	static const struct {
		const char *text, *expected;
	} cases[] = {
		{ "Mouse\n", "Mouse" },
		{ "\033]0;owned\a\033[31m", "?]0;owned??[31m" },
		{ "$(reboot)`reboot`;'\"\\", "$(reboot)`reboot`;'\"\\" },
		{ "a\nb\rc\td", "a?b?c?d" },
		{ "\xc3\xa4\xff\xfe", "????" },
		{ "\xe2\x80\xae"
		  "evil",
		  "???evil" },
		{ "   ", "" },
		{ "  two  words  ", "two  words" },
		{ "%s%n%x", "%s%n%x" },
		{ "\x7f\x01", "??" },
	};
	cleanup_free char *longest = util_alloc(4001);

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int root = test_root("");
		struct usb_inventory inventory;

		test_case("%zu", i);
		usbtree_device(root, "1-4", 5, "1111:0001", "03");
		write_of(root, "1-4", "manufacturer", cases[i].text);
		write_of(root, "1-4", "product", cases[i].text);
		write_of(root, "1-4", "serial", cases[i].text);
		read_tree(&inventory, root, NULL);
		CHECK_INT(inventory.count, 1);
		CHECK_STR(inventory.devices[0].vendor_name, cases[i].expected);
		CHECK_STR(inventory.devices[0].product_name, cases[i].expected);
		CHECK_STR(inventory.devices[0].serial, cases[i].expected);
		usb_inventory_free(&inventory);
		test_close_roots();
	}
	memset(longest, 'x', 4000);
	for (size_t i = 0; i < 1; i++) {
		int root = test_root("");
		struct usb_inventory inventory;

		usbtree_device(root, "1-4", 5, "1111:0001", "03");
		write_of(root, "1-4", "serial", longest);
		read_tree(&inventory, root, NULL);
		CHECK_INT(strlen(inventory.devices[0].serial), USB_TEXT_MAX);
		usb_inventory_free(&inventory);
	}
}

/* Attributes that are not what the kernel writes: the device is left out, or is not ready. */
TEST(usb_odd_devices)
{
	static const struct {
		const char *attribute, *text;
		size_t count;
	} cases[] = {
		{ "busnum", "", 0 },      { "busnum", "-1", 0 },  { "devnum", "99999999999999999999", 0 },
		{ "idVendor", "xyz", 0 }, { "idProduct", "", 0 }, { "bDeviceClass", "zz", 1 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int root = test_root("");
		struct usb_inventory inventory;

		test_case("%s='%s'", cases[i].attribute, cases[i].text);
		usbtree_device(root, "1-4", 5, "1111:0001", "03");
		write_of(root, "1-4", cases[i].attribute, cases[i].text);
		read_tree(&inventory, root, "no port at all");
		CHECK_INT(inventory.count, cases[i].count);
		if (inventory.count > 0)
			CHECK_STR(inventory.devices[0].port, "");
		usb_inventory_free(&inventory);
		test_close_roots();
	}
}

/*
 * A connector whose USB 2 port is 4 and whose USB 3 port is 1, and one of 1 and 4: udev calls all four by two names. A
 * hub behind the first is there twice, too.
 */
static void make_connectors(int root)
{
	usbtree_device(root, "usb1", 1, "1d6b:0002", "09");
	usbtree_device(root, "usb2", 1, "1d6b:0003", "09");
	usbtree_device(root, "2-1", 2, "1111:0003", "08");
	usbtree_device(root, "1-1", 2, "1111:0002", "03");
	usbtree_device(root, "2-4.1", 5, "2222:0003", "08");
	usbtree_link(root, "sys/bus/usb/devices/2-1/port/peer", USBTREE_HOST "/usb1/1-0:1.0/usb1-port4");
	usbtree_link(root, "sys/bus/usb/devices/1-1/port/peer", USBTREE_HOST "/usb2/2-0:1.0/usb2-port4");
	usbtree_link(root, "sys/bus/usb/devices/2-4.1/port/peer", USBTREE_HOST "/usb1/1-1/1-1:1.0/1-1-port3");
}

TEST(usb_two_ports_of_one_connector)
{
	static const struct {
		const char *name, *port, *own, *peer;
	} cases[] = {
		{ "2-1", "c-usb-0:4", "c-usbv3-0:1", "c-usbv2-0:4" },
		{ "1-1", "c-usb-0:1", "c-usbv2-0:1", "c-usbv3-0:4" },
		{ "2-4.1", "c-usb-0:1.3", "c-usbv3-0:4.1", "c-usbv2-0:1.3" },
	};
	int root = test_root("");
	struct usb_inventory inventory;

	make_connectors(root);
	read_tree(&inventory, root, "c");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct usb_device *device = usb_inventory_find(&inventory, cases[i].name);

		test_case("%s", cases[i].name);
		CHECK_STR(device->port, cases[i].port);
		CHECK_STR(device->port_own, cases[i].own);
		CHECK_STR(device->port_peer, cases[i].peer);
	}
	usb_inventory_free(&inventory);
}

static char port_of_rule[32];

TEST(usb_rules_by_port)
{
	static const struct {
		const char *port, *devices; /* that it means */
	} cases[] = {
		{ "c-usb-0:4", "2-1 " },     { "c-usb-0:1", "1-1 2-4.1 " },
		{ "c-usb-0:1.3", "2-4.1 " }, { "c-usbv3-0:4", "1-1 2-4.1 " },
		{ "c-usbv2-0:4", "2-1 " },   { "c-usbv3-0:1", "2-1 " },
		{ "c-usb-0:2", "" },         { "d-usb-0:4", "" },
	};
	int root = test_root("");
	struct usb_inventory inventory;

	make_connectors(root);
	read_tree(&inventory, root, "c");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct usb_rule rule = { .port = port_of_rule, .class_code = USB_CLASS_ANY };
		cleanup_free char *got = util_copy("");

		test_case("%s", cases[i].port);
		(void)util_copy_fixed(port_of_rule, sizeof(port_of_rule), cases[i].port);
		for (size_t k = 0; k < inventory.count; k++)
			if (usb_rule_match(&rule, &inventory.devices[k]) > 0)
				test_append(&got, "%s ", inventory.devices[k].name);
		CHECK_STR(got, cases[i].devices);
	}
	usb_inventory_free(&inventory);
}

TEST(usb_what_a_person_means)
{
	static const struct {
		const char *text, *expected;
	} cases[] = {
		{ "1-4", "1-4" },
		{ "001:005", "1-4" },
		{ "c-usb-0:4", "1-4" },
		{ "1111:0001", "1-4" },
		{ "A_B", "1-4" },
		{ "A B", "1-4" },
		{ "mine", "1-5" },
		{ "usb1", "usb1" },
		{ "2222:0002", "'2222:0002' means more than one device (1-5 and 1-6), name the port" },
		{ "both", "'both' means more than one device (1-5 and 1-6), name the port" },
		{ "1-40", "there is no device '1-40', see 'vfio-usb list'" },
		{ "1:5", "there is no device '1:5', see 'vfio-usb list'" },
		{ "\033[31m", "there is no device '?[31m', see 'vfio-usb list'" },
		{ "", "there is no device '', see 'vfio-usb list'" },
	};
	char mine[] = "mine", both[] = "both", port[] = "c-usb-0:5";
	const struct usb_rule rules[] = {
		{ .name = mine, .port = port, .class_code = USB_CLASS_ANY },
	};
	const struct usb_rule by_id[] = {
		{ .name = both, .has_id = true, .vendor = 0x2222, .product = 2, .class_code = USB_CLASS_ANY },
	};
	int root = test_root("");
	struct usb_inventory inventory;

	usbtree_device(root, "usb1", 1, "1d6b:0002", "09");
	usbtree_device(root, "1-4", 5, "1111:0001", "03");
	usbtree_device(root, "1-5", 6, "2222:0002", "03");
	usbtree_device(root, "1-6", 7, "2222:0002", "03");
	write_of(root, "1-4", "serial", "A B\n");
	read_tree(&inventory, root, "c");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_free char *why = NULL;
		const struct usb_device *device = usb_find(&inventory, streq(cases[i].text, "both") ? by_id : rules, 1,
							   cases[i].text, &why);

		test_case("'%s'", cases[i].text);
		CHECK_STR(device != NULL ? device->name : why, cases[i].expected);
	}
	usb_inventory_free(&inventory);
}
