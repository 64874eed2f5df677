/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QEMU's command line as a description of the guest: what domain.h is for libvirt's XML. No I/O: each path that QEMU
 * would open as a disk is listed, whether it is a block device or not (run.c looks).
 */
#ifndef VFIOKIT_HOOKS_COMMANDLINE_H
#define VFIOKIT_HOOKS_COMMANDLINE_H

#include "hooks/domain.h"

struct commandline {
	/*
	 * The name is the one that was given; the UUID that of -uuid, else the name if that is one, else made of the
	 * name: the same for the same name. Paths of disks are as QEMU would open them: they may be relative.
	 */
	struct domain domain;
	char *refusal; /* owned; why this guest cannot be started this way, as a phrase; NULL: it can */
	char *unclear; /* owned; why nobody can tell which disks it gets, as a phrase; NULL: they are known */
};

/* words: behind the program's name, with a NULL at the end. Free it with commandline_free(). */
void commandline_read(struct commandline *line, const char *name, const char *const words[]);
void commandline_free(struct commandline *line);

#endif
