/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a guard says about itself, in a file for each guest in /run/vfiokit/held: that it is there, and which disks of
 * the claim it holds. The claim says what it should hold.
 *
 *	guard 4711 98765                its pid, and when it started (field 22 of /proc/PID/stat)
 *	held /dev/sdb                   nobody else can use it
 *	absent /dev/sr0                 there is nothing to hold: no such device, or no medium in it
 *
 * A disk of the claim that is not there could not be had.
 */
#ifndef VFIOKIT_HOOKS_HELD_H
#define VFIOKIT_HOOKS_HELD_H

#include "hooks/claim.h"

enum held_state { HELD_MISSING, HELD_ABSENT, HELD_HELD };

/* The guard says it: a state for each disk of the claim. Those that are only checked are left out, here and below. */
int held_write(int root, const struct claim *claim, const enum held_state *states);
void held_remove(int root, const char *uuid);

/* Has the guest a guard that lives, and has all that it could get? */
bool held_is_guarded(int root, const char *uuid);

/* A state for each disk of the claim, owned by the caller. HELD_MISSING for all if there is no guard that lives. */
enum held_state *held_read(int root, const struct claim *claim);

#endif
