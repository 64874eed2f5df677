/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the two kinds of picture have in common. */
#ifndef VFIOKIT_GRAPH_H
#define VFIOKIT_GRAPH_H

#include "host/list.h"

/* What a function is in the picture; its colours go by this. */
enum graph_role {
	GRAPH_GUEST,   /* bind, bound */
	GRAPH_CONSOLE, /* carries the console, or stays with the card that does */
	GRAPH_REFUSED, /* refuse, fail, and what the policy skips for another reason */
	GRAPH_HOST,    /* a driver holds it */
	GRAPH_IDLE,    /* no driver holds it */
	GRAPH_BRIDGE,
	N_GRAPH_ROLES
};

struct graph_colours {
	const char *fill, *line, *text, *legend;
};

extern const struct graph_colours graph_colours[N_GRAPH_ROLES];

enum graph_role graph_role(const struct list *list, const struct device *device);

/* "bind", "refuse group", or the driver that holds it. Owned by the caller. */
char *graph_verdict(const struct list *list, const struct device *device);

/* "GeForce RTX 2070 SUPER" rather than the chip's name, else class or id; printable. */
void graph_label(const struct list *list, const struct device *device, char label[static NAME_SIZE]);

#endif
