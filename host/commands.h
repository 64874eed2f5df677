/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The commands of vfiokit. Each returns an exit code. */
#ifndef VFIOKIT_HOST_COMMANDS_H
#define VFIOKIT_HOST_COMMANDS_H

#include "binder/options.h"

int command_list(const struct options *options, int root);

int command_check(const struct options *options, int root);

/* [--needs] */
int command_record(const struct options *options, int root);

/* [ADDRESS]... or --ask. */
int command_suggest(const struct options *options, int root);

int command_import(const struct options *options, int root);

/* ADDRESS..., and for release also --all. */
int command_bind(const struct options *options, int root);
int command_release(const struct options *options, int root);

/* The binder's command_status, in lines that fit the screen. */
int command_status_wrapped(const struct options *options, int root);

/* --list, --explain, --output FILE or --booster [IMAGE]. */
int command_image(const struct options *options, int root);

/* Ends the stand-down of automatic disarm. */
int command_arm(const struct options *options, int root);

/* [SECONDS]: waits for a login, or so long, and marks this boot as a success. For vfiokit-boot-ok.service. */
int command_boot_ok(const struct options *options, int root);

#endif
