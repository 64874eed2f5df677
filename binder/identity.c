/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "binder/identity.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>

#include "lib/parse.h"
#include "lib/paths.h"
#include "lib/sysfs.h"

/* "10DE:13C2" */
static bool parse_id_pair(const char *text, uint16_t *ret_a, uint16_t *ret_b)
{
	char copy[16], *colon;
	uint64_t a, b;

	if (!util_copy_fixed(copy, sizeof(copy), text))
		return false;
	colon = strchr(copy, ':');
	if (colon == NULL)
		return false;
	*colon++ = '\0';
	if (!parse_number(copy, 16, UINT16_MAX, &a) || !parse_number(colon, 16, UINT16_MAX, &b))
		return false;
	*ret_a = (uint16_t)a;
	*ret_b = (uint16_t)b;
	return true;
}

/* The uevent file holds class, ids and driver; its hex is upper case without leading zeros (Linux 6.1, 6.12). */
static bool parse_uevent(struct device *device, char *text)
{
	bool has_class = false, has_id = false;
	char *line, *next;
	uint64_t class;

	for (line = text; line != NULL; line = next) {
		next = strchr(line, '\n');
		if (next != NULL)
			*next++ = '\0';
		if (starts_with(line, "DRIVER=")) {
			free(device->driver);
			device->driver = util_copy_printable(line + strlen("DRIVER="));
		} else if (starts_with(line, "PCI_CLASS=")) {
			has_class = parse_number(line + strlen("PCI_CLASS="), 16, 0xffffff, &class);
			if (has_class)
				device->class = (uint32_t) class;
		} else if (starts_with(line, "PCI_ID=")) {
			has_id = parse_id_pair(line + strlen("PCI_ID="), &device->vendor, &device->device);
		} else if (starts_with(line, "PCI_SUBSYS_ID=")) {
			if (!parse_id_pair(line + strlen("PCI_SUBSYS_ID="), &device->subvendor, &device->subdevice))
				return false;
		}
	}
	return has_class && has_id && (device->driver == NULL || strlen(device->driver) < SYSFS_NAME_SIZE);
}

/* Takes one field of a modalias: a letter or two, then digits in hex. Returns what follows, or NULL. */
static const char *take_field(const char *text, const char *letters, int digits, uint32_t *ret)
{
	uint32_t value = 0;

	if (text == NULL || !starts_with(text, letters))
		return NULL;
	text += strlen(letters);
	for (int i = 0; i < digits; i++, text++) {
		int digit = parse_hex_digit(*text);

		if (digit < 0)
			return NULL;
		value = value << 4 | (uint32_t)digit;
	}
	*ret = value;
	return text;
}

/* "pci:v000010DEd000013C2sv00001043sd00008508bc03sc00i00": all ids in one read that takes no lock. */
static bool parse_modalias(struct device *device, const char *text)
{
	uint32_t ids[4], class[3];

	if (!starts_with(text, "pci:"))
		return false;
	text = take_field(text + strlen("pci:"), "v", 8, &ids[0]);
	text = take_field(text, "d", 8, &ids[1]);
	text = take_field(text, "sv", 8, &ids[2]);
	text = take_field(text, "sd", 8, &ids[3]);
	text = take_field(text, "bc", 2, &class[0]);
	text = take_field(text, "sc", 2, &class[1]);
	text = take_field(text, "i", 2, &class[2]);
	if (text == NULL || *text != '\0')
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(ids); i++)
		if (ids[i] > UINT16_MAX)
			return false;
	device->vendor = (uint16_t)ids[0];
	device->device = (uint16_t)ids[1];
	device->subvendor = (uint16_t)ids[2];
	device->subdevice = (uint16_t)ids[3];
	device->class = class[0] << 16 | class[1] << 8 | class[2];
	return true;
}

/*
 * Reading a uevent waits for the device's lock (measured on Linux 6.1.192), and so for ever behind an unbind that
 * hangs; modalias does not. A folder made by hand may have uevent only.
 */
int identity_read(struct device *device, int root, const char **ret_file)
{
	char path[128], text[SYSFS_VALUE_SIZE];
	int result;

	*ret_file = "modalias";
	snprintf(path, sizeof(path), PATH_DEVICES "/%s/modalias", device->address);
	result = sysfs_read(root, path, text, sizeof(text));
	if (result == 0)
		return parse_modalias(device, text) ? 0 : -EBADMSG;
	if (result != -ENOENT)
		return result;
	*ret_file = "uevent";
	snprintf(path, sizeof(path), PATH_DEVICES "/%s/uevent", device->address);
	result = sysfs_read(root, path, text, sizeof(text));
	if (result < 0)
		return result;
	return parse_uevent(device, text) ? 0 : -EBADMSG;
}

/* ../../../devices/pci0000:00/0000:00:01.1/0000:06:00.0 becomes 0000:00:01.1/00.0 */
char *identity_path(const char *link, const char *address)
{
	char result[PATH_MAX] = "";
	size_t used = 0;

	for (const char *part = link; part != NULL && *part != '\0';) {
		const char *slash = strchr(part, '/');
		size_t length = slash != NULL ? (size_t)(slash - part) : strlen(part);
		char name[BDF_TEXT_SIZE + 1], text[BDF_TEXT_SIZE];
		struct bdf bdf;

		if (length < sizeof(name)) {
			memcpy(name, part, length);
			name[length] = '\0';
			if (bdf_parse(name, &bdf)) {
				bdf_format(&bdf, text);
				used += (size_t)snprintf(result + used, sizeof(result) - used, "%s%s",
							 used == 0 ? "" : "/",
							 used == 0 ? text : strrchr(text, ':') + 1);
			}
		}
		part = slash != NULL ? slash + 1 : NULL;
	}
	return util_copy(used == 0 ? address : result);
}
