/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The options that only vfiokit has. */
#ifndef VFIOKIT_HOST_OPTIONS_H
#define VFIOKIT_HOST_OPTIONS_H

#include "binder/options.h"

/* For struct program. */
extern const struct option_row host_options[];

#endif
