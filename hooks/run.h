/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest without libvirt: what "prepare" and "started" do, and then this process becomes QEMU. Nobody supervises it;
 * its guard sees its end.
 */
#ifndef VFIOKIT_HOOKS_RUN_H
#define VFIOKIT_HOOKS_RUN_H

#include "hooks/host.h"

/*
 * guest: chooses the section of hooks.conf, and names the claim; a name or a UUID. words: the program and its words,
 * with a NULL at the end. Returns only if QEMU does not run: the exit code, 126 and 127 as of a shell.
 */
int run_guest(struct host *host, const char *guest, char **words);

#endif
