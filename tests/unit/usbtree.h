/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A root with USB devices and what hangs on them, as sysfs has it. */
#ifndef TESTS_UNIT_USBTREE_H
#define TESTS_UNIT_USBTREE_H

/* Where devices of the tree are: below a controller of the usual kind. */
#define USBTREE_HOST "sys/devices/pci0000:00/0000:00:14.0"

/* Writes a file of this text; makes the directories above it. */
void usbtree_write(int root, const char *path, const char *text);

/* Makes a link, from the root. */
void usbtree_link(int root, const char *path, const char *target);

/* "usb1" or "1-4.2", with its attributes as "NAME=VALUE" words; below it an interface of that class, as "1-4.2:1.0". */
void usbtree_device(int root, const char *name, unsigned int number, const char *id, const char *interface_class);

/* Where it is: "sys/devices/.../usb1/1-4/1-4.2". Owned by the caller. */
char *usbtree_path(const char *name);

/* An input device below that directory of sys/: what it can is given by a word: keyboard, mouse, touchpad, pen, button.
 */
void usbtree_input(int root, const char *input, const char *below, const char *what);

#endif
