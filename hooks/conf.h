/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hooks.conf: what is to be done for which guest. [guests] holds what is true for all of them, [guest NAME] or
 * [guest UUID] what is different for one. [usb NAME] says which USB device goes to whom, [usb] who may command that;
 * see hooks/conf_usb.h. What is wrong disables the section in which it stands, and never a start.
 */
#ifndef VFIOKIT_HOOKS_CONF_H
#define VFIOKIT_HOOKS_CONF_H

#include <stdbool.h>

#include "hooks/conf_guest.h"
#include "hooks/conf_usb.h"
#include "lib/problem.h"

struct conf_guest {
	char *guest; /* owned; a name or a UUID */
	struct guest_settings settings;
	bool is_broken;
};

struct hooks_conf {
	struct guest_settings defaults; /* as [guests] says; unset where it does not */
	bool has_broken_defaults;
	struct conf_guest *guests; /* owned */
	size_t n_guests;
	struct usb_rule *usb; /* owned; in the order of the file, broken ones included */
	size_t n_usb;
	char *usb_group; /* owned; whose members may command vfio-usbd; NULL: the built-in one */
};

/* Reads the root's hooks.conf; that there is none is no problem. Free it with conf_free() in any case. */
void conf_read(struct hooks_conf *conf, int root, struct problems *problems);

/* The same from a text. name: as problems shall show it. */
void conf_parse(struct hooks_conf *conf, const char *text, size_t length, const char *name, struct problems *problems);
void conf_free(struct hooks_conf *conf);

/*
 * What is true for this guest, with nothing unset: its UUID's section, else its name's, else [guests], else what is
 * built in, for each key by itself. A broken section counts as if it were not there. uuid may be NULL.
 */
void conf_settings(const struct hooks_conf *conf, const char *name, const char *uuid, struct guest_settings *ret);

#endif
