/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The device nodes of a PCI function: what there is in /dev that its driver serves. */
#ifndef VFIOKIT_NODES_H
#define VFIOKIT_NODES_H

#include "binder/device.h"
#include "lib/sysfs.h"

#define NODE_VFIO "vfio/"

struct node {
	size_t device; /* the caller's number for it */
	unsigned int major, minor;
	bool has_number;   /* major is known */
	bool is_any_minor; /* minor does not count, and name is a prefix */
	bool is_block;
	char name[SYSFS_NAME_SIZE]; /* below /dev */
};

struct nodes {
	struct node *items; /* owned */
	size_t count;
	char *blind; /* owned; what could not be read, so that nobody can tell which nodes there are; NULL if all was */
};

/* Adds the nodes of a device, those of an NVMe subsystem that it serves included. number: what each is marked with. */
void nodes_find(struct nodes *nodes, int root, const struct device *device, size_t number);
void nodes_free(struct nodes *nodes);

/* Is this the node's file? link: as proc/PID/fd and proc/PID/maps show it, with " (deleted)" or not. */
bool nodes_has_name(const struct node *node, const char *link);

/*
 * Is the framebuffer console bound, and on a framebuffer of the device with this number? The kernel shows nowhere
 * which one it uses; by default that is the first (drivers/video/fbdev/core/fbcon.c). With fbcon=map: all count. What
 * cannot be read makes nodes blind.
 */
bool nodes_has_console(struct nodes *nodes, int root, size_t number);

#endif
