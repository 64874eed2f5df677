/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/usb/drivers.h"

#include "tests/unit/test.h"
#include "tests/unit/usbtree.h"

#define PROBE "sys/bus/usb/drivers_probe"

TEST(usb_drivers_for_what_has_none)
{
	int root = test_root("");
	cleanup_free char *untouched = NULL, *probed = NULL;

	usbtree_write(root, PROBE, "-");
	usbtree_device(root, "1-4", 5, "1111:0001", "03");
	usbtree_device(root, "1-4.1", 6, "1111:0001", "03");
	usbtree_link(root, USBTREE_HOST "/usb1/1-4/1-4:1.0/driver", "sys/bus/usb/drivers/usbhid");
	usbtree_write(root, "sys/bus/usb/drivers/usbhid/bind", "");
	usb_drivers_probe(root, "1-4");
	untouched = test_read_file(root, PROBE);
	CHECK_STR(untouched, "-");
	usb_drivers_probe(root, "1-4.1");
	probed = test_read_file(root, PROBE);
	CHECK_STR(probed, "1-4.1:1.0");
	usb_drivers_probe(root, "1-7");
}
