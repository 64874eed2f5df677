/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One call of libvirt: a guest's name, an operation, a sub-operation, something extra, and the guest's description on
 * standard input. Only "prepare" may refuse, with one line on standard error; a non-zero exit of "started" or
 * "reconnect" would kill a running guest. Nothing is ever printed on standard output: in "migrate" and "restore"
 * libvirt would take it for the description. What we do not know is no business of ours.
 */
#ifndef VFIOKIT_HOOKS_CALL_H
#define VFIOKIT_HOOKS_CALL_H

#include "hooks/host.h"

/* A call ends after this time, whatever hangs (ms). */
#define CALL_TIME 10000

/* words: the four of libvirt. Returns the exit code. */
int call_run(struct host *host, char *const words[4]);

#endif
