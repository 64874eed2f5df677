/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/usb/device.h"

#include <stdio.h>

#include "lib/file.h"
#include "lib/parse.h"
#include "lib/paths.h"
#include "lib/sysfs.h"
#include "lib/util.h"

/* SuperSpeed begins here: what "speed" of a root hub says in Mbit/s. */
#define SPEED_USB3 5000

/* Reads an attribute of the device, "" if there is none. */
static void read_text(int root, const char *name, const char *attribute, char *buffer, size_t size)
{
	cleanup_free char *path = util_format(PATH_USB_DEVICES "/%s/%s", name, attribute);

	if (sysfs_read(root, path, buffer, size) < 0)
		buffer[0] = '\0';
}

static bool read_number(int root, const char *name, const char *attribute, unsigned int base, unsigned int *ret)
{
	char text[32];
	uint64_t value;

	read_text(root, name, attribute, text, sizeof(text));
	/* A bus's speed may be "1.5". */
	text[strcspn(text, ".")] = '\0';
	if (!parse_number(text + strspn(text, " "), base, UINT32_MAX, &value))
		return false;
	*ret = (unsigned int)value;
	return true;
}

/* What the device says, without anything that a terminal, a shell or a journal could take for more than text. */
static char *read_words(int root, const char *name, const char *attribute)
{
	char text[SYSFS_VALUE_SIZE];
	cleanup_free char *printable = NULL;

	read_text(root, name, attribute, text, sizeof(text));
	printable = util_copy_printable(text + strspn(text, " \t"));
	if (strlen(printable) > USB_TEXT_MAX)
		printable[USB_TEXT_MAX] = '\0';
	for (size_t length = strlen(printable); length > 0 && printable[length - 1] == ' '; length--)
		printable[length - 1] = '\0';
	return util_copy(printable);
}

static void add_class(struct usb_device *device, unsigned int code)
{
	if (code <= UINT8_MAX)
		device->classes[code / 32] |= 1u << (code % 32);
}

/* Interfaces are folders below the device: "1-4:1.0". Returns whether there is one: the device is configured. */
static bool read_interfaces(int root, struct usb_device *device)
{
	cleanup_free char *path = util_format(PATH_USB_DEVICES "/%s", device->name);
	DIR *directory = file_open_directory(root, path);
	const struct dirent *entry;
	bool found = false;
	unsigned int code;

	while (directory != NULL && (entry = readdir(directory)) != NULL) {
		if (strchr(entry->d_name, ':') == NULL ||
		    !read_number(root, entry->d_name, "bInterfaceClass", 16, &code))
			continue;
		add_class(device, code);
		found = true;
	}
	if (directory != NULL)
		closedir(directory);
	return found;
}

/* The chain of ports in a name of the kernel: "1-4.2" is "4.2", the port "usb2-port4" is "4", "2-4-port1" is "4.1". */
static void chain_of(const char *name, char *ret, size_t size)
{
	const char *dash = strchr(name, '-'), *port = strstr(name, "-port");

	ret[0] = '\0';
	if (dash == NULL)
		return;
	if (port == NULL)
		snprintf(ret, size, "%s", dash + 1);
	else if (port == dash)
		snprintf(ret, size, "%s", port + strlen("-port"));
	else
		snprintf(ret, size, "%.*s.%s", (int)(port - dash - 1), dash + 1, port + strlen("-port"));
}

static void read_parent(struct usb_device *device)
{
	char *end;

	if (device->is_root_hub)
		return;
	memcpy(device->parent, device->name, sizeof(device->parent));
	end = strrchr(device->parent, '.');
	if (end != NULL)
		*end = '\0';
	else
		snprintf(device->parent, sizeof(device->parent), "usb%u", device->bus);
}

/*
 * udev's ID_PATH gives the two ports of a USB 3 connector the numbers that they have on their own root hubs, which need
 * not be equal, and says not of which bus they are. So the USB 2 number, which is one of the connector, is taken.
 */
