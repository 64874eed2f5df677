/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libvirt's daemon as it looks from outside: does it know of our hook, and may it run it? Asks libvirt nothing. */
#ifndef VFIOKIT_HOOKS_DAEMON_H
#define VFIOKIT_HOOKS_DAEMON_H

#include "hooks/host.h"

enum daemon_answer { DAEMON_UNKNOWN, DAEMON_NO, DAEMON_YES };

struct daemon_view {
	bool is_installed; /* its directory has our program, or a link to it */
	const char *name;  /* of the daemon; NULL: none runs, and the rest is unknown */
	char *label;       /* owned; what confines it, in the kernel's words: "libvirtd (enforce)"; NULL: nothing */
	enum daemon_answer sees_hook; /* it looks whether there are hooks when it starts and when it is reloaded */
	/* What confines it lets it execute our program. Where SELinux enforces that is unknown until it did. */
	enum daemon_answer may_run;
};

/* Notes that libvirt's daemon has run us, now. */
void daemon_note_call(int root);

/* Free it with daemon_free(). */
void daemon_look(struct host *host, struct daemon_view *ret);
void daemon_free(struct daemon_view *view);

#endif
