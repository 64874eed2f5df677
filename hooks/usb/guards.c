/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/usb/guards.h"

#include <stdio.h>

#include "hooks/disks.h"
#include "hooks/usb/inputs.h"
#include "lib/file.h"
#include "lib/paths.h"
#include "lib/sysfs.h"
#include "lib/util.h"

#define ROUTES_MAX (1024 * 1024)
/* Of bridges, bonds and VLANs on each other. */
#define DEPTH_MAX 4

/* --- storage ------------------------------------------------------------------------------------------------------ */

/* Returns why the disk must stay, or NULL; then a descriptor that holds it may have been kept. */
static char *look_at_disk(int root, const struct usb_question *question, const char *path, struct usb_guards *guards)
{
	char *why;
	int fd;

	if (!question->is_attach)
		return disks_user(root, path, question->guest_uuid);
	fd = disks_take(root, path, question->guest_uuid, &why);
	if (fd >= 0)
		*(int *)util_append(&guards->held, &guards->n_held, sizeof(fd)) = fd;
	return why;
}

static void check_storage(int root, const struct usb_question *question, struct usb_guards *guards)
{
	struct domain_disk *disks = NULL;
	size_t n = 0;

	disks_add_of_usb(root, question->device->name, &disks, &n);
	for (size_t i = 0; i < n; i++) {
		cleanup_free char *why = guards->refusal == NULL ? look_at_disk(root, question, disks[i].path, guards)
								 : NULL;

		if (why != NULL) {
			guards->refusal = util_format("the host uses it: %s", why);
			guards->is_by_storage = true;
		}
		free(disks[i].path);
	}
	free(disks);
}

/* --- network ------------------------------------------------------------------------------------------------------ */

/* Is this interface of the device, or made of one that is? */
static bool is_interface_of(int root, const char *interface, const char *part, unsigned int depth)
{
	cleanup_free char *path = util_format(PATH_NET "/%s", interface);
	char target[SYSFS_VALUE_SIZE];
	const struct dirent *entry;
	DIR *directory;
	bool found = sysfs_read_link(root, path, target, sizeof(target)) == 0 && strstr(target, part) != NULL;

	if (found || depth == DEPTH_MAX)
		return found;
	directory = file_open_directory(root, path);
	while (directory != NULL && !found && (entry = readdir(directory)) != NULL)
		if (starts_with(entry->d_name, "lower_"))
			found = is_interface_of(root, entry->d_name + strlen("lower_"), part, depth + 1);
	if (directory != NULL)
		closedir(directory);
	return found;
}

/* "Iface Destination Gateway Flags RefCnt Use Metric Mask ..." */
static const char *default_ipv4(char *line)
{
	const char *words[8] = { NULL };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		words[i] = strsep(&line, " \t");
	return words[7] != NULL && streq(words[1], "00000000") && streq(words[7], "00000000") ? words[0] : NULL;
}

/* "destination length source length gateway metric refcnt use flags interface", with runs of blanks. */
static const char *default_ipv6(char *line)
{
	static const char zero[] = "00000000000000000000000000000000 00 ";
	const char *blank = strrchr(line, ' ');

	return starts_with(line, zero) && blank != NULL && !streq(blank + 1, "lo") ? blank + 1 : NULL;
}

static void check_routes(int root, const char *path, const char *part, const char *find(char *line),
			 struct usb_guards *guards)
{
	cleanup_free char *table = NULL;
	const char *interface;
	char *rest, *line;
	size_t length;

	if (file_read(root, path, ROUTES_MAX, &table, &length) < 0)
		return;
	for (rest = table; guards->refusal == NULL && (line = strsep(&rest, "\n")) != NULL;) {
		interface = find(line);
		if (interface != NULL && strchr(interface, '/') == NULL && is_interface_of(root, interface, part, 0))
			guards->refusal = util_format("%s carries the host's default route; give that another way, or "
						      "put 'allow = network' into its section of hooks.conf",
						      interface);
	}
}

static void check_network(int root, const struct usb_question *question, struct usb_guards *guards)
{
	cleanup_free char *part = util_format("/%s/", question->device->name);

	check_routes(root, PATH_ROUTES, part, default_ipv4, guards);
	check_routes(root, PATH_ROUTES6, part, default_ipv6, guards);
}

/* --- input -------------------------------------------------------------------------------------------------------- */

static void check_inputs(int root, const struct usb_question *question, struct usb_guards *guards)
{
	struct usb_inputs inputs;
	bool is_keyboard, is_pointer;

	usb_inputs_count(root, question->device, question->going, question->n_going, &inputs);
	is_keyboard = inputs.keyboards > 0 && inputs.other_keyboards == 0 &&
		      (question->allow & USB_ALLOW_KEYBOARD) == 0;
	is_pointer = inputs.pointers > 0 && inputs.other_pointers == 0 && (question->allow & USB_ALLOW_POINTER) == 0;
	if (is_keyboard || is_pointer)
		guards->refusal = util_format(
			"it is the host's last %s; plug in another one, or put 'allow = %s' and a "
			"'way-back' into its section of hooks.conf",
			is_keyboard && is_pointer ? "keyboard and pointer"
			: is_keyboard             ? "keyboard"
						  : "pointer",
			is_keyboard && is_pointer ? "keyboard pointer"
			: is_keyboard             ? "keyboard"
						  : "pointer");
	if (inputs.is_security_key)
		guards->warning = util_copy("it is a security key, which the host cannot ask meanwhile");
}

void usb_guards_check(int root, const struct usb_question *question, struct usb_guards *ret)
{
	*ret = (struct usb_guards){ 0 };
	if (question->device->is_hub) {
		ret->refusal = util_copy(question->device->is_root_hub
						 ? "it is a root hub; give what is plugged into it"
						 : "it is a hub; give what is plugged into it");
		return;
	}
	check_inputs(root, question, ret);
	if (ret->refusal == NULL && (question->allow & USB_ALLOW_NETWORK) == 0)
		check_network(root, question, ret);
	if (ret->refusal == NULL && (question->allow & USB_ALLOW_STORAGE) == 0)
		check_storage(root, question, ret);
}

void usb_guards_free(struct usb_guards *guards)
{
	for (size_t i = 0; i < guards->n_held; i++)
		close(guards->held[i]);
	free(guards->held);
	free(guards->refusal);
	free(guards->warning);
	*guards = (struct usb_guards){ 0 };
}
