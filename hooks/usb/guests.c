/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What libvirt tells the daemon, and what came of jobs. */
#include <errno.h>
#include <time.h>

#include "hooks/usb/core.h"
#include "lib/log.h"
#include "lib/util.h"

#define FIRST_DELAY 200 /* ms, doubled each time */
#define LONGEST_DELAY 30000
#define READ_DELAY 1000
/* Times that a guest does not let go of a device before the journal says so. */
#define STUBBORN 2

/* --- guests --------------------------------------------------------------------------------------------------------
 */

static size_t index_of(const struct usbd *daemon, const char *uuid)
{
	size_t i = 0;

	while (i < daemon->n_guests && !streq(daemon->guests[i].uuid, uuid))
		i++;
	return i;
}

static void remove_guest(struct usbd *daemon, const char *uuid)
{
	size_t i = index_of(daemon, uuid);

	if (i == daemon->n_guests)
		return;
	virt_dom_unref(daemon->states[i].dom);
	usb_guest_free(&daemon->guests[i]);
	daemon->n_guests--;
	daemon->guests[i] = daemon->guests[daemon->n_guests];
	daemon->states[i] = daemon->states[daemon->n_guests];
}

/* Takes both over. */
static void add_guest(struct usbd *daemon, const struct usb_guest *guest, struct virt_dom *dom)
{
	size_t n = daemon->n_guests;

	remove_guest(daemon, guest->uuid);
	n = daemon->n_guests;
	*(struct usb_guest_state *)util_append(&daemon->states, &n,
					       sizeof(*daemon->states)) = (struct usb_guest_state){ .dom = dom };
	*(struct usb_guest *)util_append(&daemon->guests, &daemon->n_guests, sizeof(*daemon->guests)) = *guest;
}

static void remove_hostdev(struct usb_guest *guest, const char *alias)
{
	for (size_t i = guest->n_hostdevs; i-- > 0;) {
		if (!streq(guest->hostdevs[i].alias, alias))
			continue;
		free(guest->hostdevs[i].alias);
		guest->hostdevs[i] = guest->hostdevs[--guest->n_hostdevs];
	}
}

/* What libvirt says that the guest has. Takes it over. */
static void renew_guest(struct usbd *daemon, struct usb_guest *guest)
{
	size_t i = index_of(daemon, guest->uuid);

	if (!guest->is_known || i == daemon->n_guests)
		return;
	usb_guest_free(&daemon->guests[i]);
	daemon->guests[i] = *guest;
	*guest = (struct usb_guest){ 0 };
}

/* Its QEMU may have been killed: the host's drivers are asked whether they want what it had. */
static void bring_drivers(struct usbd *daemon, const char *uuid)
{
	size_t i = index_of(daemon, uuid);
	struct usb_job *job;

	if (i == daemon->n_guests || daemon->guests[i].n_hostdevs == 0)
		return;
	job = util_alloc(sizeof(*job));
	job->kind = JOB_PROBE;
	job->root = daemon->root;
	for (size_t k = 0; k < daemon->inventory.count; k++) {
		const struct usb_device *device = &daemon->inventory.devices[k];

		for (size_t n = 0; n < daemon->guests[i].n_hostdevs; n++)
			if (daemon->guests[i].hostdevs[n].bus == device->bus &&
			    daemon->guests[i].hostdevs[n].number == device->number)
				*(char **)util_append(&job->names, &job->n_names,
						      sizeof(char *)) = util_copy(device->name);
	}
	usbd_start_job(daemon, job);
}

/* --- events --------------------------------------------------------------------------------------------------------
 */

static void on_device(struct usbd *daemon, const struct virt_event *event)
{
	size_t i = index_of(daemon, event->uuid);
	bool is_busy = usbd_is_busy(daemon, event->uuid);

	if (i == daemon->n_guests || event->alias == NULL)
		return;
	if (event->kind == VIRT_DEVICE_REMOVED) {
		remove_hostdev(&daemon->guests[i], event->alias);
		usb_failure_retry_guest(daemon, event->uuid);
	}
	if (event->kind == VIRT_DEVICE_STAYED && usb_alias_is_ours(event->alias))
		log_warning("guest %s does not let go of %s; tried again", daemon->guests[i].name, event->alias);
	/* Our own attach reads the guest when it has ended. */
	daemon->states[i].must_read = daemon->states[i].must_read || event->kind == VIRT_DEVICE_REMOVED || !is_busy;
}

