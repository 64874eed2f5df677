/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "binder/console.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "lib/file.h"
#include "lib/parse.h"
#include "lib/paths.h"
#include "lib/root.h"

#define PATH_SIZE 128
#define IOMEM_MAX (1024 * 1024)

struct range {
	uint64_t first, last;
};

/* Offsets in struct screen_info (include/uapi/linux/screen_info.h). */
enum {
	SCREEN_IS_VGA = 0x0f,
	SCREEN_LFB_BASE = 0x18,
	SCREEN_LFB_SIZE = 0x1c,
	SCREEN_CAPABILITIES = 0x36,
	SCREEN_EXT_LFB_BASE = 0x3a,
	SCREEN_INFO_SIZE = 0x40,
	SCREEN_TYPE_VESA = 0x23,
	SCREEN_TYPE_EFI = 0x70,
	SCREEN_64BIT_BASE = 1 << 1,
};

static uint32_t take_u32(const char *bytes, size_t offset)
{
	uint32_t value;

	memcpy(&value, bytes + offset, sizeof(value));
	return value;
}

static bool framebuffer_from_screen_info(int root, struct range *ret)
{
	char info[SCREEN_INFO_SIZE + 1];
	cleanup_close int fd = root_open(root, PATH_SCREEN_INFO, O_RDONLY | O_NONBLOCK, 0);
	unsigned int type;
	uint64_t size;

	if (fd < 0 || read(fd, info, SCREEN_INFO_SIZE) != SCREEN_INFO_SIZE)
		return false;
	type = (unsigned char)info[SCREEN_IS_VGA];
	if (type != SCREEN_TYPE_VESA && type != SCREEN_TYPE_EFI)
		return false;
	ret->first = take_u32(info, SCREEN_LFB_BASE);
	if ((take_u32(info, SCREEN_CAPABILITIES) & SCREEN_64BIT_BASE) != 0)
		ret->first |= (uint64_t)take_u32(info, SCREEN_EXT_LFB_BASE) << 32;
	size = take_u32(info, SCREEN_LFB_SIZE);
	if (type == SCREEN_TYPE_VESA)
		size *= 65536;
	ret->last = ret->first + (size > 0 ? size - 1 : 0);
	return ret->first != 0;
}

/* "  c0000000-c02fffff : efifb" */
static bool parse_iomem_line(char *line, struct range *ret)
{
	static const char *const names[] = {
		"efifb", "vesafb", "BOOTFB", "simplefb", "simpledrm", "simple-framebuffer"
	};
	char *name = strstr(line, " : "), *dash = strchr(line, '-');
	bool known = false;

	if (name == NULL || dash == NULL || dash > name)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		known |= starts_with(name + 3, names[i]);
	*name = '\0';
	*dash = '\0';
	return known && parse_number(line + strspn(line, " "), 16, UINT64_MAX, &ret->first) &&
	       parse_number(dash + 1, 16, UINT64_MAX, &ret->last) && ret->last > 0;
}

static bool framebuffer_from_iomem(int root, struct range *ret)
{
	cleanup_free char *text = NULL;
	size_t length = 0;

	if (file_read_start(root, PATH_IOMEM, IOMEM_MAX, &text, &length) < 0)
		return false;
	for (char *line = text, *next; line != NULL; line = next) {
		next = strchr(line, '\n');
		if (next != NULL)
			*next++ = '\0';
		if (parse_iomem_line(line, ret))
			return true;
	}
	return false;
}

/*
 * Does one of the device's memory ranges hold the framebuffer's start? Lines are "first last flags" in hex.
 * KNOWN_NOT: they cannot be read.
 */
static enum known holds_framebuffer(int root, const char *address, const struct range *framebuffer)
{
	char path[PATH_SIZE], text[SYSFS_VALUE_SIZE];
	enum known answer = KNOWN_NOT;

	snprintf(path, sizeof(path), PATH_DEVICES "/%s/resource", address);
	if (sysfs_read(root, path, text, sizeof(text)) < 0)
		return KNOWN_NOT;
	for (char *line = text, *next; line != NULL; line = next) {
		uint64_t first, last;
		char *first_word, *last_word;

		next = strchr(line, '\n');
		if (next != NULL)
			*next++ = '\0';
		first_word = parse_next_word(&line);
		last_word = first_word != NULL ? parse_next_word(&line) : NULL;
		if (last_word == NULL || !parse_number(first_word, 16, UINT64_MAX, &first) ||
		    !parse_number(last_word, 16, UINT64_MAX, &last))
			continue;
		if (last > 0 && framebuffer->first >= first && framebuffer->first <= last)
			return KNOWN_YES;
		answer = KNOWN_NO;
	}
	return answer;
}

/*
 * The platform devices of drivers/firmware/sysfb*.c: the name of its driver, and 0, because there is one at most.
 */
static const char *const framebuffers[] = { "efi-framebuffer.0", "vesa-framebuffer.0", "simple-framebuffer.0" };

