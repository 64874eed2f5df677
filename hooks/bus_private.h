/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of bus.h share. This is the only file that includes sd-bus. */
#ifndef VFIOKIT_HOOKS_BUS_PRIVATE_H
#define VFIOKIT_HOOKS_BUS_PRIVATE_H

#include <systemd/sd-bus.h>

#include "hooks/bus.h"

/* All that is used of it, without its "sd_". */
struct sd_functions {
	typeof(sd_bus_add_match_async) *bus_add_match_async;
	typeof(sd_bus_call) *bus_call;
	typeof(sd_bus_close_unref) *bus_close_unref;
	typeof(sd_bus_error_free) *bus_error_free;
	typeof(sd_bus_error_has_name) *bus_error_has_name;
	typeof(sd_bus_get_fd) *bus_get_fd;
	typeof(sd_bus_get_property) *bus_get_property;
	typeof(sd_bus_is_ready) *bus_is_ready;
	typeof(sd_bus_match_signal_async) *bus_match_signal_async;
	typeof(sd_bus_message_append) *bus_message_append;
	typeof(sd_bus_message_append_array) *bus_message_append_array;
	typeof(sd_bus_message_close_container) *bus_message_close_container;
	typeof(sd_bus_message_enter_container) *bus_message_enter_container;
	typeof(sd_bus_message_exit_container) *bus_message_exit_container;
	typeof(sd_bus_message_new_method_call) *bus_message_new_method_call;
	typeof(sd_bus_message_open_container) *bus_message_open_container;
	typeof(sd_bus_message_read) *bus_message_read;
	typeof(sd_bus_message_read_array) *bus_message_read_array;
	typeof(sd_bus_message_set_expect_reply) *bus_message_set_expect_reply;
	typeof(sd_bus_message_skip) *bus_message_skip;
	typeof(sd_bus_message_unref) *bus_message_unref;
	typeof(sd_bus_open_system) *bus_open_system;
	typeof(sd_bus_path_encode) *bus_path_encode;
	typeof(sd_bus_process) *bus_process;
	typeof(sd_bus_send) *bus_send;
	typeof(sd_bus_set_method_call_timeout) *bus_set_method_call_timeout;
	typeof(sd_bus_wait) *bus_wait;
};

extern struct sd_functions sd;

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
