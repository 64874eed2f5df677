/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/addon_lines.h"

#include <cjson/cJSON.h>
#include <stdio.h>

#include "lib/paths.h"
#include "lib/util.h"

#define RDINIT "rdinit=/" PATH_ADDON "/vfio-bind"

static const struct {
	const char *name, *title;
} loaders[] = {
	{ "grub-debian", "GRUB of Debian and its relatives, /etc/default/grub, then update-grub" },
	{ "grub", "GRUB, an entry written by hand" },
	{ "systemd-boot", "systemd-boot, the entry's file" },
	{ "ukify", "Unified kernel image" },
};
enum { GRUB_DEBIAN, GRUB, SYSTEMD_BOOT, UKIFY };

struct line {
	size_t loader;
	char *text; /* owned */
};

#define N_LINES 8

static void make_lines(const char *output, const char *release, struct line ret_lines[static N_LINES])
{
	const char *slash = strrchr(output, '/'), *name = slash != NULL ? slash + 1 : output;
	const struct line lines[N_LINES] = {
		{ GRUB_DEBIAN, util_format("GRUB_EARLY_INITRD_LINUX_CUSTOM=\"%s\"", name) },
		{ GRUB_DEBIAN, util_copy("GRUB_CMDLINE_LINUX_DEFAULT=\"... " RDINIT "\"") },
		{ GRUB, util_format("linux  /boot/vmlinuz-%s ... " RDINIT, release) },
		{ GRUB, util_format("initrd /boot/IMAGE /boot/%s", name) },
		{ SYSTEMD_BOOT, util_copy("initrd  /IMAGE") },
		{ SYSTEMD_BOOT, util_format("initrd  /%s", name) },
		{ SYSTEMD_BOOT, util_copy("options ... " RDINIT) },
		{ UKIFY, util_format("ukify build ... --initrd=IMAGE --initrd=%s --cmdline=\"... " RDINIT "\"", name) },
	};

	memcpy(ret_lines, lines, sizeof(lines));
}

static void free_lines(struct line lines[static N_LINES])
{
	for (size_t i = 0; i < N_LINES; i++)
		free(lines[i].text);
}

void addon_lines_print(const char *output, const char *release, size_t bytes)
{
	struct line lines[N_LINES];

	printf("%s: %zu KiB, for kernel %s only. Make it again after a change of the policy and for every other "
	       "kernel.\n\n"
	       "The boot loader has to load it together with the image, and to start the program in it first. Copy it "
	       "to\n"
	       "where the kernel is, then add, keeping what is there already:\n\n",
	       output, (bytes + 1023) / 1024, release);
	make_lines(output, release, lines);
	for (size_t loader = 0; loader < ARRAY_SIZE(loaders); loader++) {
		printf("%s:\n", loaders[loader].title);
		for (size_t i = 0; i < N_LINES; i++)
			if (lines[i].loader == loader)
				printf("  %s\n", lines[i].text);
		printf("\n");
	}
	free_lines(lines);
	printf("The kernel panics if rdinit= names a file that is not there: try it once from the boot menu first. The "
	       "word\n"
	       "vfiokit=off beside it switches vfiokit off, and the boot goes on as without it.\n");
}

cJSON *addon_lines_json(const char *output, const char *release)
{
	cJSON *array = cJSON_CreateArray();
	struct line lines[N_LINES];

	make_lines(output, release, lines);
	for (size_t loader = 0; loader < ARRAY_SIZE(loaders); loader++) {
		cJSON *object = cJSON_CreateObject(), *texts;

		cJSON_AddStringToObject(object, "loader", loaders[loader].name);
		texts = cJSON_AddArrayToObject(object, "lines");
		for (size_t i = 0; i < N_LINES; i++)
			if (lines[i].loader == loader)
				cJSON_AddItemToArray(texts, cJSON_CreateString(lines[i].text));
		cJSON_AddItemToArray(array, object);
	}
	free_lines(lines);
	return array;
}
