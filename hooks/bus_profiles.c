/* SPDX-License-Identifier: GPL-2.0-or-later */
/* power-profiles-daemon. */
#include "hooks/bus_private.h"
#include "lib/util.h"

#define DBUS "org.freedesktop.DBus"
#define PERFORMANCE "performance"

/* Newer ones have both names. The interface is called like the name. */
static const struct {
	const char *name, *path;
} daemons[] = {
	{ "org.freedesktop.UPower.PowerProfiles", "/org/freedesktop/UPower/PowerProfiles" },
	{ "net.hadess.PowerProfiles", "/net/hadess/PowerProfiles" },
};

static int has_owner(struct bus *bus, const char *name, bool *ret)
{
	sd_bus_message *message = NULL, *reply = NULL;
	int has = 0;
	int result = sd.bus_message_new_method_call(bus->bus, &message, DBUS, "/org/freedesktop/DBus", DBUS,
						    "NameHasOwner");

	if (result >= 0)
		result = sd.bus_message_append(message, "s", name);
	result = bus_call(bus, message, result, &reply);
	if (result == 0)
		result = sd.bus_message_read(reply, "b", &has);
	sd.bus_message_unref(reply);
	*ret = has != 0;
	return result < 0 ? result : 0;
}

/* One a{sv}: is its "Profile" the one that we want? Returns a negative errno if the answer cannot be read. */
static int read_profile(sd_bus_message *reply, bool *is_performance)
{
	const char *key = "", *value = "";
	int result;

	while ((result = sd.bus_message_enter_container(reply, 'e', "sv")) > 0) {
		result = sd.bus_message_read(reply, "s", &key);
		if (result >= 0 && streq(key, "Profile")) {
			result = sd.bus_message_read(reply, "v", "s", &value);
			*is_performance = result >= 0 && streq(value, PERFORMANCE);
		} else if (result >= 0) {
			result = sd.bus_message_skip(reply, "v");
		}
		if (result >= 0)
			result = sd.bus_message_exit_container(reply);
		if (result < 0)
			return result;
	}
	return result;
}

static int offers_performance(struct bus *bus, size_t i, bool *ret)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *reply = NULL;
	int result = sd.bus_set_method_call_timeout(bus->bus, bus_time_left(bus));

	if (result >= 0)
		result = sd.bus_get_property(bus->bus, daemons[i].name, daemons[i].path, daemons[i].name, "Profiles",
					     &error, &reply, "aa{sv}");
	result = bus_finish(bus, &error, result);
	if (result == 0)
		result = sd.bus_message_enter_container(reply, 'a', "a{sv}");
	*ret = false;
	while (result >= 0 && !*ret && (result = sd.bus_message_enter_container(reply, 'a', "{sv}")) > 0) {
		result = read_profile(reply, ret);
		if (result >= 0)
			result = sd.bus_message_exit_container(reply);
	}
	sd.bus_message_unref(reply);
	return result < 0 ? result : 0;
}

int bus_find_profiles(struct bus *bus, const char **ret)
{
	*ret = NULL;
	for (size_t i = 0; i < ARRAY_SIZE(daemons) && *ret == NULL; i++) {
		bool is_there = false, offers = false;
		int result = has_owner(bus, daemons[i].name, &is_there);

		if (result == 0 && is_there)
			result = offers_performance(bus, i, &offers);
		if (result < 0)
			return result;
		if (offers)
			*ret = daemons[i].name;
	}
	return 0;
}

int bus_hold_performance(struct bus *bus, const char *daemon, const char *who, const char *why)
{
	sd_bus_message *message = NULL;
	const char *path = streq(daemon, daemons[0].name) ? daemons[0].path : daemons[1].path;
	int result = sd.bus_message_new_method_call(bus->bus, &message, daemon, path, daemon, "HoldProfile");

	if (result >= 0)
		result = sd.bus_message_append(message, "sss", PERFORMANCE, why, who);
	return bus_call(bus, message, result, NULL);
}

static int on_owner_changed(sd_bus_message *message, void *context, sd_bus_error *error)
{
	(void)message;
	(void)error;
	((struct bus *)context)->profiles_changed = true;
	return 0;
}

int bus_watch_profiles(struct bus *bus)
{
	int result = 0;

	for (size_t i = 0; i < ARRAY_SIZE(daemons) && result >= 0; i++) {
		cleanup_free char *match = util_format("type='signal',sender='" DBUS "',interface='" DBUS
						       "',member='NameOwnerChanged',arg0='%s'",
						       daemons[i].name);

		result = sd.bus_add_match_async(bus->bus, NULL, match, on_owner_changed, NULL, bus);
	}
	return result < 0 ? result : 0;
}

int bus_fd(const struct bus *bus)
{
	return sd.bus_get_fd(bus->bus);
}

int bus_profiles_changed(struct bus *bus)
{
	int result;

	do
		result = sd.bus_process(bus->bus, NULL);
	while (result > 0);
	if (result < 0)
		return result;
	result = bus->profiles_changed;
	bus->profiles_changed = false;
	return result;
}
