/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What may block, in a thread of its own that ends with it: calls to libvirt wait for up to half a minute while another
 * job of the guest is under way, and disks that are busy for a moment are tried again. The daemon starts at most one
 * for each guest, and one for the connection.
 */
#ifndef VFIOKIT_HOOKS_USB_JOB_H
#define VFIOKIT_HOOKS_USB_JOB_H

#include "hooks/usb/attach.h"
#include "hooks/usb/guards.h"

enum usb_job_kind { JOB_CONNECT, JOB_READ, JOB_ATTACH, JOB_DETACH, JOB_PROBE };

struct usb_job {
	enum usb_job_kind kind;
	/* What to do. All owned by the job. */
	int root; /* borrowed */
	char *uri;
	void (*handle)(void *context, const struct virt_event *event);
	void *context;
	struct virt_dom *dom;
	char uuid[UUID_SIZE];
	struct usb_device device; /* attach; detach: of a device that is there */
	bool has_device;
	char *alias, *reason;
	char *rule; /* name, or NULL */
	unsigned int allow;
	unsigned int changes; /* the daemon's when it began */
	char **names;         /* attach: devices that other jobs are attaching; probe: those that the host has again */
	size_t n_names;
	/* What came of it. */
	enum virt_result result;
	char *why; /* NULL if all is well */
	bool is_refused, is_by_storage;
	char *warning;
	struct usb_guest guest; /* as it is now, unless it could not be read (is_known) */
	struct virt *virt;
	struct usb_running *running;
	size_t n_running;
	uint64_t event_time, end_time;         /* microseconds of CLOCK_MONOTONIC: of what led to it */
	unsigned int guard_time, libvirt_time; /* microseconds */
};

/* Starts it. done: a pipe to which the job's address is written when it has ended. Returns 0 or a negative errno. */
int usb_job_start(struct usb_job *job, int done);
void usb_job_free(struct usb_job *job);

#endif
