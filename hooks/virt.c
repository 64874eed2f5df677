/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/virt.h"

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <stdio.h>

#include "lib/util.h"

#define N_EVENTS 4

struct virt {
	virConnectPtr connection;
	int callbacks[N_EVENTS];
	void (*handle)(void *context, const struct virt_event *event);
	void *context;
};

/* --- the connection ----------------------------------------------------------------------------------------------- */

static char *last_error(void)
{
	const char *message = virGetLastErrorMessage();
	char *text = util_copy_printable(message != NULL ? message : "unknown error");

	return text;
}

static void on_lifecycle(virConnectPtr connection, virDomainPtr dom, int event, int detail, void *opaque)
{
	const struct virt *virt = opaque;
	char uuid[VIR_UUID_STRING_BUFLEN];
	struct virt_event ours = { .uuid = uuid, .name = virDomainGetName(dom) };

	(void)connection;
	(void)detail;
	if ((event != VIR_DOMAIN_EVENT_STARTED && event != VIR_DOMAIN_EVENT_STOPPED) ||
	    virDomainGetUUIDString(dom, uuid) < 0)
		return;
	ours.kind = event == VIR_DOMAIN_EVENT_STARTED ? VIRT_STARTED : VIRT_STOPPED;
	ours.id = (int)virDomainGetID(dom);
	if (ours.kind == VIRT_STARTED && virDomainRef(dom) == 0)
		ours.dom = (struct virt_dom *)dom;
	if (ours.kind != VIRT_STARTED || ours.dom != NULL)
		virt->handle(virt->context, &ours);
}

static void on_device(const struct virt *virt, virDomainPtr dom, const char *alias, int kind)
{
	char uuid[VIR_UUID_STRING_BUFLEN];
	struct virt_event ours = { .uuid = uuid, .name = virDomainGetName(dom), .alias = alias };

	ours.kind = kind;
	if (virDomainGetUUIDString(dom, uuid) == 0)
		virt->handle(virt->context, &ours);
}

static void on_added(virConnectPtr connection, virDomainPtr dom, const char *alias, void *opaque)
{
	(void)connection;
	on_device(opaque, dom, alias, VIRT_DEVICE_ADDED);
}

static void on_removed(virConnectPtr connection, virDomainPtr dom, const char *alias, void *opaque)
{
	(void)connection;
	on_device(opaque, dom, alias, VIRT_DEVICE_REMOVED);
}

static void on_stayed(virConnectPtr connection, virDomainPtr dom, const char *alias, void *opaque)
{
	(void)connection;
	on_device(opaque, dom, alias, VIRT_DEVICE_STAYED);
}

static void on_closed(virConnectPtr connection, int reason, void *opaque)
{
	const struct virt *virt = opaque;
	const struct virt_event ours = { .kind = VIRT_CLOSED };

	(void)connection;
	(void)reason;
	virt->handle(virt->context, &ours);
}

/* libvirt prints errors on standard error by itself; ours say them, with what they are about. */
static void be_silent(void *context, virErrorPtr error)
{
	(void)context;
	(void)error;
}

static bool listen_to(struct virt *virt)
{
	static const struct {
		int id;
		virConnectDomainEventGenericCallback call;
	} events[N_EVENTS] = {
		{ VIR_DOMAIN_EVENT_ID_LIFECYCLE, VIR_DOMAIN_EVENT_CALLBACK(on_lifecycle) },
		{ VIR_DOMAIN_EVENT_ID_DEVICE_ADDED, VIR_DOMAIN_EVENT_CALLBACK(on_added) },
		{ VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED, VIR_DOMAIN_EVENT_CALLBACK(on_removed) },
		{ VIR_DOMAIN_EVENT_ID_DEVICE_REMOVAL_FAILED, VIR_DOMAIN_EVENT_CALLBACK(on_stayed) },
	};

	if (virConnectRegisterCloseCallback(virt->connection, on_closed, virt, NULL) < 0)
		return false;
	for (size_t i = 0; i < N_EVENTS; i++) {
		virt->callbacks[i] = virConnectDomainEventRegisterAny(virt->connection, NULL, events[i].id,
								      events[i].call, virt, NULL);
		if (virt->callbacks[i] < 0)
			return false;
	}
	return true;
}

struct virt *virt_open(const char *uri, void (*handle)(void *context, const struct virt_event *event), void *context,
		       char **ret_why)
{
	struct virt *virt = util_alloc(sizeof(*virt));

	*virt = (struct virt){ .callbacks = { -1, -1, -1, -1 }, .handle = handle, .context = context };
	virt->connection = virConnectOpen(uri);
	if (virt->connection != NULL && listen_to(virt))
		return virt;
	*ret_why = last_error();
	virt_close(virt);
	return NULL;
}

void virt_close(struct virt *virt)
{
	if (virt == NULL)
		return;
	if (virt->connection != NULL) {
		for (size_t i = 0; i < N_EVENTS; i++)
			if (virt->callbacks[i] >= 0)
				(void)virConnectDomainEventDeregisterAny(virt->connection, virt->callbacks[i]);
		(void)virConnectUnregisterCloseCallback(virt->connection, on_closed);
		(void)virConnectClose(virt->connection);
	}
	free(virt);
}

