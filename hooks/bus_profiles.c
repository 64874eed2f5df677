/* SPDX-License-Identifier: GPL-2.0-or-later */
/* power-profiles-daemon. */
#include "hooks/bus_private.h"
#include "lib/util.h"

#define DBUS "org.freedesktop.DBus"

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
	int result = sd_bus_message_new_method_call(bus->bus, &message, DBUS, "/org/freedesktop/DBus", DBUS,
						    "NameHasOwner");

	if (result >= 0)
		result = sd_bus_message_append(message, "s", name);
	result = bus_call(bus, message, result, &reply);
	if (result == 0)
		result = sd_bus_message_read(reply, "b", &has);
	sd_bus_message_unref(reply);
	*ret = has != 0;
	return result < 0 ? result : 0;
}

struct entry {
	const char *key, *value;
	bool is_same;
};

/* One a{sv}: which of these strings does it have? Returns a negative errno if the answer cannot be read. */
static int compare(sd_bus_message *reply, struct entry *entries, size_t n)
{
	const char *key = "", *value = "";
	int result;

	while ((result = sd_bus_message_enter_container(reply, 'e', "sv")) > 0) {
		struct entry *entry = NULL;

		result = sd_bus_message_read(reply, "s", &key);
		for (size_t i = 0; i < n && result >= 0; i++)
			if (streq(key, entries[i].key))
				entry = &entries[i];
		if (result >= 0)
			result = entry != NULL ? sd_bus_message_read(reply, "v", "s", &value)
					       : sd_bus_message_skip(reply, "v");
		if (result >= 0 && entry != NULL)
			entry->is_same = streq(value, entry->value);
		if (result >= 0)
			result = sd_bus_message_exit_container(reply);
		if (result < 0)
			return result;
	}
	return result;
}

static int get_property(struct bus *bus, size_t i, const char *name, const char *type, sd_bus_message **ret_reply)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	int result = sd_bus_set_method_call_timeout(bus->bus, bus_time_left(bus));

	if (result >= 0)
		result = sd_bus_get_property(bus->bus, daemons[i].name, daemons[i].path, daemons[i].name, name, &error,
					     ret_reply, type);
	return bus_finish(bus, &error, result);
}

/* ret: whether one of the property's dictionaries has all of these. */
static int has_dictionary(struct bus *bus, size_t i, const char *property, struct entry *entries, size_t n, bool *ret)
{
	sd_bus_message *reply = NULL;
	int result = get_property(bus, i, property, "aa{sv}", &reply);

	if (result == 0)
		result = sd_bus_message_enter_container(reply, 'a', "a{sv}");
	*ret = false;
	while (result >= 0 && !*ret && (result = sd_bus_message_enter_container(reply, 'a', "{sv}")) > 0) {
		for (size_t k = 0; k < n; k++)
			entries[k].is_same = false;
		result = compare(reply, entries, n);
		*ret = result >= 0;
		for (size_t k = 0; k < n; k++)
			*ret = *ret && entries[k].is_same;
		if (result >= 0)
			result = sd_bus_message_exit_container(reply);
	}
	sd_bus_message_unref(reply);
	return result < 0 ? result : 0;
}

static int offers_performance(struct bus *bus, size_t i, bool *ret)
{
	struct entry entries[] = { { .key = "Profile", .value = BUS_PROFILE } };

	return has_dictionary(bus, i, "Profiles", entries, ARRAY_SIZE(entries), ret);
}

static size_t number_of(const char *daemon)
{
	return streq(daemon, daemons[0].name) ? 0 : 1;
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
	int result = sd_bus_message_new_method_call(bus->bus, &message, daemon, daemons[number_of(daemon)].path, daemon,
						    "HoldProfile");

	if (result >= 0)
		result = sd_bus_message_append(message, "sss", BUS_PROFILE, why, who);
	return bus_call(bus, message, result, NULL);
}

int bus_has_hold(struct bus *bus, const char *daemon, const char *who, const char *why, bool *ret)
{
	struct entry entries[] = {
		{ .key = "Profile", .value = BUS_PROFILE },
		{ .key = "ApplicationId", .value = who },
		{ .key = "Reason", .value = why },
	};

	return has_dictionary(bus, number_of(daemon), "ActiveProfileHolds", entries, ARRAY_SIZE(entries), ret);
}

int bus_active_profile(struct bus *bus, const char *daemon, char **ret)
{
	sd_bus_message *reply = NULL;
	const char *name = "";
	int result = get_property(bus, number_of(daemon), "ActiveProfile", "s", &reply);

	if (result == 0)
		result = sd_bus_message_read(reply, "s", &name);
	*ret = result >= 0 ? util_copy(name) : NULL;
	sd_bus_message_unref(reply);
	return result < 0 ? result : 0;
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

		result = sd_bus_add_match_async(bus->bus, NULL, match, on_owner_changed, NULL, bus);
	}
	return result < 0 ? result : 0;
}

int bus_fd(const struct bus *bus)
{
	return sd_bus_get_fd(bus->bus);
}

int bus_profiles_changed(struct bus *bus)
{
	int result;

	do
		result = sd_bus_process(bus->bus, NULL);
	while (result > 0);
	if (result < 0)
		return result;
	result = bus->profiles_changed;
	bus->profiles_changed = false;
	return result;
}
