/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hold-profile PROFILE: has power-profiles-daemon hold it until this is killed. */
#include <stdio.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#define NAME "net.hadess.PowerProfiles"

int main(int argc, char *argv[])
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus *bus = NULL;
	int result = argc == 2 ? sd_bus_open_system(&bus) : -1;

	if (result >= 0)
		result = sd_bus_call_method(bus, NAME, "/net/hadess/PowerProfiles", NAME, "HoldProfile", &error, NULL,
					    "sss", argv[1], "to see what happens", "hold-profile");
	if (result < 0) {
		fprintf(stderr, "hold-profile: %s %s\n", strerror(-result), error.message != NULL ? error.message : "");
		return 1;
	}
	for (;;)
		pause();
}
