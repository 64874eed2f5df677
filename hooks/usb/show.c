/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/usb/show.h"

#include <stdio.h>

#include "lib/util.h"

/* "" if there is none. */
static const char *text_of(const cJSON *object, const char *key)
{
	const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));

	return text != NULL ? text : "";
}

static bool is_true(const cJSON *object, const char *key)
{
	return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(object, key));
}

static bool has(const cJSON *object, const char *key)
{
	return text_of(object, key)[0] != '\0';
}

static void print_if(int indent, const cJSON *device, const char *key, const char *label)
{
	if (has(device, key))
		printf("%*s%s: %s\n", indent, "", label, text_of(device, key));
}

/* What a hub hangs on is its prefix: "1-4.2" is two below "usb1". */
static int depth_of(const char *name)
{
	int depth = strchr(name, '-') != NULL;

	for (; *name != '\0'; name++)
		depth += *name == '.';
	return depth;
}

static void print_owner(const cJSON *device)
{
	if (has(device, "guest"))
		printf("  [guest %s%s]", text_of(device, "guest"),
		       streq(text_of(device, "attached_by"), "others") ? ", not by vfiokit" : "");
	else if (has(device, "wanted"))
		printf("  [host; wanted by guest %s]", text_of(device, "wanted"));
	else if (!is_true(device, "hub"))
		printf("  [host]");
}

static void print_device(const cJSON *device)
{
	const char *name = text_of(device, "device");
	int indent = 2 * depth_of(name);

	printf("%*s%s %s%s%s%s%s", indent, "", name, text_of(device, "id"), has(device, "vendor") ? " " : "",
	       text_of(device, "vendor"), has(device, "product") ? " " : "", text_of(device, "product"));
	print_owner(device);
	putchar('\n');
	if (streq(text_of(device, "parent"), ""))
		return;
	indent += 4;
	print_if(indent, device, "port", "port");
	print_if(indent, device, "serial", "serial");
	print_if(indent, device, "rule", "policy");
	if (!has(device, "guest"))
		print_if(indent, device, "protected", "protected");
	print_if(indent, device, "warning", "note");
	print_if(indent, device, "error", "not attached");
}

void usb_show_tree(const cJSON *document)
{
	const cJSON *device;

	cJSON_ArrayForEach(device, cJSON_GetObjectItemCaseSensitive(document, "devices")) print_device(device);
}

/* --- changes ------------------------------------------------------------------------------------------------------ */

static const cJSON *find(const cJSON *document, const cJSON *wanted)
{
	const cJSON *number = cJSON_GetObjectItemCaseSensitive(wanted, "number"), *device;

	cJSON_ArrayForEach(
		device,
		cJSON_GetObjectItemCaseSensitive(
			document, "devices")) if (streq(text_of(device, "device"), text_of(wanted, "device")) &&
						  cJSON_Compare(number,
								cJSON_GetObjectItemCaseSensitive(device, "number"),
								true)) return device;
	return NULL;
}

static void print_change(const cJSON *device, const char *what, const char *who)
{
	printf("%s %s%s%s: %s%s\n", text_of(device, "device"), text_of(device, "id"), has(device, "product") ? " " : "",
	       text_of(device, "product"), what, who);
}

void usb_show_changes(const cJSON *before, const cJSON *after)
{
	const cJSON *device, *old;

	cJSON_ArrayForEach(device, cJSON_GetObjectItemCaseSensitive(before, "devices")) if (find(after, device) == NULL)
		print_change(device, "unplugged", "");
	cJSON_ArrayForEach(device, cJSON_GetObjectItemCaseSensitive(after, "devices"))
	{
		old = find(before, device);
		if (old == NULL)
			print_change(device, "plugged in at ", text_of(device, "port"));
		if (has(device, "guest") && !streq(text_of(old, "guest"), text_of(device, "guest")))
			print_change(device, "attached to guest ", text_of(device, "guest"));
		if (old != NULL && has(old, "guest") && !has(device, "guest"))
			print_change(device, "back from guest ", text_of(old, "guest"));
		if (has(device, "error") && !streq(text_of(old, "error"), text_of(device, "error")))
			print_change(device, "not attached: ", text_of(device, "error"));
	}
}

void usb_show_answer(const cJSON *answer)
{
	const cJSON *device;

	cJSON_ArrayForEach(device, cJSON_GetObjectItemCaseSensitive(answer, "devices")) fprintf(
		is_true(device, "ok") ? stdout : stderr, "%s%s: %s\n",
		is_true(device, "ok") ? "" : "vfio-usb: ", text_of(device, "device"), text_of(device, "message"));
}
