/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What plan.c and describe.c need of the daemon; apart, because vfio-usb uses it without libvirt. */
#include <time.h>

#include "hooks/usb/core.h"

uint64_t usb_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

struct usb_world usbd_world(const struct usbd *daemon)
{
	return (struct usb_world){
		.inventory = &daemon->inventory,
		.rules = daemon->conf.usb,
		.n_rules = daemon->conf.n_usb,
		.guests = daemon->guests,
		.n_guests = daemon->n_guests,
		.choices = daemon->choices,
		.n_choices = daemon->n_choices,
	};
}
