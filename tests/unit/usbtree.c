/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/usbtree.h"

#include <stdio.h>

#include "lib/file.h"
#include "tests/unit/test.h"

void usbtree_write(int root, const char *path, const char *text)
{
	CHECK_INT(file_write(root, path, text, strlen(text)), 0);
}

void usbtree_link(int root, const char *path, const char *target)
{
	cleanup_free char *directory = util_copy(path), *up = util_copy(""), *longer = NULL;

	*strrchr(directory, '/') = '\0';
	CHECK_INT(file_make_directories(root, directory), 0);
	for (const char *c = path; *c != '\0'; c++) {
		if (*c != '/')
			continue;
		longer = util_format("../%s", up);
		free(up);
		up = longer;
	}
	longer = util_format("%s%s", up, target);
	CHECK_INT(symlinkat(longer, root, path), 0);
}

char *usbtree_path(const char *name)
{
	char *path = util_format(USBTREE_HOST "/usb%c", starts_with(name, "usb") ? name[3] : name[0]);

	/* Each port of the chain is a directory: 1-4, 1-4.2. */
	for (size_t i = 0; !starts_with(name, "usb") && i <= strlen(name); i++) {
		char *longer;

		if (name[i] != '.' && name[i] != '\0')
			continue;
		longer = util_format("%s/%.*s", path, (int)i, name);
		free(path);
		path = longer;
	}
	return path;
}

static void write_attribute(int root, const char *directory, const char *name, const char *text)
{
	cleanup_free char *path = util_format("%s/%s", directory, name);

	usbtree_write(root, path, text);
}

void usbtree_device(int root, const char *name, unsigned int number, const char *id, const char *interface_class)
{
	cleanup_free char *path = usbtree_path(name), *link = util_format("sys/bus/usb/devices/%s", name);
	cleanup_free char *interface = util_format("%s/%s:1.0", path, name);
	cleanup_free char *interface_link = util_format("sys/bus/usb/devices/%s:1.0", name);
	cleanup_free char *vendor = util_format("%.4s\n", id), *product = util_format("%.4s\n", id + 5);
	cleanup_free char *bus = util_format("%c\n", starts_with(name, "usb") ? name[3] : name[0]);
	cleanup_free char *devnum = util_format("%u\n", number), *class = util_format("%s\n", interface_class);

	write_attribute(root, path, "busnum", bus);
	write_attribute(root, path, "devnum", devnum);
	write_attribute(root, path, "idVendor", vendor);
	write_attribute(root, path, "idProduct", product);
	write_attribute(root, path, "bDeviceClass", streq(interface_class, "09") ? "09\n" : "00\n");
	write_attribute(root, path, "speed", starts_with(name, "usb2") ? "5000\n" : "480\n");
	write_attribute(root, interface, "bInterfaceClass", class);
	usbtree_link(root, link, path);
	usbtree_link(root, interface_link, interface);
}

void usbtree_input(int root, const char *input, const char *below, const char *what)
{
	static const struct {
		const char *word, *key, *rel, *abs;
	} kinds[] = {
		{ "keyboard", "10000 7 ff9f207ac14057ff febeffdfffefffff fffffffffffffffe", "0", "0" },
		{ "mouse", "1f0000 0 0 0 0", "903", "0" },
		{ "tablet", "1f0000 0 0 0 0", "100", "3" },
		{ "touchpad", "e520 10000 0 0 0 0", "0", "2e0800000000003" },
		{ "pen", "1c03 1f0000 0 0 0 0", "0", "1000003" },
		{ "joystick", "f000000000000 0 0 0 0", "0", "3" },
		{ "button", "10000000000000 0", "0", "0" },
	};
	cleanup_free char *path = util_format("%s/input/%s", below, input);
	cleanup_free char *link = util_format("sys/class/input/%s", input);

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (!streq(kinds[i].word, what))
			continue;
		write_attribute(root, path, "capabilities/key", kinds[i].key);
		write_attribute(root, path, "capabilities/rel", kinds[i].rel);
		write_attribute(root, path, "capabilities/abs", kinds[i].abs);
		write_attribute(root, path, "properties", "0\n");
	}
	usbtree_link(root, link, path);
}
