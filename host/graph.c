/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/graph.h"

#include <stdio.h>

const struct graph_colours graph_colours[N_GRAPH_ROLES] = {
	[GRAPH_GUEST] = { "#d9f2e0", "#2f9e55", "#14532d", "goes to a guest" },
	[GRAPH_CONSOLE] = { "#dbe8fb", "#3b76d6", "#1e3a74", "carries the console" },
	[GRAPH_REFUSED] = { "#fbe0dd", "#cf4436", "#7a1c13", "named, but stays" },
	[GRAPH_HOST] = { "#ffffff", "#a8b0bb", "#20262e", "the host uses it" },
	[GRAPH_IDLE] = { "#f4f5f7", "#cdd3da", "#5b6570", "no driver" },
	[GRAPH_BRIDGE] = { "#e9ebef", "#d3d8df", "#6b7480", "bridge" },
};

enum graph_role graph_role(const struct list *list, const struct device *device)
{
	const struct plan_entry *entry = plan_find(&list->session.plan, &device->bdf);

	if (device_is_bridge(device) || (device_is_host_bridge(device) && entry == NULL))
		return GRAPH_BRIDGE;
	if (entry != NULL && (entry->verdict == VERDICT_BIND || entry->verdict == VERDICT_BOUND))
		return GRAPH_GUEST;
	if (device->console || (entry != NULL && entry->is_boot_vga))
		return GRAPH_CONSOLE;
	if (entry != NULL && entry->reason != REASON_BRIDGE)
		return GRAPH_REFUSED;
	return device->driver[0] != '\0' ? GRAPH_HOST : GRAPH_IDLE;
}

char *graph_verdict(const struct list *list, const struct device *device)
{
	const struct plan_entry *entry = plan_find(&list->session.plan, &device->bdf);
	const char *reason = entry != NULL ? plan_reason_name(entry) : NULL;

	if (entry != NULL && !device_is_bridge(device))
		return util_format("%s%s%s", plan_verdict_name(entry->verdict), reason != NULL ? " " : "",
				   reason != NULL ? reason : "");
	return util_copy(device->driver);
}

void graph_label(const struct list *list, const struct device *device, char label[static NAME_SIZE])
{
	char name[NAME_SIZE];
	cleanup_free char *printable = NULL;
	char *start, *end;

	names_model(list->names, device, name);
	start = device_is_display(device) ? strchr(name, '[') : NULL;
	end = strrchr(name, ']');
	if (start != NULL && end != NULL && end > start + 1 && end[1] == '\0') {
		*end = '\0';
		memmove(name, start + 1, strlen(start + 1) + 1);
	}
	if (name[0] == '\0')
		names_class(list->names, device, name);
	if (name[0] == '\0')
		snprintf(name, sizeof(name), "%04x:%04x", device->vendor, device->device);
	printable = util_copy_printable(name);
	(void)util_copy_fixed(label, NAME_SIZE, printable);
}
