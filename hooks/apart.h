/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For a child process of a hook that may hang in the kernel for good. */
#ifndef VFIOKIT_HOOKS_APART_H
#define VFIOKIT_HOOKS_APART_H

/*
 * What it must not keep from others: the lock of the hooks, and libvirt's pipes, whose end libvirt waits for. It ends
 * with its parent, if it can. To be called behind a change of user, with which the kernel forgets that.
 */
void apart_stand(int root);

#endif
