/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * booster: it has no hooks and no drop-ins, so its user edits one file and adds a kernel argument. These are the lines.
 */
#ifndef VFIOKIT_BOOSTER_H
#define VFIOKIT_BOOSTER_H

#include "binder/session.h"

struct cJSON;

/*
 * Prints them, or adds them to a JSON document. A kernel panics if rdinit= names a file that is not in the image, so
 * that line comes only if the images (the one that options->words names, or booster's in /boot) hold the program, the
 * policy and the modules. Returns an exit code: 0 if so, 1 if not yet.
 */
int booster_show(const struct session *session, const struct options *options, struct cJSON *document);

#endif
