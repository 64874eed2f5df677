/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `vfio-hook check`: how guests of libvirt get what they are promised on this host: by the hook, by vfio-hookd, or not.
 */
#ifndef VFIOKIT_HOOKS_MODE_H
#define VFIOKIT_HOOKS_MODE_H

#include "hooks/host.h"

/* Prints it. Returns the exit code: 1 if nobody would do it, or that is unknown. Changes nothing. */
int mode_print(struct host *host, bool json);

#endif
