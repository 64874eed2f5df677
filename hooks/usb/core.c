/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/usb/core.h"

#include <errno.h>
#include <fcntl.h>

#include "lib/log.h"
#include "lib/paths.h"
#include "lib/root.h"
#include "lib/util.h"

/* --- jobs ----------------------------------------------------------------------------------------------------------
 */

bool usbd_is_busy(const struct usbd *daemon, const char *uuid)
{
	for (size_t i = 0; i < daemon->n_jobs; i++)
		if (streq(daemon->jobs[i]->uuid, uuid))
			return true;
	return false;
}

void usbd_start_job(struct usbd *daemon, struct usb_job *job)
{
	int result;

	*(struct usb_job **)util_append(&daemon->jobs, &daemon->n_jobs, sizeof(struct usb_job *)) = job;
	result = usb_job_start(job, daemon->done[1]);
	if (result == 0)
		return;
	log_error("cannot start a thread: %s; nothing is attached or detached until the next event", strerror(-result));
	daemon->n_jobs--;
	usb_job_free(job);
}

static struct usb_job *new_job(const struct usbd *daemon, enum usb_job_kind kind, size_t guest)
{
	struct usb_job *job = util_alloc(sizeof(*job));

	job->kind = kind;
	job->root = daemon->root;
	job->dom = virt_dom_ref(daemon->states[guest].dom);
	memcpy(job->uuid, daemon->guests[guest].uuid, sizeof(job->uuid));
	return job;
}

/* Keyboards that are on their way to a guest are not there to fall back to. */
static void add_going(const struct usbd *daemon, struct usb_job *job)
{
	for (size_t i = 0; i < daemon->n_jobs; i++) {
		const struct usb_job *other = daemon->jobs[i];

		if (other->kind == JOB_ATTACH)
			*(char **)util_append(&job->names, &job->n_names,
					      sizeof(char *)) = util_copy(other->device.name);
	}
}

/* Owned by the caller. */
static char *reason_of(const struct usb_action *action)
{
	return action->rule != NULL && action->reason == action->rule->name
		       ? util_format("[usb %s] of hooks.conf", action->reason)
		       : util_copy(action->reason);
}

static void start_action(struct usbd *daemon, const struct usb_action *action)
{
	struct usb_job *job = new_job(daemon, action->kind == USB_ATTACH ? JOB_ATTACH : JOB_DETACH,
				      (size_t)(action->guest - daemon->guests));

	job->alias = action->kind == USB_ATTACH ? usb_alias_format(action->device) : util_copy(action->alias);
	job->reason = reason_of(action);
	job->has_device = action->device != NULL;
	job->event_time = daemon->event_time;
	job->changes = daemon->changes;
	if (action->device != NULL)
		usb_device_copy(action->device, &job->device);
	if (action->rule != NULL) {
		job->rule = util_copy(action->rule->name);
		job->allow = action->rule->allow;
	}
	if (action->kind == USB_ATTACH)
		add_going(daemon, job);
	usbd_start_job(daemon, job);
}

/* --- the loop ------------------------------------------------------------------------------------------------------
 */

static void read_guests(struct usbd *daemon)
{
	for (size_t i = 0; i < daemon->n_guests; i++) {
		if ((daemon->guests[i].is_known && !daemon->states[i].must_read) ||
		    daemon->states[i].read_at > usb_now() || usbd_is_busy(daemon, daemon->guests[i].uuid))
			continue;
		daemon->states[i].must_read = false;
		usbd_start_job(daemon, new_job(daemon, JOB_READ, i));
	}
}

/* Once: when that guest lets go of it, an event leads to a plan that attaches it. */
static void say_held(struct usbd *daemon, const struct usb_action *action, const char *alias)
{
	cleanup_free char *what = usb_device_describe(action->device);
	cleanup_free char *reason = reason_of(action);

	if (usb_failure_note_held(daemon, alias, action->guest->uuid, action->holder->name))
		log_warning("%s at %s: not given to guest %s (%s): guest %s has it by its definition or by hand; it "
			    "stays there",
			    what, usb_choice_place(action->device), action->guest->name, reason, action->holder->name);
}

static void act(struct usbd *daemon)
{
	const struct usb_world world = usbd_world(daemon);
	struct usb_actions actions;

	usb_plan(&world, &actions);
	for (size_t i = 0; i < actions.count; i++) {
		const struct usb_action *action = &actions.items[i];
		cleanup_free char *alias = action->kind == USB_DETACH ? util_copy(action->alias)
								      : usb_alias_format(action->device);
		const struct usb_failure *failure = usb_failure_find(daemon, alias, action->guest->uuid, action->kind);

		if (action->kind == USB_HELD)
			say_held(daemon, action, alias);
		else if (!usbd_is_busy(daemon, action->guest->uuid) &&
			 (failure == NULL || failure->not_before <= usb_now()))
			start_action(daemon, action);
	}
	free(actions.items);
}

