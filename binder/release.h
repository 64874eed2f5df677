/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Carries out the plan of a release: each device goes back to its native driver, and the driver link is read back. */
#ifndef VFIOKIT_RELEASE_H
#define VFIOKIT_RELEASE_H

#include "binder/apply.h"

/* First: what was set on the devices when they were bound is to be set back, as the reports of this boot tell. */
void release_load(struct apply *apply);

/* Instead of apply_run(). A device whose driver does not let go is left behind; the next one has its turn. */
void release_run(struct apply *apply);

/* After apply_recover(): what has no driver yet gets one. */
void release_finish(struct apply *apply);

/* Instead of apply_conclude(). What the driver link shows is what is reported. */
void release_conclude(struct apply *apply);

#endif
