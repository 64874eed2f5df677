/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/usb/job.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <time.h>

#include "hooks/usb/drivers.h"
#include "lib/util.h"

/* libvirt's client and libxml2 need no more; the default of 8 MiB would count against the unit. */
#define STACK_SIZE (512 * 1024)

struct order {
	struct usb_job *job;
	int done;
};

static uint64_t microseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void connect_to(struct usb_job *job)
{
	job->virt = virt_open(job->uri, job->handle, job->context, &job->why);
	if (job->virt != NULL && !usb_list_guests(job->virt, &job->running, &job->n_running, &job->why)) {
		virt_close(job->virt);
		job->virt = NULL;
	}
	job->result = job->virt != NULL ? VIRT_OK : VIRT_FAILED;
}

static void attach(struct usb_job *job)
{
	const struct usb_question question = {
		.device = &job->device,
		.allow = job->allow,
		.is_attach = true,
		.guest_uuid = job->uuid,
		.going = (const char *const *)job->names,
		.n_going = job->n_names,
	};
	uint64_t start = microseconds();
	struct usb_guards guards;

	usb_guards_check(job->root, &question, &guards);
	job->guard_time = (unsigned int)(microseconds() - start);
	job->is_by_storage = guards.is_by_storage;
	job->is_refused = guards.refusal != NULL;
	job->warning = guards.warning;
	guards.warning = NULL;
	if (job->is_refused) {
		job->why = guards.refusal;
		guards.refusal = NULL;
		job->result = VIRT_FAILED;
	} else {
		job->result = usb_attach(job->dom, &job->device, &job->why);
		job->end_time = microseconds();
		job->libvirt_time = (unsigned int)(job->end_time - start) - job->guard_time;
	}
	usb_guards_free(&guards);
}

static void detach(struct usb_job *job)
{
	job->result = virt_detach(job->dom, job->alias, &job->why);
	if (job->result == VIRT_OK && job->has_device)
		usb_drivers_probe(job->root, job->device.name);
}

static void probe(const struct usb_job *job)
{
	for (size_t i = 0; i < job->n_names; i++)
		usb_drivers_probe(job->root, job->names[i]);
}

/* Whatever came of it: what the guest has now is true, and nothing else. */
static void read_again(struct usb_job *job)
{
	cleanup_free char *why = NULL;
	enum virt_result result;

	if (job->is_refused || job->result == VIRT_GONE)
		return;
	result = usb_read_guest(job->dom, &job->guest, &why);
	if (job->kind != JOB_READ)
		return;
	job->result = result;
	job->why = why;
	why = NULL;
}

static void *run(void *context)
{
	struct order *order = context;
	struct usb_job *job = order->job;

	if (job->kind == JOB_CONNECT)
		connect_to(job);
	else if (job->kind == JOB_ATTACH)
		attach(job);
	else if (job->kind == JOB_DETACH)
		detach(job);
	else if (job->kind == JOB_PROBE)
		probe(job);
	if (job->dom != NULL)
		read_again(job);
	/* A pipe takes so few bytes at once or not at all, and it never has more than a job for each guest. */
	(void)!write(order->done, &job, sizeof(job));
	free(order);
	return NULL;
}

int usb_job_start(struct usb_job *job, int done)
{
	struct order *order = util_alloc(sizeof(*order));
	pthread_attr_t attributes;
	pthread_t thread;
	int error;

	*order = (struct order){ job, done };
	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attributes, STACK_SIZE);
	error = pthread_create(&thread, &attributes, run, order);
	pthread_attr_destroy(&attributes);
	if (error != 0)
		free(order);
	return -error;
}

void usb_job_free(struct usb_job *job)
{
	for (size_t i = 0; i < job->n_running; i++) {
		usb_guest_free(&job->running[i].guest);
		virt_dom_unref(job->running[i].dom);
	}
	for (size_t i = 0; i < job->n_names; i++)
		free(job->names[i]);
	free(job->names);
	free(job->running);
	usb_guest_free(&job->guest);
	usb_device_free(&job->device);
	virt_dom_unref(job->dom);
	free(job->uri);
	free(job->alias);
	free(job->reason);
	free(job->rule);
	free(job->why);
	free(job->warning);
	free(job);
}
