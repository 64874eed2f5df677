/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The add-on: a second initramfs, for images that we have no glue for. A boot loader puts it in front of or behind any
 * image, and rdinit= starts the program in it. It holds the program, the policy, and modules with an index of their own
 * for one kernel, all below PATH_ADDON.
 */
#ifndef VFIOKIT_ADDON_H
#define VFIOKIT_ADDON_H

#include "binder/session.h"

/*
 * Writes the add-on for the session's kernel. The same inputs give the same bytes. options: policy and output.
 * Returns an exit code: 0, or 1 with nothing written, which is explained on stderr.
 */
int addon_write(const struct session *session, const struct options *options, size_t *ret_bytes);

#endif
