/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the host must not lose, on folders that look like its sysfs. */
#include "hooks/usb/guards.h"

#include <stdio.h>

#include "hooks/usb/inputs.h"
#include "tests/unit/test.h"
#include "tests/unit/usbtree.h"

#define LAST_KEYBOARD                                                                                                  \
	"it is the host's last keyboard; plug in another one, or put 'allow = keyboard' and a 'way-back' into its "    \
	"section of hooks.conf"
#define LAST_POINTER                                                                                                   \
	"it is the host's last pointer; plug in another one, or put 'allow = pointer' and a 'way-back' into its "      \
	"section of hooks.conf"
#define LAST_BOTH                                                                                                      \
	"it is the host's last keyboard and pointer; plug in another one, or put 'allow = keyboard pointer' and a "    \
	"'way-back' into its section of hooks.conf"
#define ROUTE(interface)                                                                                               \
	interface " carries the host's default route; give that another way, or put 'allow = network' into its "       \
		  "section of hooks.conf"

static struct usb_device candidate(const char *name, int class_code)
{
	static char empty[] = "";
	struct usb_device device = { .vendor_name = empty, .product_name = empty, .serial = empty };

	(void)util_copy_fixed(device.name, sizeof(device.name), name);
	device.classes[class_code / 32] |= 1u << (class_code % 32);
	return device;
}

/* The refusal, then "; " and a warning. Owned by the caller. */
static char *check(int root, const struct usb_device *device, unsigned int allow, const char *going)
{
	const struct usb_question question = {
		.device = device, .allow = allow, .guest_uuid = "", .going = &going, .n_going = going != NULL
	};
	struct usb_guards guards;
	char *text;

	usb_guards_check(root, &question, &guards);
	text = util_format("%s%s%s", guards.refusal != NULL ? guards.refusal : "may go",
			   guards.warning != NULL ? " | " : "", guards.warning != NULL ? guards.warning : "");
	usb_guards_free(&guards);
	return text;
}

/* "INPUT KIND PLACE" each: an input device below a USB device of that name, or at one of these other places. */
static void add_inputs(int root, const char *text)
{
	cleanup_free char *copy = util_copy(text);
	char *rest = copy, *line;
	unsigned int n = 0;

	while ((line = strsep(&rest, ",")) != NULL) {
		char *kind = strsep(&line, "@");
		cleanup_free char *input = util_format("input%u", n++), *usb = NULL;
		const char *below = line;

		if (line == NULL)
			break;
		usb = usbtree_path(line);
		if (streq(line, "i8042"))
			below = "sys/devices/platform/i8042/serio0";
		else if (streq(line, "bluetooth"))
			below = "sys/devices/virtual/misc/uhid/0005:046D:B342.0009";
		else if (streq(line, "program"))
			below = "sys/devices/virtual";
		else
			below = usb;
		usbtree_input(root, input, below, kind);
		if (streq(line, "bluetooth")) {
			cleanup_free char *bus = util_format("%s/input/%s/id/bustype", below, input);

			usbtree_write(root, bus, "0005\n");
		}
	}
}