static void read_ports(int root, struct usb_device *device, const char *id_path)
{
	cleanup_free char *link = util_format(PATH_USB_DEVICES "/%s/port/peer", device->name);
	char own[USB_NAME_SIZE], peer[USB_NAME_SIZE] = "", target[SYSFS_NAME_SIZE], bus[USB_NAME_SIZE];
	size_t head = id_path != NULL && usb_rule_is_port(id_path) ? strlen(id_path) : 0;
	unsigned int speed = 0;
	bool is_usb3;

	device->port = device->port_own = device->port_peer = NULL;
	while (head > 0 && !starts_with(id_path + head, "-usb"))
		head--;
	if (head > 0) {
		chain_of(device->name, own, sizeof(own));
		if (sysfs_read_link_name(root, link, target, sizeof(target)) == 0)
			chain_of(target, peer, sizeof(peer));
		snprintf(bus, sizeof(bus), "usb%u", device->bus);
		(void)read_number(root, bus, "speed", 10, &speed);
		is_usb3 = speed >= SPEED_USB3;
		device->port = util_format("%.*s-usb-0:%s", (int)head, id_path,
					   is_usb3 && peer[0] != '\0' ? peer : own);
		device->port_own = util_format("%.*s-usbv%c-0:%s", (int)head, id_path, is_usb3 ? '3' : '2', own);
		if (peer[0] != '\0')
			device->port_peer = util_format("%.*s-usbv%c-0:%s", (int)head, id_path, is_usb3 ? '2' : '3',
							peer);
	}
	if (device->port == NULL)
		device->port = util_copy("");
	if (device->port_own == NULL)
		device->port_own = util_copy("");
	if (device->port_peer == NULL)
		device->port_peer = util_copy("");
}

static char *property(const struct usb_properties *properties, const char *name, const char *key)
{
	return properties->get(properties->context, name, key);
}

/* udev's database has better names than most devices. Both may carry what the device says. */
static char *read_label(int root, const struct usb_properties *properties, const char *name, const char *key,
			const char *attribute)
{
	cleanup_free char *known = property(properties, name, key);

	if (known == NULL || known[0] == '\0' || strlen(known) > USB_TEXT_MAX)
		return read_words(root, name, attribute);
	return util_copy_printable(known);
}

static void read_strings(int root, const struct usb_properties *properties, struct usb_device *device)
{
	cleanup_free char *id_path = property(properties, device->name, "ID_PATH");
	cleanup_free char *serial = property(properties, device->name, "ID_SERIAL_SHORT");

	read_ports(root, device, id_path);
	device->vendor_name = read_label(root, properties, device->name, "ID_VENDOR_FROM_DATABASE", "manufacturer");
	device->product_name = read_label(root, properties, device->name, "ID_MODEL_FROM_DATABASE", "product");
	device->serial = read_words(root, device->name, "serial");
	device->serial_short = util_copy_printable(serial != NULL && strlen(serial) <= USB_TEXT_MAX ? serial : "");
}

/* False if it is no device, or gone. */
static bool read_device(int root, const struct usb_properties *properties, const char *name, struct usb_device *ret)
{
	struct usb_device device = { 0 };
	unsigned int vendor, product, code = 0;
	cleanup_free char *plugged = NULL;

	if (!util_copy_fixed(device.name, sizeof(device.name), name) || strchr(name, ':') != NULL ||
	    !read_number(root, name, "busnum", 10, &device.bus) ||
	    !read_number(root, name, "devnum", 10, &device.number) ||
	    !read_number(root, name, "idVendor", 16, &vendor) || !read_number(root, name, "idProduct", 16, &product))
		return false;
	device.vendor = (uint16_t)vendor;
	device.product = (uint16_t)product;
	device.is_root_hub = starts_with(name, "usb");
	if (read_number(root, name, "bDeviceClass", 16, &code))
		add_class(&device, code);
	device.is_hub = code == USB_CLASS_HUB || device.is_root_hub;
	read_parent(&device);
	plugged = property(properties, name, "USEC_INITIALIZED");
	device.is_ready = read_interfaces(root, &device) && plugged != NULL &&
			  parse_number(plugged, 10, INT64_MAX, &device.plugged);
	read_strings(root, properties, &device);
	*ret = device;
	return true;
}

