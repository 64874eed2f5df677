/* SPDX-License-Identifier: GPL-2.0-or-later */
/* list --graph=svg: a box for each group, a row for each function, in columns of about the same height. */
#include <stdio.h>

#include "host/graph.h"

enum {
	COLUMN_WIDTH = 430,
	GAP = 14,
	MARGIN = 28,
	TOP = 104,      /* title and legend */
	HEADING = 30,   /* of a group */
	ROW = 42,       /* of a function */
	ROW_SMALL = 24, /* of a bridge */
	PADDING = 8,
	COLUMNS_MAX = 4,
	LABEL_CHARS = 52, /* that fit into a row at the size used */
	VERDICT_CHARS = 26,
};

struct layout {
	size_t columns;
	int heights[COLUMNS_MAX]; /* how far each is filled */
	bool draws;               /* otherwise it only measures */
};

static void print_escaped(const char *text, size_t max)
{
	size_t length = strlen(text);

	for (size_t i = 0; i < length && i < max; i++) {
		if (i + 1 == max && length > max)
			printf("\xe2\x80\xa6"); /* an ellipsis */
		else if (text[i] == '&')
			printf("&amp;");
		else if (text[i] == '<')
			printf("&lt;");
		else if (text[i] == '>')
			printf("&gt;");
		else
			putchar(text[i]);
	}
}

static int row_height(enum graph_role role)
{
	return role == GRAPH_BRIDGE ? ROW_SMALL : ROW;
}

static int group_height(const struct list *list, size_t at, size_t n)
{
	int height = HEADING + PADDING;

	for (size_t i = 0; i < n; i++)
		height += row_height(graph_role(list, list->sorted[at + i])) + 4;
	return height;
}

/* Text at the right end of a row, in a pill as wide as it needs. */
static void print_verdict(const char *verdict, int right, int y, const struct graph_colours *colours)
{
	size_t length = strlen(verdict) < VERDICT_CHARS ? strlen(verdict) : VERDICT_CHARS;
	int width = (int)length * 7 + 14;

	if (length == 0)
		return;
	printf("<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"17\" rx=\"8.5\" fill=\"%s\"/>"
	       "<text x=\"%d\" y=\"%d\" class=\"pill\">",
	       right - width, y - 12, width, colours->line, right - width / 2, y);
	print_escaped(verdict, VERDICT_CHARS);
	printf("</text>\n");
}

/* With what hangs behind it: "disk nvme0n1, usb 3-2". */
static char *behind_words(const struct list *list, const struct device *device)
{
	size_t n;
	const struct behind_item *items = behind_find(&list->behind, &device->bdf, &n);
	char *words = util_copy("");

	for (size_t i = 0; i < n; i++) {
		char *more = util_format("%s%s%s", words, i == 0 ? ": " : ", ", items[i].name);

		free(words);
		words = more;
	}
	return words;
}

static void print_row(const struct list *list, const struct device *device, int x, int y)
{
	enum graph_role role = graph_role(list, device);
	const struct graph_colours *colours = &graph_colours[role];
	cleanup_free char *verdict = graph_verdict(list, device);
	cleanup_free char *behind = behind_words(list, device);
	cleanup_free char *line = NULL;
	int width = COLUMN_WIDTH - 2 * PADDING;
	char label[NAME_SIZE];

	graph_label(list, device, label);
	line = util_format("%s%s", label, behind);
	printf("<g><title>%s %04x:%04x ", device->address, device->vendor, device->device);
	print_escaped(line, NAME_SIZE);
	printf("</title><rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"5\" fill=\"%s\" stroke=\"%s\"/>\n", x,
	       y, width, row_height(role), colours->fill, colours->line);
	if (role == GRAPH_BRIDGE) {
		printf("<text x=\"%d\" y=\"%d\" class=\"small\"><tspan class=\"mono\">%s</tspan>  ", x + 10, y + 16,
		       device->address);
		print_escaped(label, LABEL_CHARS - 8);
		printf("</text></g>\n");
		return;
	}
	printf("<text x=\"%d\" y=\"%d\" fill=\"%s\"><tspan class=\"address\">%s</tspan>", x + 10, y + 17, colours->text,
	       device->address);
	if (device->driver[0] != '\0' && !streq(verdict, device->driver)) {
		printf("<tspan class=\"driver\" dx=\"10\">");
		print_escaped(device->driver, VERDICT_CHARS);
		printf("</tspan>");
	}
	printf("</text>\n");
	print_verdict(verdict, x + width - 8, y + 17, colours);
	printf("<text x=\"%d\" y=\"%d\" class=\"label\" fill=\"%s\">", x + 10, y + 34, colours->text);
	print_escaped(line, LABEL_CHARS);
	printf("</text></g>\n");
}

