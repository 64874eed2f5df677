/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What else on this machine decides about drivers: the words and files of other mechanisms, each with its place. They
 * are read by `check`, which names them, and by `import`, which makes a policy of them; nobody here writes them.
 */
#ifndef VFIOKIT_RIVALS_H
#define VFIOKIT_RIVALS_H

#include <stdbool.h>
#include <stddef.h>

enum rival_kind {
	RIVAL_IDS,       /* ids= of vfio-pci or pci-stub; value: the list */
	RIVAL_SOFTDEP,   /* a module that waits for vfio-pci */
	RIVAL_INSTALL,   /* a command that modprobe runs instead of loading a module */
	RIVAL_BLACKLIST, /* a GPU's module that is never to be loaded by itself; value: its name */
	RIVAL_BLOCKED,   /* the same for a module of vfio: nothing works */
	RIVAL_DRIVERCTL, /* value: the driver; address */
	RIVAL_UNRAID,    /* value: ADDRESS or ADDRESS|VENDOR:DEVICE */
};

struct rival {
	enum rival_kind kind;
	char *where;        /* owned; "etc/default/grub:6" */
	char *text;         /* owned; the word or line, printable */
	char *value;        /* owned; see above */
	char *address;      /* owned; NULL except for driverctl */
	bool is_running;    /* on the command line of the running kernel, which comes from one of the files */
	bool is_shipped;    /* in a file of the distribution, below usr/lib or lib */
	const char *remedy; /* what a person does about it; static */
};

struct rivals {
	struct rival *items; /* owned */
	size_t count;
};

void rivals_find(struct rivals *rivals, int root);
void rivals_free(struct rivals *rivals);

#endif
