/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hooks.conf: what is to be done for which guest. [guests] holds what is true for all of them, [guest NAME] or
 * [guest UUID] what is different for one. [usb NAME] says which USB device goes to whom, [usb] who may command that;
 * see hooks/conf_usb.h. What is wrong disables the section in which it stands, and never a start.
 */
#ifndef VFIOKIT_HOOKS_CONF_H
#define VFIOKIT_HOOKS_CONF_H

#include <stdbool.h>

#include "hooks/conf_usb.h"
#include "lib/cpulist.h"
#include "lib/problem.h"

enum conf_isolate { ISOLATE_UNSET, ISOLATE_NO, ISOLATE_PINNED, ISOLATE_LIST };
enum conf_siblings { SIBLINGS_UNSET, SIBLINGS_WARN, SIBLINGS_INCLUDE };
enum conf_inhibit { INHIBIT_UNSET, INHIBIT_AUTO, INHIBIT_LIST };
enum conf_claim { CLAIM_UNSET, CLAIM_YES, CLAIM_NO };

/* Bits of inhibit_what. */
enum { INHIBIT_SLEEP = 1 << 0, INHIBIT_IDLE = 1 << 1, INHIBIT_SHUTDOWN = 1 << 2, INHIBIT_LID = 1 << 3 };

/* Bits of require: what refuses the start when it cannot be had. */
enum { REQUIRE_ISOLATION = 1 << 0, REQUIRE_DEVICES = 1 << 1 };

struct guest_settings {
	enum conf_isolate isolate;
	struct cpulist cpus; /* of ISOLATE_LIST */
	enum conf_siblings siblings;
	enum conf_inhibit inhibit;
	unsigned int inhibit_what; /* of INHIBIT_LIST; 0: nothing */
	enum conf_claim claim_disks;
	bool has_require;
	unsigned int require;
};

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

/* The words of a list of INHIBIT_..., as logind wants them: "sleep:idle". Owned by the caller. */
char *conf_inhibit_words(unsigned int what);

#endif