/* --- guests ------------------------------------------------------------------------------------------------------- */

static enum virt_result result_of_error(char **ret_why)
{
	const virError *error = virGetLastError();

	*ret_why = last_error();
	switch (error != NULL ? error->code : VIR_ERR_INTERNAL_ERROR) {
	case VIR_ERR_NO_DOMAIN:
		return VIRT_GONE;
	case VIR_ERR_OPERATION_TIMEOUT:
		return VIRT_BUSY;
	case VIR_ERR_DEVICE_MISSING:
		return VIRT_ABSENT;
	default:
		return VIRT_FAILED;
	}
}

enum virt_result virt_attach(struct virt_dom *dom, const char *xml, char **ret_why)
{
	if (virDomainAttachDeviceFlags((virDomainPtr)dom, xml, VIR_DOMAIN_AFFECT_LIVE) == 0)
		return VIRT_OK;
	return result_of_error(ret_why);
}

enum virt_result virt_detach(struct virt_dom *dom, const char *alias, char **ret_why)
{
	if (virDomainDetachDeviceAlias((virDomainPtr)dom, alias, VIR_DOMAIN_AFFECT_LIVE) == 0)
		return VIRT_OK;
	return result_of_error(ret_why);
}

enum virt_result virt_describe(struct virt_dom *dom, struct domain *ret, char **ret_why)
{
	char *xml = virDomainGetXMLDesc((virDomainPtr)dom, 0);
	const char *wrong;

	*ret = (struct domain){ 0 };
	if (xml == NULL)
		return result_of_error(ret_why);
	wrong = domain_parse(ret, xml, strlen(xml));
	free(xml);
	if (wrong == NULL)
		return VIRT_OK;
	*ret_why = util_format("its description cannot be read: %s", wrong);
	return VIRT_FAILED;
}

bool virt_list(struct virt *virt, struct virt_dom ***ret, size_t *ret_n, char **ret_why)
{
	virDomainPtr *domains = NULL;
	int n = virConnectListAllDomains(virt->connection, &domains, VIR_CONNECT_LIST_DOMAINS_ACTIVE);

	if (n < 0)
		*ret_why = last_error();
	*ret = (struct virt_dom **)domains;
	*ret_n = n < 0 ? 0 : (size_t)n;
	return n >= 0;
}

int virt_dom_id(const struct virt_dom *dom)
{
	return (int)virDomainGetID((virDomainPtr)(uintptr_t)dom);
}

struct virt_dom *virt_dom_ref(struct virt_dom *dom)
{
	return virDomainRef((virDomainPtr)dom) == 0 ? dom : NULL;
}

void virt_dom_unref(struct virt_dom *dom)
{
	if (dom != NULL)
		(void)virDomainFree((virDomainPtr)dom);
}

/* --- the loop ----------------------------------------------------------------------------------------------------- */

struct watch {
	void (*handle)(void *context);
	void *context;
};

void virt_loop_setup(void)
{
	(void)virInitialize();
	virSetErrorFunc(NULL, be_silent);
	(void)virEventRegisterDefaultImpl();
}

void virt_loop_step(void)
{
	(void)virEventRunDefaultImpl();
}

static void on_ready(int watch, int fd, int events, void *opaque)
{
	const struct watch *self = opaque;

	(void)watch;
	(void)fd;
	(void)events;
	self->handle(self->context);
}

static void on_timer(int timer, void *opaque)
{
	const struct watch *self = opaque;

	virEventUpdateTimeout(timer, -1);
	self->handle(self->context);
}

static struct watch *new_watch(void (*handle)(void *context), void *context)
{
	struct watch *self = util_alloc(sizeof(*self));

	*self = (struct watch){ handle, context };
	return self;
}

int virt_watch(int fd, void (*handle)(void *context), void *context)
{
	return virEventAddHandle(fd, VIR_EVENT_HANDLE_READABLE, on_ready, new_watch(handle, context), free);
}

/* What is read is never empty, so POLLIN would fire for ever; libvirt always listens to errors. */
int virt_watch_errors(int fd, void (*handle)(void *context), void *context)
{
	return virEventAddHandle(fd, VIR_EVENT_HANDLE_ERROR, on_ready, new_watch(handle, context), free);
}

void virt_watch_writing(int watch, bool wants_writing)
{
	virEventUpdateHandle(watch, wants_writing ? VIR_EVENT_HANDLE_WRITABLE : VIR_EVENT_HANDLE_READABLE);
}

void virt_unwatch(int watch)
{
	if (watch >= 0)
		(void)virEventRemoveHandle(watch);
}

int virt_timer(void (*handle)(void *context), void *context)
{
	return virEventAddTimeout(-1, on_timer, new_watch(handle, context), free);
}

void virt_timer_set(int timer, int milliseconds)
{
	virEventUpdateTimeout(timer, milliseconds);
}
