/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `vfiokit list` knows, and its forms. */
#ifndef VFIOKIT_LIST_H
#define VFIOKIT_LIST_H

#include "binder/session.h"
#include "host/behind.h"
#include "host/names.h"

struct list {
	int root;
	const struct options *options;
	struct session session;
	struct behind behind;
	struct names *names;
	const struct device **sorted; /* owned; by group, those without one last, then by address */
	bool acs_override;            /* the kernel was told to make groups smaller than they are */
};

/* Whether a group can be given alone. */
enum isolation {
	ISOLATION_NONE,    /* the device has no group */
	ISOLATION_BRIDGE,  /* nothing in it that a guest could have */
	ISOLATION_CARD,    /* the functions of one card */
	ISOLATION_CHIPSET, /* of one slot of the chipset, which is no card */
	ISOLATION_SHARED,  /* of several cards or slots */
};

/* n: how many of the sorted devices from first on are in its group. ret_cards: how many cards they are. */
enum isolation list_isolation(const struct device *const *first, size_t n, size_t *ret_cards);

/* How many of the sorted devices from at on are in the group of the first one. */
size_t list_group_size(const struct list *list, size_t at);

/* "flr bus", or "" if there is none or the kernel does not show it. */
void list_read_resets(const struct list *list, const struct device *device, char text[static SYSFS_VALUE_SIZE]);

/* The forms. hostdev returns an exit code. */
void list_text(const struct list *list);
void list_json(const struct list *list);
int list_hostdev(const struct list *list, const struct bdf *bdf);
void list_dot(const struct list *list);
void list_svg(const struct list *list);

#endif
