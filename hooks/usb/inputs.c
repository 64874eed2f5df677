/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/usb/inputs.h"

#include <linux/input.h>
#include <stdio.h>

#include "lib/file.h"
#include "lib/parse.h"
#include "lib/paths.h"
#include "lib/sysfs.h"
#include "lib/util.h"

#define CLASS_WIRELESS 0xe0
#define BITS_MAX 1024
#define KEYS_MAX 64

/* Usage page of FIDO in a report descriptor: the item "06 d0 f1" (CTAP, 11.2.8.2). */
#define FIDO_PAGE 0xf1d0

struct bits {
	uint64_t words[BITS_MAX / 64];
};

/* The places in sysfs of devices that are security keys: "../../devices/.../1-5/". */
struct security_keys {
	char *paths[KEYS_MAX]; /* owned */
	size_t count;
};

/* --- what an input device can ------------------------------------------------------------------------------------- */

/* The kernel prints words of a long, the greatest first, without leading zeros. */
static void read_bits(int root, const char *input, const char *attribute, struct bits *ret)
{
	cleanup_free char *path = util_format(PATH_INPUT "/%s/%s", input, attribute);
	char text[SYSFS_VALUE_SIZE];
	char *last;

	*ret = (struct bits){ 0 };
	if (sysfs_read(root, path, text, sizeof(text)) < 0)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(ret->words) && text[0] != '\0'; i++) {
		last = strrchr(text, ' ');
		if (!parse_number(last != NULL ? last + 1 : text, 16, UINT64_MAX, &ret->words[i]) || last == NULL)
			return;
		*last = '\0';
	}
}

static bool has_bit(const struct bits *bits, unsigned int bit)
{
	return bit < BITS_MAX && (bits->words[bit / 64] & (UINT64_C(1) << (bit % 64))) != 0;
}

/* As in systemd's udev-builtin-input_id.c: the first block of a keyboard's keys, whole. */
static bool is_keyboard(const struct bits *keys)
{
	return (keys->words[0] & 0xfffffffe) == 0xfffffffe;
}

/* Pens and joysticks are none by which one commands a desktop. */
static bool is_pointer(int root, const char *input, const struct bits *keys)
{
	struct bits rel, abs, props;
	bool moves;

	read_bits(root, input, "capabilities/rel", &rel);
	read_bits(root, input, "capabilities/abs", &abs);
	read_bits(root, input, "properties", &props);
	moves = (has_bit(&rel, REL_X) && has_bit(&rel, REL_Y)) || (has_bit(&abs, ABS_X) && has_bit(&abs, ABS_Y));
	if (!moves || has_bit(&props, INPUT_PROP_ACCELEROMETER) || has_bit(keys, BTN_JOYSTICK) ||
	    has_bit(keys, BTN_GAMEPAD) || (has_bit(keys, BTN_TOOL_PEN) && !has_bit(keys, BTN_TOOL_FINGER)))
		return false;
	return has_bit(keys, BTN_LEFT) || has_bit(keys, BTN_TOUCH) || has_bit(keys, BTN_TOOL_FINGER);
}

/* --- security keys ------------------------------------------------------------------------------------------------ */

/* Goes through the items of a report descriptor (HID 1.11, 6.2.2). */
static bool has_fido_page(const unsigned char *data, size_t size)
{
	for (size_t i = 0; i < size;) {
		size_t length = (data[i] & 3) == 3 ? 4 : (data[i] & 3);

		if (data[i] == 0xfe) { /* a long item: its length follows */
			i += i + 1 < size ? (size_t)data[i + 1] + 3 : 1;
			continue;
		}
		/* Usage Page, a global item. */
		if ((data[i] & 0xfc) == 0x04 && length == 2 && i + 2 < size &&
		    (data[i + 1] | data[i + 2] << 8) == FIDO_PAGE)
			return true;
		i += 1 + length;
	}
	return false;
}

/* "../../devices/.../1-5/1-5:1.1/0003:1050:0407.0003/hidraw/hidraw3" to "../../devices/.../1-5/". */
static bool cut_at_usb_device(char *target)
{
	for (char *part = target; (part = strchr(part, '/')) != NULL;) {
		char *start = ++part;
		size_t length = strcspn(start, "/");
		const char *dash = memchr(start, '-', length), *colon = memchr(start, ':', length);

		if (dash != NULL && colon != NULL && dash < colon && start[0] >= '0' && start[0] <= '9') {
			*start = '\0';
			return true;
		}
	}
	return false;
}

