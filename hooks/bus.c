/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/bus_private.h"

#include <errno.h>
#include <fcntl.h>

#include "hooks/claims.h"
#include "lib/util.h"

#define SYSTEMD "org.freedesktop.systemd1"
#define SYSTEMD_PATH "/org/freedesktop/systemd1"
#define SYSTEMD_MANAGER SYSTEMD ".Manager"
#define LOGIND "org.freedesktop.login1"

uint64_t bus_time_left(const struct bus *bus)
{
	uint64_t clock = claims_clock();

	return clock < bus->deadline ? (bus->deadline - clock) * 1000 : 1;
}

static bool is_late(const struct bus *bus)
{
	return claims_clock() >= bus->deadline;
}

/* sd_bus_call() would wait for the greeting of a stalled bus without any limit. */
static int wait_until_ready(const struct bus *bus)
{
	int result;

	while ((result = sd_bus_is_ready(bus->bus)) == 0) {
		if (is_late(bus))
			return -ETIMEDOUT;
		result = sd_bus_process(bus->bus, NULL);
		if (result == 0)
			result = sd_bus_wait(bus->bus, bus_time_left(bus));
		if (result < 0)
			return result;
	}
	return result < 0 ? result : 0;
}

int bus_open(struct bus **ret, uint64_t deadline)
{
	struct bus *bus;
	int result;

	bus = util_alloc(sizeof(*bus));
	bus->deadline = deadline;
	result = sd_bus_open_system(&bus->bus);
	if (result >= 0)
		result = wait_until_ready(bus);
	if (result < 0) {
		bus_close(bus);
		return result;
	}
	*ret = bus;
	return 0;
}

void bus_set_deadline(struct bus *bus, uint64_t deadline)
{
	bus->deadline = deadline;
}

void bus_close(struct bus *bus)
{
	if (bus == NULL)
		return;
	sd_bus_close_unref(bus->bus);
	free(bus->error);
	free(bus->job);
	free(bus);
}

const char *bus_error(const struct bus *bus)
{
	return bus->error != NULL ? bus->error : "";
}

int bus_finish(struct bus *bus, sd_bus_error *error, int result)
{
	bool is_unknown = sd_bus_error_has_name(error, SYSTEMD ".NoSuchUnit") > 0 ||
			  sd_bus_error_has_name(error, SD_BUS_ERROR_UNKNOWN_OBJECT) > 0;
	bool is_busy = sd_bus_error_has_name(error, LOGIND ".OperationInProgress") > 0;

	free(bus->error);
	bus->error = error->message != NULL ? util_copy_printable(error->message) : NULL;
	sd_bus_error_free(error);
	if (is_unknown)
		return -ENOENT;
	if (is_busy)
		return -EAGAIN;
	return result < 0 ? result : 0;
}

int bus_call(struct bus *bus, sd_bus_message *message, int built, sd_bus_message **ret_reply)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	int result = built;

	if (result >= 0 && is_late(bus))
		result = -ETIMEDOUT;
	if (result >= 0)
		result = sd_bus_call(bus->bus, message, bus_time_left(bus), &error, ret_reply);
	sd_bus_message_unref(message);
	return bus_finish(bus, &error, result);
}

static int new_systemd_call(struct bus *bus, const char *method, sd_bus_message **ret)
{
	return sd_bus_message_new_method_call(bus->bus, ret, SYSTEMD, SYSTEMD_PATH, SYSTEMD_MANAGER, method);
}

static int get_property(struct bus *bus, const char *unit, const char *interface, const char *name, const char *type,
			sd_bus_message **ret)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	char *path = NULL;
	int result = is_late(bus) ? -ETIMEDOUT : sd_bus_path_encode(SYSTEMD_PATH "/unit", unit, &path);

	if (result >= 0)
		result = sd_bus_set_method_call_timeout(bus->bus, bus_time_left(bus));
	if (result >= 0)
		result = sd_bus_get_property(bus->bus, SYSTEMD, path, interface, name, &error, ret, type);
	free(path);
	return bus_finish(bus, &error, result);
}

int bus_get_allowed_cpus(void *context, const char *unit, struct cpulist *ret)
{
	struct bus *bus = context;
	const char *interface = ends_with(unit, ".slice")   ? SYSTEMD ".Slice"
				: ends_with(unit, ".scope") ? SYSTEMD ".Scope"
							    : SYSTEMD ".Service";
	sd_bus_message *reply = NULL;
	const void *bytes = NULL;
	size_t size = 0;
	int result = get_property(bus, unit, interface, "AllowedCPUs", "ay", &reply);

	if (result == 0)
		result = sd_bus_message_read_array(reply, 'y', &bytes, &size);
	if (result >= 0)
		result = cpulist_from_bytes(bytes, size, ret) ? 0 : -ERANGE;
	sd_bus_message_unref(reply);
	return result;
}