void usbd_on_virt(void *context, const struct virt_event *event)
{
	struct usbd *daemon = context;
	struct usb_guest guest = { 0 };

	if (event->kind == VIRT_CLOSED) {
		/* Not from within libvirt's own call. */
		daemon->was_closed = true;
		virt_timer_set(daemon->timer, 0);
		return;
	}
	if (daemon->is_connecting && event->kind <= VIRT_STOPPED)
		*(char **)util_append(&daemon->met, &daemon->n_met, sizeof(char *)) = util_copy(event->uuid);
	if (event->kind == VIRT_STARTED) {
		guest.name = util_copy_printable(event->name);
		guest.id = event->id;
		(void)util_copy_fixed(guest.uuid, sizeof(guest.uuid), event->uuid);
		add_guest(daemon, &guest, event->dom);
		log_info("guest %s runs", guest.name);
	} else if (event->kind == VIRT_STOPPED) {
		bring_drivers(daemon, event->uuid);
		remove_guest(daemon, event->uuid);
	} else {
		on_device(daemon, event);
	}
	usbd_reconcile(daemon);
}

/* --- the connection ------------------------------------------------------------------------------------------------
 */

static void connect_later(struct usbd *daemon)
{
	uint64_t delay = FIRST_DELAY;

	for (unsigned int i = 0; i < daemon->connect_tries && delay < LONGEST_DELAY; i++)
		delay *= 2;
	daemon->connect_tries++;
	daemon->reconnect_at = usb_now() + (delay < LONGEST_DELAY ? delay : LONGEST_DELAY);
}

void usbd_connect(struct usbd *daemon)
{
	struct usb_job *job;

	if (daemon->is_connecting)
		return;
	job = util_alloc(sizeof(*job));
	job->kind = JOB_CONNECT;
	job->uri = util_copy(daemon->uri);
	job->handle = usbd_on_virt;
	job->context = daemon;
	daemon->is_connecting = true;
	daemon->was_closed = false;
	usbd_start_job(daemon, job);
}

/* Guests go on without libvirt's daemon; what they have is asked anew when it is back. */
void usbd_disconnect(struct usbd *daemon)
{
	daemon->was_closed = false;
	if (daemon->is_connecting || daemon->virt == NULL)
		return;
	log_warning("the connection to libvirt is closed; devices stay where they are until it is back");
	virt_close(daemon->virt);
	daemon->virt = NULL;
	while (daemon->n_guests > 0)
		remove_guest(daemon, daemon->guests[0].uuid);
	connect_later(daemon);
}

static bool was_met(const struct usbd *daemon, const char *uuid)
{
	for (size_t i = 0; i < daemon->n_met; i++)
		if (streq(daemon->met[i], uuid))
			return true;
	return false;
}

static void take_running(struct usbd *daemon, struct usb_job *job)
{
	for (size_t i = 0; i < job->n_running; i++) {
		struct usb_running *running = &job->running[i];

		/* Events are newer than the list. */
		if (was_met(daemon, running->guest.uuid))
			continue;
		add_guest(daemon, &running->guest, running->dom);
		*running = (struct usb_running){ .dom = NULL };
	}
}

static void on_connected(struct usbd *daemon, struct usb_job *job)
{
	daemon->is_connecting = false;
	if (job->virt != NULL) {
		daemon->virt = job->virt;
		take_running(daemon, job);
		log_info("connected to libvirt, %zu guest(s) running", daemon->n_guests);
		daemon->connect_tries = 0;
	} else {
		if (daemon->connect_tries <= 1)
			log_warning("cannot reach libvirt at %s: %s; nothing is attached until it is there",
				    daemon->uri, job->why);
		connect_later(daemon);
	}
	for (size_t i = 0; i < daemon->n_met; i++)
		free(daemon->met[i]);
	free(daemon->met);
	daemon->met = NULL;
	daemon->n_met = 0;
	if (daemon->was_closed)
		virt_timer_set(daemon->timer, 0);
}

/* --- what came of jobs ---------------------------------------------------------------------------------------------
 */

static const char *name_of(const struct usbd *daemon, const char *uuid)
{
	const struct usb_guest *guest = usb_guest_find(daemon->guests, daemon->n_guests, uuid);

	return guest != NULL ? guest->name : uuid;
}

static bool has_alias(const struct usb_job *job)
{
	for (size_t i = 0; i < job->guest.n_hostdevs; i++)
		if (streq(job->guest.hostdevs[i].alias, job->alias))
			return true;
	return false;
}

