/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What libvirt writes to a hook's standard input. */
#ifndef VFIOKIT_HOOKS_INPUT_H
#define VFIOKIT_HOOKS_INPUT_H

#include <stddef.h>

#include "hooks/host.h"

/*
 * Reads until its end, the limit of a description's size (DOMAIN_SIZE_MAX) or the host's deadline: what is missing then
 * makes it ill-formed. Ends with a NUL that does not count; owned by the caller.
 */
char *input_read(const struct host *host, size_t *ret_length);

#endif
