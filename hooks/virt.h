/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libvirt: guests, their devices, and its events. virt.c is the only file that includes it. Its event loop is that of
 * our daemons (loop of virEventRunDefaultImpl(): poll() without a timeout while nothing is due); events arrive there,
 * calls may come from any thread and block for half a minute, while another job of the guest is under way.
 */
#ifndef VFIOKIT_HOOKS_VIRT_H
#define VFIOKIT_HOOKS_VIRT_H

#include "hooks/domain.h"

/* --- the loop: descriptors and one-shot timers ------------------------------------------------------------------- */

void virt_loop_setup(void);
void virt_loop_step(void);
/* handle: called when the descriptor is readable (or writable, if asked for), or has an error. Returns a watch, or -1.
 */
int virt_watch(int fd, void (*handle)(void *context), void *context);
void virt_watch_writing(int watch, bool wants_writing);
/* For files of procfs that tell by POLLPRI that they have changed. */
int virt_watch_errors(int fd, void (*handle)(void *context), void *context);
void virt_unwatch(int watch);
/* A timer that is off. */
int virt_timer(void (*handle)(void *context), void *context);
/* milliseconds: -1 is off. It must be set anew whenever it has fired. */
void virt_timer_set(int timer, int milliseconds);

/* --- guests ------------------------------------------------------------------------------------------------------- */

struct virt;     /* a connection */
struct virt_dom; /* a guest of it */

struct virt_event {
	enum {
		VIRT_STARTED,
		VIRT_STOPPED,
		VIRT_DEVICE_ADDED,
		VIRT_DEVICE_REMOVED,
		VIRT_DEVICE_STAYED,
		VIRT_CLOSED
	} kind;
	const char *uuid, *name, *alias; /* borrowed; NULL where there is none */
	int id;
	struct virt_dom *dom; /* started: owned by whom gets it */
};

/* Opens it, and begins to listen; blocks. NULL with a reason, owned by the caller. */
struct virt *virt_open(const char *uri, void (*handle)(void *context, const struct virt_event *event), void *context,
		       char **ret_why);
void virt_close(struct virt *virt); /* NULL is fine */

/* All running guests, each and the array owned by the caller; blocks. False: with a reason. */
bool virt_list(struct virt *virt, struct virt_dom ***ret, size_t *ret_n, char **ret_why);

enum virt_result {
	VIRT_OK,
	VIRT_GONE,   /* the guest does not run any more, or the connection is closed */
	VIRT_BUSY,   /* another job of the guest did not end within half a minute */
	VIRT_ABSENT, /* detach: there is no such device */
	VIRT_FAILED,
};

/* These block. Other results than VIRT_OK come with libvirt's sentence, printable, owned by the caller. */
enum virt_result virt_attach(struct virt_dom *dom, const char *xml, char **ret_why);
enum virt_result virt_detach(struct virt_dom *dom, const char *alias, char **ret_why);
/* The live description. Free it with domain_free(). */
enum virt_result virt_describe(struct virt_dom *dom, struct domain *ret, char **ret_why);

/* libvirt's number for it, -1 when it does not run. */
int virt_dom_id(const struct virt_dom *dom);
struct virt_dom *virt_dom_ref(struct virt_dom *dom);
void virt_dom_unref(struct virt_dom *dom); /* NULL is fine */

#endif