static void say_attached(const struct usbd *daemon, const struct usb_job *job, const char *what)
{
	cleanup_free char *time = job->event_time != 0 && job->end_time > job->event_time
					  ? util_format(" (%u us after the event, %u us of them libvirt's)",
							(unsigned int)(job->end_time - job->event_time),
							job->libvirt_time)
					  : util_copy("");

	log_info("%s at %s: attached to guest %s: %s%s", what, usb_choice_place(&job->device),
		 name_of(daemon, job->uuid), job->reason, time);
	if (job->warning != NULL)
		log_warning("%s: %s", what, job->warning);
}

static void on_attached(struct usbd *daemon, struct usb_job *job)
{
	cleanup_free char *what = usb_device_describe(&job->device);
	const struct usb_rule *rule = usb_rule_find(daemon->conf.usb, daemon->conf.n_usb, &job->device);

	/* An optional device that vanished at the right moment is left out in silence. */
	if (job->result == VIRT_OK && job->guest.is_known && !has_alias(job)) {
		job->result = VIRT_FAILED;
		job->why = util_copy("libvirt did not find it any more");
	}
	if (job->result == VIRT_OK) {
		usb_failure_forget(daemon, job->alias, job->uuid);
		if (rule != NULL && rule->return_in > 0)
			usb_returns_add(daemon, job->alias, job->uuid, usb_now() + (uint64_t)rule->return_in * 1000);
		say_attached(daemon, job, what);
	} else if (job->result != VIRT_GONE) {
		cleanup_free char *why = util_copy(job->why);

		if (usb_failure_note(daemon, job, util_copy(job->why), job->result != VIRT_BUSY))
			log_warning("%s at %s: %s to guest %s (%s): %s; it stays with the host", what,
				    usb_choice_place(&job->device),
				    job->is_refused ? "not given" : "cannot be attached", name_of(daemon, job->uuid),
				    job->reason, why);
	}
}

static void on_detached(struct usbd *daemon, struct usb_job *job)
{
	cleanup_free char *what = job->has_device ? usb_device_describe(&job->device) : util_copy(job->alias);
	const struct usb_failure *failure;

	if (job->result == VIRT_GONE)
		return;
	if (job->result == VIRT_BUSY || job->result == VIRT_FAILED || (job->guest.is_known && has_alias(job))) {
		char *why = util_copy(job->why != NULL ? job->why : "the guest has not let go of it yet");

		(void)usb_failure_note(daemon, job, why, job->result != VIRT_BUSY);
		failure = usb_failure_find(daemon, job->alias, job->uuid, USB_DETACH);
		if (failure != NULL && failure->tries == STUBBORN)
			log_warning("%s: cannot be detached from guest %s: %s; tried again", what,
				    name_of(daemon, job->uuid), failure->why);
		return;
	}
	usb_failure_forget(daemon, job->alias, job->uuid);
	log_info("%s: detached from guest %s: %s", what, name_of(daemon, job->uuid), job->reason);
}

static void on_read(struct usbd *daemon, const struct usb_job *job)
{
	size_t i = index_of(daemon, job->uuid);

	if (job->result == VIRT_OK || i == daemon->n_guests)
		return;
	if (job->result != VIRT_GONE)
		log_warning("guest %s: %s; tried again", daemon->guests[i].name, job->why);
	daemon->states[i].must_read = true;
	daemon->states[i].read_at = usb_now() + READ_DELAY;
}

static void on_done(struct usbd *daemon, struct usb_job *job)
{
	for (size_t i = daemon->n_jobs; i-- > 0;)
		if (daemon->jobs[i] == job)
			daemon->jobs[i] = daemon->jobs[--daemon->n_jobs];
	switch (job->kind) {
	case JOB_CONNECT:
		on_connected(daemon, job);
		break;
	case JOB_ATTACH:
		on_attached(daemon, job);
		break;
	case JOB_DETACH:
		on_detached(daemon, job);
		break;
	case JOB_READ:
		on_read(daemon, job);
		break;
	case JOB_PROBE:
		break;
	}
	renew_guest(daemon, &job->guest);
	usb_job_free(job);
}

void usbd_on_jobs(void *context)
{
	struct usbd *daemon = context;
	struct usb_job *job;

	if (read(daemon->done[0], &job, sizeof(job)) != sizeof(job))
		return;
	on_done(daemon, job);
	usbd_reconcile(daemon);
}
