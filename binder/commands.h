/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The commands of vfio-bind. Each returns an exit code. */
#ifndef VFIOKIT_COMMANDS_H
#define VFIOKIT_COMMANDS_H

#include "binder/options.h"

int command_plan(const struct options *options, int root);
int command_apply(const struct options *options, int root);

/* Plans and applies under a deadline, in a child of its own; the exit code is always 0. */
int command_boot(const struct options *options, int root);

/* In front of any init: boot, then that init in this very process. Returns only if there is no init at all. */
int command_init(char **argv, char **environment);

/* Are we PID 1 of the machine (not of a container)? Then command_init() is what to do, whatever the words are. */
bool init_is_first_process(void);

/* Also a command of vfiokit. */
int command_status(const struct options *options, int root);

/* What a person asks for (options->request) on the running system: command is "bind" or "release". */
int request_supervised(const char *command, const struct options *options, int root);

/* What command_boot and command_init have in common. directory: where report and journal go. */
void boot_supervised(const struct options *options, int root, const char *directory);

#endif