TEST(usb_guard_inputs)
{
	static const struct {
		const char *name, *inputs;
		unsigned int allow;
		const char *going, *expected;
	} cases[] = {
		{ "no input device", "keyboard@1-5", 0, NULL, "may go" },
		{ "the last keyboard", "keyboard@1-4,mouse@1-5", 0, NULL, LAST_KEYBOARD },
		{ "the last pointer", "mouse@1-4,keyboard@1-5", 0, NULL, LAST_POINTER },
		{ "a combined receiver", "keyboard@1-4,mouse@1-4", 0, NULL, LAST_BOTH },
		{ "a combined receiver, another keyboard", "keyboard@1-4,mouse@1-4,keyboard@1-5", 0, NULL,
		  LAST_POINTER },
		{ "a combined receiver is another one", "keyboard@1-4,keyboard@1-5,mouse@1-5", 0, NULL, "may go" },
		{ "i8042 is another one", "keyboard@1-4,keyboard@i8042", 0, NULL, "may go" },
		{ "Bluetooth is another one", "keyboard@1-4,keyboard@bluetooth", 0, NULL, "may go" },
		{ "a program's keyboard is none", "keyboard@1-4,keyboard@program", 0, NULL, LAST_KEYBOARD },
		{ "a power button is no keyboard", "keyboard@1-4,button@i8042", 0, NULL, LAST_KEYBOARD },
		{ "a touchpad is a pointer", "mouse@1-4,touchpad@i8042", 0, NULL, "may go" },
		{ "a pen is none", "mouse@1-4,pen@1-5", 0, NULL, LAST_POINTER },
		{ "a joystick is none", "mouse@1-4,joystick@1-5", 0, NULL, LAST_POINTER },
		{ "a joystick may go", "joystick@1-4", 0, NULL, "may go" },
		{ "an absolute pointer is one", "tablet@1-4", 0, NULL, LAST_POINTER },
		{ "the other one is on its way to a guest", "keyboard@1-4,keyboard@1-5", 0, "1-5", LAST_KEYBOARD },
		{ "a third one", "keyboard@1-4,keyboard@1-5,keyboard@1-6", 0, "1-5", "may go" },
		{ "1-5 is not 1-55", "keyboard@1-4,keyboard@1-55", 0, "1-5", "may go" },
		{ "behind a hub that is not asked for", "keyboard@1-4,keyboard@1-6.4", 0, NULL, "may go" },
		{ "the last keyboard, allowed", "keyboard@1-4", USB_ALLOW_KEYBOARD, NULL, "may go" },
		{ "the wrong thing is allowed", "keyboard@1-4", USB_ALLOW_POINTER | USB_ALLOW_STORAGE, NULL,
		  LAST_KEYBOARD },
		{ "both, one is allowed", "keyboard@1-4,mouse@1-4", USB_ALLOW_KEYBOARD, NULL, LAST_POINTER },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct usb_device device = candidate("1-4", 3);
		int root = test_root("");
		cleanup_free char *got = NULL;

		test_case("%s", cases[i].name);
		add_inputs(root, cases[i].inputs);
		got = check(root, &device, cases[i].allow, cases[i].going);
		CHECK_STR(got, cases[i].expected);
		test_close_roots();
	}
}

/* An adapter takes the keyboards along that come by it, unless there is another one. */
TEST(usb_guard_bluetooth_adapter)
{
	const struct usb_device device = candidate("1-4", 0xe0);
	int root = test_root("");
	cleanup_free char *last = NULL, *other = NULL;

	add_inputs(root, "keyboard@bluetooth");
	usbtree_link(root, "sys/class/bluetooth/hci0", USBTREE_HOST "/usb1/1-4/1-4:1.0/bluetooth/hci0");
	usbtree_link(root, "sys/class/bluetooth/hci0:256", USBTREE_HOST "/usb1/1-4/1-4:1.0/bluetooth/hci0/hci0:256");
	last = check(root, &device, 0, NULL);
	CHECK_STR(last, LAST_KEYBOARD);
	usbtree_link(root, "sys/class/bluetooth/hci1", USBTREE_HOST "/usb1/1-5/1-5:1.0/bluetooth/hci1");
	other = check(root, &device, 0, NULL);
	CHECK_STR(other, "may go");
}

static void add_hidraw(int root, const char *name, const char *number, const char *descriptor, size_t length)
{
	cleanup_free char *path = usbtree_path(name);
	cleanup_free char *hid = util_format("%s/%s:1.1/0003:1050:0407.000%s", path, name, number);
	cleanup_free char *target = util_format("%s/hidraw/hidraw%s", hid, number);
	cleanup_free char *file = util_format("%s/report_descriptor", hid);
	cleanup_free char *device = util_format("%s/device", target);
	cleanup_free char *link = util_format("sys/class/hidraw/hidraw%s", number);

	usbtree_write(root, file, "");
	test_write_file(root, file, descriptor, length);
	usbtree_link(root, device, hid);
	usbtree_link(root, link, target);
}

