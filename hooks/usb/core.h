/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon's heart: what it knows of the world, and one loop that brings the world to what usb_plan() says. It runs
 * in the main thread and never blocks; jobs (job.h) do what may.
 */
#ifndef VFIOKIT_HOOKS_USB_CORE_H
#define VFIOKIT_HOOKS_USB_CORE_H

#include "hooks/conf.h"
#include "hooks/usb/job.h"
#include "hooks/usb/udev.h"

/* An action that did not do: what has to wait, until when, and what people are told. */
struct usb_failure {
	enum usb_action_kind kind;
	char *alias; /* owned; of the device in the guest, also where it did not come to be */
	char uuid[UUID_SIZE];
	char *why; /* owned */
	unsigned int tries;
	uint64_t not_before; /* usb_now(); UINT64_MAX: not before something has changed */
	bool is_refused, is_by_storage;
};

/* A device that comes back to the host at some time. */
struct usb_return {
	char *alias; /* owned */
	char uuid[UUID_SIZE];
	uint64_t at; /* usb_now() */
};

/* A device that udev has met, and whose drivers have not looked at it yet. */
struct usb_wait {
	char name[USB_NAME_SIZE];
	uint64_t until; /* usb_now() */
};

struct usb_guest_state {
	struct virt_dom *dom; /* owned */
	bool must_read;       /* what libvirt says it has may have changed */
	uint64_t read_at;     /* usb_now(); not before */
};

struct usbd {
	int root;
	const char *uri;
	struct hooks_conf conf;
	struct usb_udev *udev;
	struct usb_inventory inventory;
	bool has_inventory; /* it was read before */
	struct usb_guest *guests;
	struct usb_guest_state *states; /* of the guest of the same index */
	size_t n_guests;
	struct usb_choice *choices;
	size_t n_choices;
	struct usb_return *returns;
	size_t n_returns;
	struct usb_failure *failures;
	size_t n_failures;
	unsigned int changes; /* counted: what may make possible what was refused */
	struct usb_wait *waits;
	size_t n_waits;
	struct usb_job **jobs; /* under way; theirs until they come through the pipe */
	size_t n_jobs;
	int done[2]; /* the pipe */
	struct virt *virt;
	bool is_connecting, was_closed;
	unsigned int connect_tries;
	char **met; /* UUIDs of guests of which an event told while the list of guests was under way */
	size_t n_met;
	int timer;
	uint64_t reconnect_at; /* 0: not */
	uint64_t event_time;   /* microseconds; when the event came that is being handled */
	int mounts_watch, mounts_fd, swaps_watch, swaps_fd;
	void (*changed)(void *context); /* something that people see has changed */
	void *changed_context;
};

/* CLOCK_BOOTTIME in milliseconds: a way back counts while the host sleeps, too. */
uint64_t usb_now(void);

/* --- core.c --------------------------------------------------------------------------------------------------------
 */

int usbd_setup(struct usbd *daemon);
void usbd_end(struct usbd *daemon);
void usbd_reconcile(struct usbd *daemon);
struct usb_world usbd_world(const struct usbd *daemon);
void usbd_start_job(struct usbd *daemon, struct usb_job *job);
bool usbd_is_busy(const struct usbd *daemon, const char *uuid);
void usbd_set_timer(struct usbd *daemon);
void usbd_on_storage(void *context);

/* --- devices.c: what udev tells ------------------------------------------------------------------------------------
 */

void usbd_read_devices(struct usbd *daemon);
void usbd_on_udev(void *context);

/* --- guests.c: what libvirt tells, and what came of jobs -----------------------------------------------------------
 */

void usbd_connect(struct usbd *daemon);
void usbd_disconnect(struct usbd *daemon);
void usbd_on_virt(void *context, const struct virt_event *event);
void usbd_on_jobs(void *context);

/* --- failures.c ----------------------------------------------------------------------------------------------------
 */

const struct usb_failure *usb_failure_find(const struct usbd *daemon, const char *alias, const char *uuid,
					   enum usb_action_kind kind);
/* Returns whether people have not been told this yet. why: taken over. */
bool usb_failure_note(struct usbd *daemon, const struct usb_job *job, char *why, bool is_counted);
/* The same for a device that another guest has. */
bool usb_failure_note_held(struct usbd *daemon, const char *alias, const char *uuid, const char *holder);
void usb_failure_forget(struct usbd *daemon, const char *alias, const char *uuid);
/* Those that a change may have made possible: is_storage_only: of disks that the host used, otherwise all refused. */
void usb_failure_retry(struct usbd *daemon, bool is_storage_only);
/* Those of a guest: all of them, whatever it was. */
void usb_failure_retry_guest(struct usbd *daemon, const char *uuid);
/* Drops those whose device or guest is gone. */
void usb_failure_prune(struct usbd *daemon);

/* --- choices.c: what people asked for, kept in /run ----------------------------------------------------------------
 */

void usb_choices_read(struct usbd *daemon);
void usb_choices_set(struct usbd *daemon, const struct usb_device *device, const struct usb_guest *guest,
		     bool is_to_guest);
void usb_choices_drop(struct usbd *daemon, const struct usb_device *device);
/* Follows devices that came back with other ids, drops choices of guests that have ended. */
void usb_choices_follow(struct usbd *daemon);
void usb_returns_add(struct usbd *daemon, const char *alias, const char *uuid, uint64_t at);
/* Brings back what is due. */
void usb_returns_due(struct usbd *daemon);
/* A device of that rule was plugged: brings back what has it as its way back. */
void usb_returns_plugged(struct usbd *daemon, const struct usb_rule *rule);
void usb_choices_free(struct usbd *daemon);

#endif
