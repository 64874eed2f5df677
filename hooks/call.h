/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One call of libvirt: a guest's name, an operation, a sub-operation, something extra, and the guest's description on
 * standard input. Only "prepare" may refuse, with one line on standard error; a non-zero exit of "started" or
 * "reconnect" would kill a running guest. Nothing is ever printed on standard output: in "migrate" and "restore"
 * libvirt would take it for the description. What we do not know is no business of ours.
 */
#ifndef VFIOKIT_HOOKS_CALL_H
#define VFIOKIT_HOOKS_CALL_H

#include "hooks/domain.h"
#include "hooks/host.h"

/* A call ends after this time, whatever hangs (ms). */
#define CALL_TIME 10000

/* words: the four of libvirt. Returns the exit code. */
int call_run(struct host *host, char *const words[4]);

/*
 * The same operations for those who know of a guest by other ways (run.c, hookd.c). The description is borrowed; each
 * has CALL_TIME from now.
 *
 * call_prepare(): everything that the guest needs before its QEMU comes. unclear: why its disks are not all known, as a
 * phrase, or NULL. Returns 0; or the exit code, if the start was refused: then that was said, and nothing is claimed.
 * call_adopt(): its QEMU runs, whoever started it. is_reconnect: others may have ended unseen, or lost their guards.
 * call_give_back(): everything that it claims, whether it runs or not.
 */
int call_prepare(struct host *host, const struct domain *domain, const char *unclear);
void call_adopt(struct host *host, const struct domain *domain, bool is_reconnect);
void call_give_back(struct host *host, const struct domain *domain);

/* Says that a guest is not started, where ("": nowhere) and why. Returns the exit code. */
int call_refuse(const struct host *host, const char *guest, const char *where, const char *why);

#endif