static void print_group(const struct list *list, size_t at, size_t n, int x, int y)
{
	size_t cards;
	enum isolation isolation = list_isolation(list->sorted + at, n, &cards);
	int height = group_height(list, at, n);

	printf("<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"9\" class=\"group\"/>\n", x, y, COLUMN_WIDTH,
	       height);
	printf("<text x=\"%d\" y=\"%d\" class=\"heading\">", x + PADDING + 4, y + 20);
	if (isolation == ISOLATION_NONE)
		printf("No IOMMU group");
	else
		printf("Group %d", list->sorted[at]->iommu_group);
	printf("</text>\n");
	if (isolation == ISOLATION_SHARED)
		printf("<text x=\"%d\" y=\"%d\" class=\"shared\">%zu cards, one guest</text>\n",
		       x + COLUMN_WIDTH - PADDING - 4, y + 20, cards);
	y += HEADING;
	for (size_t i = 0; i < n; i++) {
		print_row(list, list->sorted[at + i], x + PADDING, y);
		y += row_height(graph_role(list, list->sorted[at + i])) + 4;
	}
}

static void place_group(const struct list *list, struct layout *layout, size_t at, size_t n)
{
	size_t column = 0;

	for (size_t i = 1; i < layout->columns; i++)
		if (layout->heights[i] < layout->heights[column])
			column = i;
	if (layout->draws)
		print_group(list, at, n, MARGIN + (int)column * (COLUMN_WIDTH + GAP), layout->heights[column]);
	layout->heights[column] += group_height(list, at, n) + GAP;
}

/*
 * Each group goes where there is most room, so their order is roughly kept. Those in which there is nothing for a guest
 * come last.
 */
static void place(const struct list *list, struct layout *layout)
{
	size_t n, cards;

	for (size_t i = 0; i < COLUMNS_MAX; i++)
		layout->heights[i] = TOP;
	for (int bridges = 0; bridges < 2; bridges++)
		for (size_t at = 0; at < list->session.inventory.n_devices; at += n) {
			n = list_group_size(list, at);
			if ((list_isolation(list->sorted + at, n, &cards) == ISOLATION_BRIDGE) == (bridges == 1))
				place_group(list, layout, at, n);
		}
}

static size_t count_columns(const struct list *list)
{
	size_t n = 1 + list->session.inventory.n_devices / 12;

	return n < 2 ? 2 : n > COLUMNS_MAX ? COLUMNS_MAX : n;
}

static void print_head(const struct list *list, int width, int height)
{
	printf("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
	       "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" "
	       "font-family=\"Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif\">\n"
	       "<title>PCI functions by IOMMU group</title>\n"
	       "<style>.group{fill:#fff;stroke:#c3c9d1}.heading{font-size:14px;font-weight:bold;fill:#20262e}"
	       ".shared{font-size:12px;fill:#a15c00;text-anchor:end}"
	       ".address,.mono{font-family:'DejaVu Sans Mono','Liberation Mono',monospace;font-size:12px}"
	       ".address{font-weight:bold}.driver{font-size:11.5px;fill-opacity:.75}.label{font-size:12.5px}.small{"
	       "font-size:11px;fill:#6b7480}"
	       ".small .mono{font-size:11px}.pill{font-size:11px;fill:#fff;text-anchor:middle}"
	       ".legend{font-size:12.5px;fill:#3a434d}.top{font-size:20px;font-weight:bold;fill:#20262e}</style>\n"
	       "<rect width=\"%d\" height=\"%d\" fill=\"#f2f4f7\"/>\n",
	       width, height, width, height, width, height);
	printf("<text x=\"%d\" y=\"42\" class=\"top\">PCI functions by IOMMU group%s</text>\n", MARGIN,
	       list->session.inventory.has_iommu ? "" : " (there is no IOMMU)");
}

static void print_legend(void)
{
	int x = MARGIN;

	for (size_t i = 0; i < N_GRAPH_ROLES; i++) {
		printf("<rect x=\"%d\" y=\"62\" width=\"22\" height=\"16\" rx=\"4\" fill=\"%s\" stroke=\"%s\"/>"
		       "<text x=\"%d\" y=\"75\" class=\"legend\">%s</text>\n",
		       x, graph_colours[i].fill, graph_colours[i].line, x + 29, graph_colours[i].legend);
		x += 29 + (int)strlen(graph_colours[i].legend) * 7 + 20;
	}
}

void list_svg(const struct list *list)
{
	struct layout layout = { .columns = count_columns(list) };
	int width = 2 * MARGIN + (int)layout.columns * (COLUMN_WIDTH + GAP) - GAP, height = TOP + GAP;

	place(list, &layout);
	for (size_t i = 0; i < layout.columns; i++)
		if (layout.heights[i] > height)
			height = layout.heights[i];
	print_head(list, width, height + MARGIN - GAP);
	print_legend();
	layout.draws = true;
	place(list, &layout);
	printf("</svg>\n");
}