/* What cannot be told counts as there. */
static bool has_framebuffer_child(int root, const char *address)
{
	char path[PATH_SIZE];

	for (size_t i = 0; i < ARRAY_SIZE(framebuffers); i++) {
		snprintf(path, sizeof(path), PATH_DEVICES "/%s/%s", address, framebuffers[i]);
		if (sysfs_find(root, path) != -ENOENT)
			return true;
	}
	return false;
}

static bool is_link(int root, const char *path)
{
	struct stat info;

	return fstatat(root, path, &info, AT_SYMLINK_NOFOLLOW) == 0;
}

/* An attribute that is there but makes no sense could hide the console: that counts as a sign. */
static const char *boot_vga_sign(struct device *device, int root)
{
	char path[PATH_SIZE];
	uint64_t value;
	int result;

	snprintf(path, sizeof(path), PATH_DEVICES "/%s/boot_vga", device->address);
	result = sysfs_read_number(root, path, &value);
	if (result == 0 && value <= 1) {
		device->boot_vga = value == 1;
		return device->boot_vga ? "boot_vga is 1" : NULL;
	}
	return result != -ENOENT || is_link(root, path) ? "its boot_vga cannot be read, so it may be 1" : NULL;
}

static const char *framebuffer_sign(const struct device *device, int root, const struct range *framebuffer)
{
	if (has_framebuffer_child(root, device->address))
		return "the firmware's framebuffer hangs below it";
	if (framebuffer != NULL && holds_framebuffer(root, device->address, framebuffer) == KNOWN_YES)
		return "the firmware's framebuffer is in its memory";
	return NULL;
}

static bool is_candidate(const struct device *device)
{
	return device_is_display(device) || device_subclass(device) == CLASS_NOT_DEFINED_VGA;
}

/* Without any boot_vga = 1, the only VGA or "other" display device; else the only display device at all. */
static void assume_only_one(struct inventory *inventory)
{
	struct device *only_screen = NULL, *only_display = NULL;
	size_t screens = 0, displays = 0;

	for (size_t i = 0; i < inventory->n_devices; i++) {
		struct device *device = &inventory->devices[i];
		unsigned int class = device_subclass(device);

		if (device->boot_vga)
			return;
		if (class == CLASS_DISPLAY_VGA || class == CLASS_DISPLAY_OTHER) {
			screens++;
			only_screen = device;
		}
		if (is_candidate(device)) {
			displays++;
			only_display = device;
		}
	}
	if (screens != 1)
		only_screen = displays == 1 ? only_display : NULL;
	if (only_screen != NULL && !only_screen->console) {
		only_screen->console = true;
		only_screen->console_sign = inventory->n_unread == 0 ? "it is the only display device"
								     : "it is the only display device that can be read";
	}
}

/* There is a framebuffer, and nobody has it: then it may be with those whose memory ranges cannot be read. */
static void suspect_unreadable(struct inventory *inventory, int root, const struct range *framebuffer)
{
	for (size_t i = 0; i < inventory->n_devices; i++) {
		struct device *device = &inventory->devices[i];

		if (is_candidate(device) && device->console_sign == NULL &&
		    holds_framebuffer(root, device->address, framebuffer) == KNOWN_NOT)
			device->console_sign = "its memory cannot be read, so the firmware's framebuffer may be in it";
	}
}

static bool find_framebuffer(int root, struct range *ret)
{
	return framebuffer_from_screen_info(root, ret) || framebuffer_from_iomem(root, ret);
}

void console_find(struct inventory *inventory, int root)
{
	struct range framebuffer;
	bool has_framebuffer = false, is_first = true, is_held = false;

	for (size_t i = 0; i < inventory->n_devices; i++) {
		struct device *device = &inventory->devices[i];
		const char *sign;

		if (!is_candidate(device))
			continue;
		if (is_first)
			has_framebuffer = find_framebuffer(root, &framebuffer);
		is_first = false;
		device->console_sign = boot_vga_sign(device, root);
		sign = framebuffer_sign(device, root, has_framebuffer ? &framebuffer : NULL);
		is_held |= sign != NULL;
		device->has_framebuffer = sign != NULL;
		if (device->console_sign == NULL)
			device->console_sign = sign;
	}
	if (has_framebuffer && !is_held)
		suspect_unreadable(inventory, root, &framebuffer);
	for (size_t i = 0; i < inventory->n_devices; i++)
		inventory->devices[i].console = inventory->devices[i].console_sign != NULL;
	assume_only_one(inventory);
}

bool console_keeps_memory(int root, const char *address)
{
	struct range range;

	return framebuffer_from_iomem(root, &range) && holds_framebuffer(root, address, &range) == KNOWN_YES;
}

void console_release(const struct kernel *kernel, uint64_t deadline)
{
	for (size_t i = 0; i < ARRAY_SIZE(framebuffers); i++) {
		const char *name = framebuffers[i];
		int length = (int)strlen(name) - (int)strlen(".0");
		char path[PATH_SIZE];

		snprintf(path, sizeof(path), PATH_PLATFORM_DRIVERS "/%.*s/%s", length, name, name);
		if (!sysfs_exists(kernel->root, path))
			continue;
		snprintf(path, sizeof(path), PATH_PLATFORM_DRIVERS "/%.*s/unbind", length, name);
		(void)kernel->write(kernel->context, path, name, deadline);
	}
}