/* a(sv) with the one property. */
static int append_allowed(sd_bus_message *message, const uint8_t *bytes, size_t size)
{
	int result = sd_bus_message_open_container(message, 'a', "(sv)");

	if (result >= 0)
		result = sd_bus_message_open_container(message, 'r', "sv");
	if (result >= 0)
		result = sd_bus_message_append(message, "s", "AllowedCPUs");
	if (result >= 0)
		result = sd_bus_message_open_container(message, 'v', "ay");
	if (result >= 0)
		result = sd_bus_message_append_array(message, 'y', bytes, size);
	for (int i = 0; result >= 0 && i < 3; i++)
		result = sd_bus_message_close_container(message);
	return result;
}

int bus_set_allowed_cpus(void *context, const char *unit, const struct cpulist *cpus)
{
	uint8_t bytes[CPULIST_BYTES];
	size_t size = cpulist_to_bytes(cpus, bytes);
	sd_bus_message *message = NULL;
	int result = new_systemd_call(context, "SetUnitProperties", &message);

	if (result >= 0)
		result = sd_bus_message_append(message, "sb", unit, true);
	if (result >= 0)
		result = append_allowed(message, bytes, size);
	return bus_call(context, message, result, NULL);
}

/* --- units ------------------------------------------------------------------------------------------------------ */

static int on_job_removed(sd_bus_message *message, void *context, sd_bus_error *error)
{
	struct bus *bus = context;
	const char *path = "", *unit, *result = "";
	uint32_t id;

	(void)error;
	if (sd_bus_message_read(message, "uoss", &id, &path, &unit, &result) < 0 || bus->job == NULL ||
	    !streq(path, bus->job))
		return 0;
	bus->job_ended = true;
	bus->job_failed = !streq(result, "done");
	return 0;
}

/* The signal may be queued behind the reply that names the job, never in front of it. */
static int wait_for_job(struct bus *bus)
{
	while (!bus->job_ended) {
		int result = sd_bus_process(bus->bus, NULL);

		if (result == 0 && is_late(bus))
			return -ETIMEDOUT;
		if (result == 0)
			result = sd_bus_wait(bus->bus, bus_time_left(bus));
		if (result < 0)
			return result;
	}
	return bus->job_failed ? -ECANCELED : 0;
}

static int take_job(sd_bus_message *reply, char **ret)
{
	const char *path = "";
	int result = sd_bus_message_read(reply, "o", &path);

	if (result >= 0)
		*ret = util_copy(path);
	return result;
}

/* StartUnit and its like; ret_job: a copy of the job's path, or NULL. */
static int queue_job(struct bus *bus, const char *method, const char *unit, char **ret_job)
{
	sd_bus_message *message = NULL, *reply = NULL;
	int result = new_systemd_call(bus, method, &message);

	if (result >= 0)
		result = sd_bus_message_append(message, "ss", unit, "replace");
	result = bus_call(bus, message, result, &reply);
	if (result == 0 && ret_job != NULL)
		result = take_job(reply, ret_job);
	sd_bus_message_unref(reply);
	return result < 0 ? result : 0;
}

/*
 * systemd sends signals only while somebody has subscribed; that ends with the connection. Neither answer is waited
 * for: the bus and systemd take our messages in order, and a connection whose match was refused is closed by sd-bus.
 */
static int subscribe(struct bus *bus)
{
	sd_bus_message *message = NULL;
	int result;

	if (bus->has_subscribed)
		return 0;
	result = sd_bus_match_signal_async(bus->bus, NULL, SYSTEMD, SYSTEMD_PATH, SYSTEMD_MANAGER, "JobRemoved",
					   on_job_removed, NULL, bus);
	if (result >= 0)
		result = new_systemd_call(bus, "Subscribe", &message);
	if (result >= 0)
		result = sd_bus_message_set_expect_reply(message, false);
	if (result >= 0)
		result = sd_bus_send(bus->bus, message, NULL);
	sd_bus_message_unref(message);
	bus->has_subscribed = result >= 0;
	return result < 0 ? result : 0;
}

/* From now on the end of a job is noticed. */
static int expect_job(struct bus *bus)
{
	free(bus->job);
	bus->job = NULL;
	bus->job_ended = false;
	return subscribe(bus);
}

