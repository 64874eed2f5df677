/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the host needs for itself: an input of the plan. needs_scan() reads it from what the root shows. Early boot
 * shows little of it, and the plan then goes by class alone; a record (record.h) brings what the running system knew.
 *
 * A sysfs path names every PCI function on the way, so a use counts for each function in whose subtree it is: the
 * controller, the bridges above it, the endpoint of a VMD.
 */
#ifndef VFIOKIT_NEEDS_H
#define VFIOKIT_NEEDS_H

#include "binder/inventory.h"

/*
 * NEED_DATA: nothing uses the disk, but something is stored on it. That alone forbids nothing: such a disk is what
 * guests get. It is told to those who did not say that they mean storage.
 */
enum need_kind { NEED_STORAGE, NEED_DATA, NEED_NETWORK, NEED_KEYBOARD, NEED_CONSOLE };

struct need {
	enum need_kind kind;
	struct bdf bdf;    /* a function that holds it in its subtree; of a keyboard, its controller only */
	bool is_elsewhere; /* a keyboard on no PCI function: PS/2; bdf does not count */
	bool is_guess;     /* nothing shows a use, and nothing shows that there is none: counts all the same; of a
			      keyboard: it is here or in another place */
	char *use;         /* owned; in words: "mount / on nvme0n1p2", "route: default via eno1" */
	size_t order;      /* when it was found: what says most is looked for first */
};

struct needs {
	struct need *items; /* owned; as needs_sort() leaves them */
	size_t count;
	bool knows_storage;   /* the list of storage in use is complete */
	bool knows_keyboards; /* the list of keyboards is complete, but for guesses where they are */
	char *blind; /* owned; why nobody can tell which storage is in use, so that all of it counts; NULL if somebody
			can. Early boot is not blind: nothing is in use yet. */
	char *blind_network, *blind_keyboards; /* owned; the same for these, on a running system only */
	bool is_unlisted; /* blind, and not even the block devices could be listed: they may be behind any bus */
	/*
	 * What the block device of that name holds, for needs_scan() to ask where udev does not know: "" for nothing,
	 * NULL if it cannot be told; owned by the caller. Set before the scan; NULL: nobody is asked.
	 */
	char *(*identify)(int root, const char *name);
};

static const struct needs needs_unknown = { .items = NULL };

/*
 * Adds what the root shows to be in use, as far as it can be read; what cannot be read counts as in use (guesses, and
 * blind). In an initramfs nothing is complete. needs: zeroed, or from a scan before; free it with needs_free().
 */
void needs_scan(struct needs *needs, int root);
void needs_free(struct needs *needs);

/* Adds a use of one function (use is copied), unless it is there already. */
void needs_add(struct needs *needs, const struct need *need);

/* Brings the items into the order that needs_find() wants. */
void needs_sort(struct needs *needs);

/* The first use of that kind for this function, those that are certain first; NULL if there is none. */
const struct need *needs_find(const struct needs *needs, const struct bdf *bdf, enum need_kind kind);

/* Why not all is known that the host needs; NULL if it is, as far as the root goes. Borrowed. */
const char *needs_why_blind(const struct needs *needs);

/* "storage", "data", "network", "keyboard", "console": as the record has it. */
const char *needs_kind_name(enum need_kind kind);

#endif