static void find_security_keys(int root, struct security_keys *keys)
{
	DIR *directory = file_open_directory(root, PATH_HIDRAW);
	char target[SYSFS_VALUE_SIZE];
	const struct dirent *entry;

	keys->count = 0;
	while (directory != NULL && keys->count < KEYS_MAX && (entry = readdir(directory)) != NULL) {
		cleanup_free char *link = util_format(PATH_HIDRAW "/%s", entry->d_name);
		cleanup_free char *path = util_format("%s/device/report_descriptor", link), *data = NULL;
		size_t size;

		if (entry->d_name[0] != '.' && sysfs_read_link(root, link, target, sizeof(target)) == 0 &&
		    file_read_start(root, path, SYSFS_VALUE_SIZE, &data, &size) == 0 &&
		    has_fido_page((const unsigned char *)data, size) && cut_at_usb_device(target))
			keys->paths[keys->count++] = util_copy(target);
	}
	if (directory != NULL)
		closedir(directory);
}

static bool is_of_security_key(const struct security_keys *keys, const char *target)
{
	for (size_t i = 0; i < keys->count; i++)
		if (starts_with(target, keys->paths[i]))
			return true;
	return false;
}

/* --- counting ----------------------------------------------------------------------------------------------------- */

static bool is_below(const char *target, const char *name)
{
	cleanup_free char *part = util_format("/%s/", name);

	return strstr(target, part) != NULL;
}

static bool is_by_bluetooth(int root, const char *input)
{
	cleanup_free char *path = util_format(PATH_INPUT "/%s/id/bustype", input);
	char text[16];

	return sysfs_read(root, path, text, sizeof(text)) == 0 && streq(text, "0005");
}

/* Has the host no other adapter by which its Bluetooth keyboards could come? */
static bool is_last_bluetooth(int root, const struct usb_device *device)
{
	DIR *directory = usb_device_has_class(device, CLASS_WIRELESS) ? file_open_directory(root, PATH_BLUETOOTH)
								      : NULL;
	char target[SYSFS_VALUE_SIZE];
	const struct dirent *entry;
	bool has_own = false, has_other = false;

	while (directory != NULL && (entry = readdir(directory)) != NULL) {
		cleanup_free char *link = util_format(PATH_BLUETOOTH "/%s", entry->d_name);

		/* "hci0:256" is a connection of it. */
		if (!starts_with(entry->d_name, "hci") || strchr(entry->d_name, ':') != NULL ||
		    sysfs_read_link(root, link, target, sizeof(target)) < 0)
			continue;
		has_own = has_own || is_below(target, device->name);
		has_other = has_other || !is_below(target, device->name);
	}
	if (directory != NULL)
		closedir(directory);
	return has_own && !has_other;
}

static bool counts_no_more(const char *target, const char *const *going, size_t n_going)
{
	for (size_t i = 0; i < n_going; i++)
		if (is_below(target, going[i]))
			return true;
	return strstr(target, "/devices/virtual/input/") != NULL;
}

static void count(int root, const char *input, bool is_own, struct usb_inputs *inputs)
{
	struct bits keys;

	read_bits(root, input, "capabilities/key", &keys);
	if (is_keyboard(&keys))
		*(is_own ? &inputs->keyboards : &inputs->other_keyboards) += 1;
	if (is_pointer(root, input, &keys))
		*(is_own ? &inputs->pointers : &inputs->other_pointers) += 1;
}

void usb_inputs_count(int root, const struct usb_device *device, const char *const *going, size_t n_going,
		      struct usb_inputs *ret)
{
	DIR *directory = file_open_directory(root, PATH_INPUT);
	bool has_bluetooth = is_last_bluetooth(root, device);
	char target[SYSFS_VALUE_SIZE];
	struct security_keys keys;
	const struct dirent *entry;

	*ret = (struct usb_inputs){ 0 };
	find_security_keys(root, &keys);
	for (size_t i = 0; i < keys.count; i++)
		ret->is_security_key = ret->is_security_key || is_below(keys.paths[i], device->name);
	while (directory != NULL && (entry = readdir(directory)) != NULL) {
		cleanup_free char *link = util_format(PATH_INPUT "/%s", entry->d_name);

		if (!starts_with(entry->d_name, "input") || sysfs_read_link(root, link, target, sizeof(target)) < 0 ||
		    is_of_security_key(&keys, target) || counts_no_more(target, going, n_going))
			continue;
		count(root, entry->d_name,
		      is_below(target, device->name) || (has_bluetooth && is_by_bluetooth(root, entry->d_name)), ret);
	}
	if (directory != NULL)
		closedir(directory);
	for (size_t i = 0; i < keys.count; i++)
		free(keys.paths[i]);
}
