/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the plan is at the next boot: early in it no module has come to a device yet. */
#ifndef VFIOKIT_HOST_NEXT_BOOT_H
#define VFIOKIT_HOST_NEXT_BOOT_H

#include "binder/session.h"

/*
 * Makes a dry run's plan anew as if native drivers were there only if they are built into the session's kernel. That an
 * image loads a module before vfio-bind runs cannot be seen from here.
 */
void next_boot_plan(struct session *session);

/*
 * For an entry of that plan: the native driver that has the device now, and keeps it if it is there that early. Owned
 * by the caller; NULL if that does not matter.
 */
char *next_boot_rival(const struct session *session, const struct plan_entry *entry);

#endif