TEST(usb_guard_security_key)
{
	static const struct {
		const char *name, *descriptor;
		size_t length;
		bool is_key;
	} cases[] = {
		{ "FIDO", "\x06\xd0\xf1\x09\x01\xa1\x01", 7, true },
		{ "FIDO behind another page", "\x05\x01\x06\xd0\xf1", 5, true },
		{ "FIDO behind a long item", "\xfe\x02\x10\xaa\xbb\x06\xd0\xf1", 8, true },
		{ "a mouse", "\x05\x01\x09\x02\xa1\x01", 6, false },
		{ "the same bytes as a value", "\x27\x06\xd0\xf1\x00", 5, false },
		{ "cut", "\x06\xd0", 2, false },
		{ "cut in a long item", "\xfe", 1, false },
		{ "a long item of more than there is", "\xfe\xff\x10", 3, false },
		{ "nothing", "", 0, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct usb_device device = candidate("1-4", 3), keyboard = candidate("1-5", 3);
		int root = test_root("");
		cleanup_free char *got = NULL, *other = NULL;

		test_case("%s", cases[i].name);
		/* It calls itself a keyboard, as most do. */
		add_inputs(root, "keyboard@1-4,keyboard@1-5");
		add_hidraw(root, "1-4", "3", cases[i].descriptor, cases[i].length);
		got = check(root, &device, 0, NULL);
		CHECK_STR(got, cases[i].is_key ? "may go | it is a security key, which the host cannot ask meanwhile"
					       : "may go");
		other = check(root, &keyboard, 0, NULL);
		CHECK_STR(other, cases[i].is_key ? LAST_KEYBOARD : "may go");
		test_close_roots();
	}
}

#define IPV4(interface, to, mask) interface "\t" to "\t0102A8C0\t0003\t0\t0\t100\t" mask "\t0\t0\t0\n"
#define IPV4_HEAD "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
#define ZERO "00000000000000000000000000000000"

TEST(usb_guard_network)
{
	static const struct {
		const char *name, *ipv4, *ipv6;
		unsigned int allow;
		const char *expected;
	} cases[] = {
		{ "no route", "", "", 0, "may go" },
		{ "the default route", IPV4_HEAD IPV4("usb0", "00000000", "00000000"), "", 0, ROUTE("usb0") },
		{ "another one's", IPV4_HEAD IPV4("eth0", "00000000", "00000000"), "", 0, "may go" },
		{ "a route to a net", IPV4_HEAD IPV4("usb0", "0002A8C0", "00FFFFFF"), "", 0, "may go" },
		{ "by a bridge", IPV4_HEAD IPV4("br0", "00000000", "00000000"), "", 0, ROUTE("br0") },
		{ "by IPv6", "", ZERO " 00 " ZERO " 00 " ZERO " 00000400 00000001 00000000 00000003     usb0\n", 0,
		  ROUTE("usb0") },
		{ "no route at all, as the kernel writes it", "",
		  ZERO " 00 " ZERO " 00 " ZERO " ffffffff 00000001 00000000 00200200       lo\n", 0, "may go" },
		{ "allowed", IPV4_HEAD IPV4("usb0", "00000000", "00000000"), "", USB_ALLOW_NETWORK, "may go" },
		{ "lines that are none", "usb0\n\t\t\n\n", "x\n\n", 0, "may go" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct usb_device device = candidate("1-4", 2);
		int root = test_root("");
		cleanup_free char *got = NULL;

		test_case("%s", cases[i].name);
		usbtree_write(root, "proc/net/route", cases[i].ipv4);
		usbtree_write(root, "proc/net/ipv6_route", cases[i].ipv6);
		usbtree_write(root, "sys/devices/pci0000:00/0000:00:19.0/net/eth0/mtu", "1500\n");
		usbtree_link(root, "sys/class/net/eth0", "sys/devices/pci0000:00/0000:00:19.0/net/eth0");
		usbtree_write(root, USBTREE_HOST "/usb1/1-4/1-4:1.0/net/usb0/mtu", "1500\n");
		usbtree_link(root, "sys/class/net/usb0", USBTREE_HOST "/usb1/1-4/1-4:1.0/net/usb0");
		usbtree_write(root, "sys/devices/virtual/net/br0/mtu", "1500\n");
		usbtree_link(root, "sys/devices/virtual/net/br0/lower_eth0",
			     "sys/devices/pci0000:00/0000:00:19.0/net/eth0");
		usbtree_link(root, "sys/devices/virtual/net/br0/lower_usb0", USBTREE_HOST "/usb1/1-4/1-4:1.0/net/usb0");
		usbtree_link(root, "sys/class/net/br0", "sys/devices/virtual/net/br0");
		got = check(root, &device, cases[i].allow, NULL);
		CHECK_STR(got, cases[i].expected);
		test_close_roots();
	}
}

TEST(usb_guard_hubs)
{
	struct usb_device device = candidate("1-4", 9);
	int root = test_root("");
	cleanup_free char *hub = NULL, *root_hub = NULL;

	device.is_hub = true;
	hub = check(root, &device, ~0u, NULL);
	CHECK_STR(hub, "it is a hub; give what is plugged into it");
	device.is_root_hub = true;
	root_hub = check(root, &device, ~0u, NULL);
	CHECK_STR(root_hub, "it is a root hub; give what is plugged into it");
}