static int run_job(struct bus *bus, const char *method, const char *unit)
{
	int result = expect_job(bus);

	if (result == 0)
		result = queue_job(bus, method, unit, &bus->job);
	if (result == 0)
		result = wait_for_job(bus);
	return result;
}

int bus_start_unit(struct bus *bus, const char *unit)
{
	return queue_job(bus, "StartUnit", unit, NULL);
}

int bus_restart_unit(struct bus *bus, const char *unit)
{
	return run_job(bus, "RestartUnit", unit);
}

int bus_stop_unit(struct bus *bus, const char *unit)
{
	int result = run_job(bus, "StopUnit", unit);

	return result == -ENOENT ? 0 : result;
}

int bus_enter_scope(struct bus *bus, const char *scope, const char *slice, const char *description)
{
	sd_bus_message *message = NULL, *reply = NULL;
	int result = expect_job(bus);

	if (result == 0)
		result = new_systemd_call(bus, "StartTransientUnit", &message);
	if (result >= 0)
		result = sd_bus_message_append(message, "ssa(sv)a(sa(sv))", scope, "fail", 4, "Description", "s",
					       description, "Slice", "s", slice, "CollectMode", "s",
					       "inactive-or-failed", "PIDs", "au", 1, (uint32_t)getpid(), 0);
	result = bus_call(bus, message, result, &reply);
	if (result == 0)
		result = take_job(reply, &bus->job);
	sd_bus_message_unref(reply);
	return result < 0 ? result : wait_for_job(bus);
}

int bus_unit_state(struct bus *bus, const char *unit, char **ret)
{
	sd_bus_message *reply = NULL;
	const char *state = "";
	int result = get_property(bus, unit, SYSTEMD ".Unit", "ActiveState", "s", &reply);

	if (result == 0)
		result = sd_bus_message_read(reply, "s", &state);
	if (result >= 0)
		*ret = util_copy(state);
	sd_bus_message_unref(reply);
	return result < 0 ? result : 0;
}

int bus_unit_changed(struct bus *bus, const char *unit, uint64_t *ret)
{
	sd_bus_message *reply = NULL;
	int result = get_property(bus, unit, SYSTEMD ".Unit", "StateChangeTimestamp", "t", &reply);

	if (result == 0)
		result = sd_bus_message_read(reply, "t", ret);
	sd_bus_message_unref(reply);
	return result < 0 ? result : 0;
}

/* --- logind ----------------------------------------------------------------------------------------------------- */

static int new_logind_call(struct bus *bus, const char *method, sd_bus_message **ret)
{
	return sd_bus_message_new_method_call(bus->bus, ret, LOGIND, "/org/freedesktop/login1", LOGIND ".Manager",
					      method);
}

int bus_list_inhibitors(struct bus *bus, struct bus_inhibitor **ret, size_t *ret_n)
{
	sd_bus_message *message = NULL, *reply = NULL;
	const char *what, *who, *why, *mode;
	uint32_t user, process;
	int result = new_logind_call(bus, "ListInhibitors", &message);

	*ret = NULL;
	*ret_n = 0;
	result = bus_call(bus, message, result, &reply);
	if (result == 0)
		result = sd_bus_message_enter_container(reply, 'a', "(ssssuu)");
	while (result >= 0 &&
	       (result = sd_bus_message_read(reply, "(ssssuu)", &what, &who, &why, &mode, &user, &process)) > 0)
		if (streq(mode, "block"))
			*(struct bus_inhibitor *)util_append(ret, ret_n, sizeof(**ret)) = (struct bus_inhibitor){
				util_copy_printable(what), util_copy_printable(who), util_copy_printable(why)
			};
	sd_bus_message_unref(reply);
	return result < 0 ? result : 0;
}

int bus_inhibit(struct bus *bus, const char *what, const char *who, const char *why, int *ret_fd)
{
	sd_bus_message *message = NULL, *reply = NULL;
	int fd = -1;
	int result = new_logind_call(bus, "Inhibit", &message);

	if (result >= 0)
		result = sd_bus_message_append(message, "ssss", what, who, why, "block");
	result = bus_call(bus, message, result, &reply);
	if (result == 0)
		result = sd_bus_message_read(reply, "h", &fd);
	if (result >= 0) {
		/* The message closes its own. */
		*ret_fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
		result = *ret_fd < 0 ? -errno : 0;
	}
	sd_bus_message_unref(reply);
	return result;
}