/* While a disk of the host's is in the way, the kernel tells when mounts and swap change. */
static void watch_storage(struct usbd *daemon)
{
	bool is_wanted = false;

	for (size_t i = 0; i < daemon->n_failures; i++)
		is_wanted = is_wanted || daemon->failures[i].is_by_storage;
	if (is_wanted == (daemon->mounts_fd >= 0))
		return;
	if (!is_wanted) {
		virt_unwatch(daemon->mounts_watch);
		virt_unwatch(daemon->swaps_watch);
		util_close_fd(&daemon->mounts_fd);
		util_close_fd(&daemon->swaps_fd);
		daemon->mounts_watch = daemon->swaps_watch = daemon->mounts_fd = daemon->swaps_fd = -1;
		return;
	}
	daemon->mounts_fd = root_open(daemon->root, PATH_MOUNTINFO, O_RDONLY, 0);
	daemon->swaps_fd = root_open(daemon->root, PATH_SWAPS, O_RDONLY, 0);
	daemon->mounts_watch = virt_watch_errors(daemon->mounts_fd, usbd_on_storage, daemon);
	if (daemon->swaps_fd >= 0)
		daemon->swaps_watch = virt_watch_errors(daemon->swaps_fd, usbd_on_storage, daemon);
}

void usbd_on_storage(void *context)
{
	struct usbd *daemon = context;

	usb_failure_retry(daemon, true);
	usbd_reconcile(daemon);
}

void usbd_reconcile(struct usbd *daemon)
{
	usb_returns_due(daemon);
	usb_choices_follow(daemon);
	usb_failure_prune(daemon);
	act(daemon);
	read_guests(daemon);
	watch_storage(daemon);
	usbd_set_timer(daemon);
	if (daemon->changed != NULL)
		daemon->changed(daemon->changed_context);
}

/* --- time ----------------------------------------------------------------------------------------------------------
 */

static void take_earlier(uint64_t *next, uint64_t at)
{
	if (at < *next)
		*next = at;
}

void usbd_set_timer(struct usbd *daemon)
{
	uint64_t next = UINT64_MAX, now = usb_now();

	if (daemon->reconnect_at != 0)
		take_earlier(&next, daemon->reconnect_at);
	for (size_t i = 0; i < daemon->n_failures; i++)
		if (daemon->failures[i].not_before != 0 && !usbd_is_busy(daemon, daemon->failures[i].uuid))
			take_earlier(&next, daemon->failures[i].not_before);
	for (size_t i = 0; i < daemon->n_guests; i++)
		if (daemon->states[i].read_at > now)
			take_earlier(&next, daemon->states[i].read_at);
	for (size_t i = 0; i < daemon->n_returns; i++)
		take_earlier(&next, daemon->returns[i].at);
	for (size_t i = 0; i < daemon->n_waits; i++)
		take_earlier(&next, daemon->waits[i].until);
	if (next == UINT64_MAX)
		virt_timer_set(daemon->timer, -1);
	else
		virt_timer_set(daemon->timer, next <= now ? 0 : next - now > INT32_MAX ? INT32_MAX : (int)(next - now));
}

/* What is past and did not lead to an action must not keep the timer going. */
static void forget_past(struct usbd *daemon)
{
	for (size_t i = 0; i < daemon->n_failures; i++)
		if (daemon->failures[i].not_before <= usb_now())
			daemon->failures[i].not_before = 0;
}

static void on_timer(void *context)
{
	struct usbd *daemon = context;

	if (daemon->was_closed)
		usbd_disconnect(daemon);
	if (daemon->reconnect_at != 0 && daemon->reconnect_at <= usb_now()) {
		daemon->reconnect_at = 0;
		usbd_connect(daemon);
	}
	if (daemon->n_waits > 0)
		usbd_read_devices(daemon);
	forget_past(daemon);
	usbd_reconcile(daemon);
}

int usbd_setup(struct usbd *daemon)
{
	daemon->mounts_fd = daemon->swaps_fd = daemon->mounts_watch = daemon->swaps_watch = -1;
	if (pipe2(daemon->done, O_CLOEXEC) < 0)
		return -errno;
	daemon->udev = usb_udev_open(true);
	if (daemon->udev == NULL)
		return -ENODEV;
	daemon->timer = virt_timer(on_timer, daemon);
	if (daemon->timer < 0 || virt_watch(daemon->done[0], usbd_on_jobs, daemon) < 0 ||
	    virt_watch(usb_udev_fd(daemon->udev), usbd_on_udev, daemon) < 0)
		return -ENOMEM;
	usb_choices_read(daemon);
	usbd_read_devices(daemon);
	usbd_connect(daemon);
	return 0;
}

/* The process ends: threads that still wait for libvirt end with it, so what they use is not freed. */
void usbd_end(struct usbd *daemon)
{
	if (daemon->n_jobs > 0)
		return;
	virt_close(daemon->virt);
	for (size_t i = 0; i < daemon->n_guests; i++) {
		virt_dom_unref(daemon->states[i].dom);
		usb_guest_free(&daemon->guests[i]);
	}
	free(daemon->guests);
	free(daemon->states);
	free(daemon->jobs);
	usb_choices_free(daemon);
	usb_inventory_free(&daemon->inventory);
	usb_udev_close(daemon->udev);
	conf_free(&daemon->conf);
}
