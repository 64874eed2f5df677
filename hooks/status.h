/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `vfio-hook status`: what guests claim, and what the host made of it. Changes nothing. */
#ifndef VFIOKIT_HOOKS_STATUS_H
#define VFIOKIT_HOOKS_STATUS_H

#include "hooks/host.h"

/* Returns the exit code: 1 if something is not as the claims want it. */
int status_print(struct host *host, bool json);

#endif
