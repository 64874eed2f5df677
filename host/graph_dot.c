/* SPDX-License-Identifier: GPL-2.0-or-later */
/* list --graph=dot: groups as clusters, and how the functions hang on each other. */
#include <stdio.h>

#include "host/graph.h"

/* Inside quotes, and not as one of dot's own escapes. */
static void print_quoted(const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			putchar('\\');
		putchar(*text);
	}
}

static void print_node(const struct list *list, const struct device *device)
{
	const struct graph_colours *colours = &graph_colours[graph_role(list, device)];
	cleanup_free char *verdict = graph_verdict(list, device);
	char label[NAME_SIZE];

	graph_label(list, device, label);
	printf("    \"%s\" [fillcolor=\"%s\", color=\"%s\", fontcolor=\"%s\", label=\"%s\\n", device->address,
	       colours->fill, colours->line, colours->text, device->address);
	print_quoted(label);
	if (device->driver[0] != '\0' && !streq(verdict, device->driver)) {
		printf("\\n");
		print_quoted(device->driver);
	}
	printf("%s", verdict[0] != '\0' ? "\\n" : "");
	print_quoted(verdict);
	printf("\"];\n");
}

static void print_group(const struct list *list, size_t at, size_t n)
{
	size_t cards;
	int group = list->sorted[at]->iommu_group;
	enum isolation isolation = list_isolation(list->sorted + at, n, &cards);

	if (isolation == ISOLATION_NONE)
		printf("  subgraph cluster_none {\n    label=\"no IOMMU group\";\n");
	else
		printf("  subgraph cluster_%d {\n    label=\"group %d%s\";\n", group, group,
		       isolation == ISOLATION_SHARED ? ", shared" : "");
	for (size_t i = 0; i < n; i++)
		print_node(list, list->sorted[at + i]);
	printf("  }\n");
}

/* The bridge right above it on its sysfs path: the one whose path is this one without its last hop. */
static const struct device *find_parent(const struct list *list, const struct device *device)
{
	const struct inventory *inventory = &list->session.inventory;
	const char *slash = strrchr(device->path, '/');
	size_t length = slash != NULL ? (size_t)(slash - device->path) : 0;

	for (size_t i = 0; i < inventory->n_devices && length > 0; i++) {
		const char *path = inventory->devices[i].path;

		if (strncmp(path, device->path, length) == 0 && path[length] == '\0')
			return &inventory->devices[i];
	}
	return NULL;
}

void list_dot(const struct list *list)
{
	const struct inventory *inventory = &list->session.inventory;
	size_t n;

	printf("digraph pci {\n  rankdir=LR;\n  ranksep=0.6;\n  nodesep=0.08;\n"
	       "  graph [fontname=\"Helvetica\", fontsize=11, style=\"rounded\", color=\"#c3c9d1\", "
	       "bgcolor=\"#fbfcfd\"];\n"
	       "  node [shape=box, style=\"rounded,filled\", fontname=\"Helvetica\", fontsize=10];\n"
	       "  edge [color=\"#8a94a0\", arrowsize=0.5];\n");
	for (size_t at = 0; at < inventory->n_devices; at += n) {
		n = list_group_size(list, at);
		print_group(list, at, n);
	}
	for (size_t i = 0; i < inventory->n_devices; i++) {
		const struct device *parent = find_parent(list, &inventory->devices[i]);

		if (parent != NULL)
			printf("  \"%s\" -> \"%s\";\n", parent->address, inventory->devices[i].address);
	}
	printf("}\n");
}
