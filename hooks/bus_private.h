/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of bus.h share. This is the only file that includes sd-bus. */
#ifndef VFIOKIT_HOOKS_BUS_PRIVATE_H
#define VFIOKIT_HOOKS_BUS_PRIVATE_H

#include <systemd/sd-bus.h>

#include "hooks/bus.h"

struct bus {
	sd_bus *bus;
	uint64_t deadline;
	char *error; /* owned; NULL if the last call went well */
	char *job;   /* owned; the job that we wait for */
	bool has_subscribed, job_ended, job_failed, profiles_changed;
};

/* In the microseconds of sd-bus; never 0, which would stand for its default of 25 s. */
uint64_t bus_time_left(const struct bus *bus);

/* Keeps what an error reply said, frees it, and returns the result as 0 or a negative errno. */
int bus_finish(struct bus *bus, sd_bus_error *error, int result);

/* Sends a message that was built with this result, and takes it over. */
int bus_call(struct bus *bus, sd_bus_message *message, int built, sd_bus_message **ret_reply);

#endif