/* By bus, then by each port of the chain; a root hub first. */
static int compare_devices(const void *a, const void *b)
{
	const struct usb_device *first = a, *second = b;

	if (first->bus != second->bus)
		return first->bus < second->bus ? -1 : 1;
	if (first->is_root_hub != second->is_root_hub)
		return first->is_root_hub ? -1 : 1;
	return strverscmp(first->name, second->name);
}

void usb_inventory_read(struct usb_inventory *inventory, int root, const struct usb_properties *properties)
{
	DIR *directory = file_open_directory(root, PATH_USB_DEVICES);
	const struct dirent *entry;
	struct usb_device device;

	*inventory = (struct usb_inventory){ 0 };
	while (directory != NULL && inventory->count < USB_DEVICES_MAX && (entry = readdir(directory)) != NULL) {
		if (entry->d_name[0] == '.' || !read_device(root, properties, entry->d_name, &device))
			continue;
		*(struct usb_device *)util_append(&inventory->devices, &inventory->count, sizeof(device)) = device;
	}
	if (directory != NULL)
		closedir(directory);
	if (inventory->count > 0)
		qsort(inventory->devices, inventory->count, sizeof(device), compare_devices);
}

static void remove_device(struct usb_inventory *inventory, size_t i)
{
	usb_device_free(&inventory->devices[i]);
	inventory->count--;
	memmove(&inventory->devices[i], &inventory->devices[i + 1],
		(inventory->count - i) * sizeof(inventory->devices[0]));
}

bool usb_inventory_renew(struct usb_inventory *inventory, int root, const struct usb_properties *properties,
			 const char *name)
{
	bool is_there, is_new = true;
	struct usb_device device;
	size_t i = 0;

	is_there = read_device(root, properties, name, &device);
	while (i < inventory->count && !streq(inventory->devices[i].name, name))
		i++;
	if (i < inventory->count) {
		is_new = is_there && (inventory->devices[i].number != device.number ||
				      inventory->devices[i].plugged != device.plugged);
		remove_device(inventory, i);
	}
	if (!is_there || inventory->count == USB_DEVICES_MAX) {
		if (is_there)
			usb_device_free(&device);
		return false;
	}
	*(struct usb_device *)util_append(&inventory->devices, &inventory->count, sizeof(device)) = device;
	qsort(inventory->devices, inventory->count, sizeof(device), compare_devices);
	return is_new;
}

void usb_device_copy(const struct usb_device *device, struct usb_device *ret)
{
	*ret = *device;
	ret->vendor_name = util_copy(device->vendor_name);
	ret->product_name = util_copy(device->product_name);
	ret->serial = util_copy(device->serial);
	ret->serial_short = util_copy(device->serial_short);
	ret->port = util_copy(device->port);
	ret->port_own = util_copy(device->port_own);
	ret->port_peer = util_copy(device->port_peer);
}

void usb_device_free(struct usb_device *device)
{
	free(device->vendor_name);
	free(device->product_name);
	free(device->serial);
	free(device->serial_short);
	free(device->port);
	free(device->port_own);
	free(device->port_peer);
	*device = (struct usb_device){ 0 };
}

void usb_inventory_free(struct usb_inventory *inventory)
{
	for (size_t i = 0; i < inventory->count; i++)
		usb_device_free(&inventory->devices[i]);
	free(inventory->devices);
	*inventory = (struct usb_inventory){ 0 };
}

const struct usb_device *usb_inventory_find(const struct usb_inventory *inventory, const char *name)
{
	for (size_t i = 0; i < inventory->count; i++)
		if (streq(inventory->devices[i].name, name))
			return &inventory->devices[i];
	return NULL;
}

bool usb_device_has_class(const struct usb_device *device, int class_code)
{
	return class_code >= 0 && class_code <= UINT8_MAX &&
	       (device->classes[class_code / 32] & (1u << (class_code % 32))) != 0;
}

char *usb_device_describe(const struct usb_device *device)
{
	return util_format("%s %04x:%04x%s%s%s%s", device->name, device->vendor, device->product,
			   device->vendor_name[0] != '\0' ? " " : "", device->vendor_name,
			   device->product_name[0] != '\0' ? " " : "", device->product_name);
}
