/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What did not work, and when to try it again. */
#include "hooks/usb/core.h"

#include "lib/log.h"
#include "lib/util.h"

#define FIRST_DELAY 250 /* ms, doubled each time */
#define LONGEST_DELAY 30000
#define TRIES_MAX 8
/* Another job of the guest held it for half a minute; and a guest that was asked to let go may take its time. */
#define BUSY_DELAY 1000

static struct usb_failure *find(const struct usbd *daemon, const char *alias, const char *uuid,
				enum usb_action_kind kind)
{
	for (size_t i = 0; i < daemon->n_failures; i++)
		if (daemon->failures[i].kind == kind && streq(daemon->failures[i].alias, alias) &&
		    streq(daemon->failures[i].uuid, uuid))
			return &daemon->failures[i];
	return NULL;
}

const struct usb_failure *usb_failure_find(const struct usbd *daemon, const char *alias, const char *uuid,
					   enum usb_action_kind kind)
{
	return find(daemon, alias, uuid, kind);
}

static void drop(struct usbd *daemon, size_t i)
{
	free(daemon->failures[i].alias);
	free(daemon->failures[i].why);
	daemon->failures[i] = daemon->failures[--daemon->n_failures];
	if (daemon->n_failures == 0) {
		free(daemon->failures);
		daemon->failures = NULL;
	}
}

static uint64_t next_try(const struct usb_failure *failure, bool is_counted)
{
	uint64_t delay = FIRST_DELAY;

	if (failure->is_refused || failure->tries >= TRIES_MAX)
		return UINT64_MAX;
	if (!is_counted)
		return usb_now() + BUSY_DELAY;
	for (unsigned int i = 1; i < failure->tries && delay < LONGEST_DELAY; i++)
		delay *= 2;
	return usb_now() + (delay < LONGEST_DELAY ? delay : LONGEST_DELAY);
}

static struct usb_failure *add(struct usbd *daemon, const char *alias, const char *uuid, enum usb_action_kind kind)
{
	struct usb_failure *failure = util_append(&daemon->failures, &daemon->n_failures, sizeof(*failure));

	failure->kind = kind;
	failure->alias = util_copy(alias);
	memcpy(failure->uuid, uuid, sizeof(failure->uuid));
	return failure;
}

bool usb_failure_note_held(struct usbd *daemon, const char *alias, const char *uuid, const char *holder)
{
	struct usb_failure *failure = find(daemon, alias, uuid, USB_HELD);

	if (failure != NULL && streq(failure->why, holder))
		return false;
	if (failure == NULL)
		failure = add(daemon, alias, uuid, USB_HELD);
	free(failure->why);
	failure->why = util_copy(holder);
	return true;
}

bool usb_failure_note(struct usbd *daemon, const struct usb_job *job, char *why, bool is_counted)
{
	enum usb_action_kind kind = job->kind == JOB_ATTACH ? USB_ATTACH : USB_DETACH;
	struct usb_failure *failure = find(daemon, job->alias, job->uuid, kind);
	bool is_news;

	if (failure == NULL)
		failure = add(daemon, job->alias, job->uuid, kind);
	is_news = failure->why == NULL || !streq(failure->why, why);
	free(failure->why);
	failure->why = why;
	failure->is_refused = job->is_refused;
	failure->is_by_storage = job->is_by_storage;
	failure->tries += is_counted ? 1 : 0;
	failure->not_before = next_try(failure, is_counted);
	/* What has changed while it was looked at may have been overlooked. */
	if (job->is_refused && job->changes != daemon->changes)
		failure->not_before = 0;
	return is_news;
}

void usb_failure_forget(struct usbd *daemon, const char *alias, const char *uuid)
{
	for (size_t i = daemon->n_failures; i-- > 0;)
		if (streq(daemon->failures[i].alias, alias) && streq(daemon->failures[i].uuid, uuid))
			drop(daemon, i);
}

void usb_failure_retry(struct usbd *daemon, bool is_storage_only)
{
	daemon->changes++;
	for (size_t i = 0; i < daemon->n_failures; i++)
		if (is_storage_only ? daemon->failures[i].is_by_storage : daemon->failures[i].is_refused)
			daemon->failures[i].not_before = 0;
}

void usb_failure_retry_guest(struct usbd *daemon, const char *uuid)
{
	for (size_t i = 0; i < daemon->n_failures; i++) {
		if (!streq(daemon->failures[i].uuid, uuid) || daemon->failures[i].is_refused)
			continue;
		daemon->failures[i].not_before = 0;
		daemon->failures[i].tries = 0;
	}
}

static bool is_present(const struct usbd *daemon, const struct usb_failure *failure)
{
	const struct usb_world world = usbd_world(daemon);
	const struct usb_guest *guest = usb_guest_find(daemon->guests, daemon->n_guests, failure->uuid);

	for (size_t i = 0; guest != NULL && failure->kind == USB_DETACH && i < guest->n_hostdevs; i++)
		if (streq(guest->hostdevs[i].alias, failure->alias))
			return true;
	for (size_t i = 0; guest != NULL && failure->kind != USB_DETACH && i < daemon->inventory.count; i++)
		if (usb_alias_is_of(failure->alias, &daemon->inventory.devices[i]))
			return usb_plan_wanted(&world, &daemon->inventory.devices[i], NULL) == guest;
	return false;
}

/* A detach that was not over when libvirt's call returned is over now. */
static void say_detached(const struct usbd *daemon, const struct usb_failure *failure)
{
	const struct usb_guest *guest = usb_guest_find(daemon->guests, daemon->n_guests, failure->uuid);

	if (failure->kind == USB_DETACH && guest != NULL)
		log_info("%s: detached from guest %s: it has let go of it now", failure->alias, guest->name);
}

void usb_failure_prune(struct usbd *daemon)
{
	for (size_t i = daemon->n_failures; daemon->failures != NULL && i-- > 0;) {
		if (is_present(daemon, &daemon->failures[i]))
			continue;
		say_detached(daemon, &daemon->failures[i]);
		drop(daemon, i);
	}
}
