/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/usb/server.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "hooks/usb/describe.h"
#include "hooks/usb/orders.h"
#include "lib/file.h"
#include "lib/log.h"
#include "lib/paths.h"
#include "lib/util.h"

#define DEFAULT_GROUP "libvirt"
#define CLIENTS_MAX 32
/* Of what a client does not fetch. */
#define OUT_MAX (4 * 1024 * 1024)
#define GROUPS_MAX 1024

struct client {
	struct usb_server *server;
	int fd, watch;
	char *in; /* owned; what came of a line so far */
	size_t n_in;
	char *out; /* owned; what is to be sent */
	size_t n_out;
	bool is_watching, is_ordering, is_leaving, is_gone;
	char *shown; /* owned; watch: what it was sent last */
	struct usb_order order;
};

struct usb_server {
	struct usbd *daemon;
	int fd, watch, timer;
	struct client *clients[CLIENTS_MAX]; /* owned; NULL: free */
};

/* --- who may --------------------------------------------------------------------------------------------------------
 */

static bool find_group(const struct usbd *daemon, gid_t *ret)
{
	const char *name = daemon->conf.usb_group != NULL ? daemon->conf.usb_group : DEFAULT_GROUP;
	const struct group *group = getgrnam(name);

	if (group != NULL)
		*ret = group->gr_gid;
	return group != NULL;
}

/* Of the process at the other end when it connected, as the kernel says. */
static bool may_command(const struct usbd *daemon, int fd)
{
	gid_t groups[GROUPS_MAX], wanted = 0;
	struct ucred who = { .uid = (uid_t)-1 };
	socklen_t size = sizeof(who);
	bool has_group;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) < 0)
		return false;
	if (who.uid == 0)
		return true;
	has_group = find_group(daemon, &wanted);
	size = sizeof(groups);
	if (!has_group || getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size) < 0)
		return has_group && who.gid == wanted;
	for (size_t i = 0; i < size / sizeof(groups[0]); i++)
		if (groups[i] == wanted)
			return true;
	return who.gid == wanted;
}

/* --- clients --------------------------------------------------------------------------------------------------------
 */

/* Not in the middle of what is done with it: usb_server_sweep() frees it. */
static void leave(struct client *client)
{
	client->is_gone = true;
	virt_timer_set(client->server->timer, 0);
}

static void free_client(struct client *client)
{
	virt_unwatch(client->watch);
	close(client->fd);
	free(client->in);
	free(client->out);
	free(client->shown);
	usb_order_free(&client->order);
	free(client);
}

static void flush(struct client *client)
{
	while (client->n_out > 0) {
		ssize_t n = send(client->fd, client->out, client->n_out, MSG_NOSIGNAL);

		if (n < 0 && errno == EAGAIN)
			break;
		if (n <= 0) {
			leave(client);
			return;
		}
		client->n_out -= (size_t)n;
		memmove(client->out, client->out + n, client->n_out);
	}
	if (client->n_out == 0 && client->is_leaving)
		leave(client);
	virt_watch_writing(client->watch, client->n_out > 0);
}

static void send_text(struct client *client, const char *text)
{
	size_t length = strlen(text);
	char *longer;

	if (client->is_gone)
		return;
	longer = client->n_out + length + 1 <= OUT_MAX ? realloc(client->out, client->n_out + length + 1) : NULL;
	if (longer == NULL) {
		leave(client);
		return;
	}
	client->out = longer;
	memcpy(client->out + client->n_out, text, length);
	client->out[client->n_out + length] = '\n';
	client->n_out += length + 1;
	flush(client);
}

/* Takes the document over. */
static void send_document(struct client *client, cJSON *document)
{
	cleanup_free char *text = cJSON_PrintUnformatted(document);

	cJSON_Delete(document);
	if (text != NULL)
		send_text(client, text);
}

static void send_error(struct client *client, const char *why)
{
	cJSON *document = cJSON_CreateObject();

	cJSON_AddStringToObject(document, "error", why);
	client->is_leaving = true;
	send_document(client, document);
}

/* --- requests -------------------------------------------------------------------------------------------------------
 */

static void show(struct client *client)
{
	cJSON *document = usb_describe(client->server->daemon, true);
	char *text = cJSON_PrintUnformatted(document);

	cJSON_Delete(document);
	if (text != NULL && (client->shown == NULL || !streq(client->shown, text)))
		send_text(client, text);
	free(client->shown);
	client->shown = text;
}

static void look_at_order(struct client *client)
{
	if (!client->is_ordering || client->is_gone || !usb_order_look(&client->order, client->server->daemon))
		return;
	client->is_ordering = false;
	client->is_leaving = true;
	send_document(client, usb_order_answer(&client->order));
	usb_order_free(&client->order);
}

static void set_timer(const struct usb_server *server)
{
	uint64_t next = UINT64_MAX, now = usb_now();

	for (size_t i = 0; i < CLIENTS_MAX; i++) {
		const struct client *client = server->clients[i];

		if (client != NULL && client->is_gone)
			next = now;
		else if (client != NULL && client->is_ordering && client->order.until < next)
			next = client->order.until;
	}
	virt_timer_set(server->timer, next == UINT64_MAX ? -1 : next <= now ? 0 : (int)(next - now));
}

static void obey(struct client *client, const char *line, size_t length)
{
	struct usb_request request;
	const char *wrong = usb_request_parse(&request, line, length);
	char *why;

	if (wrong != NULL) {
		send_error(client, wrong);
		return;
	}
	if (request.command == USB_LIST || request.command == USB_WATCH) {
		client->is_watching = request.command == USB_WATCH;
		client->is_leaving = !client->is_watching;
		show(client);
	} else {
		why = usb_order_begin(&client->order, client->server->daemon, &request);
		client->is_ordering = why == NULL;
		if (why != NULL)
			send_error(client, why);
		else
			usbd_reconcile(client->server->daemon); /* comes back to on_changed() */
		free(why);
	}
	usb_request_free(&request);
	set_timer(client->server);
}

/* One request for each connection: what comes behind it is not read. */
static void on_input(void *context)
{
	struct client *client = context;
	const char *end;
	ssize_t n;

	if (client->is_gone)
		return;
	if (client->n_out > 0) {
		flush(client);
		return;
	}
	if (client->in == NULL)
		client->in = util_alloc(USB_REQUEST_MAX + 1);
	n = recv(client->fd, client->in + client->n_in, USB_REQUEST_MAX + 1 - client->n_in, MSG_DONTWAIT);
	if (n <= 0) {
		if (n == 0 || errno != EAGAIN)
			leave(client);
		return;
	}
	if (client->is_watching || client->is_ordering || client->is_leaving)
		return;
	client->n_in += (size_t)n;
	end = memchr(client->in, '\n', client->n_in);
	if (end != NULL)
		obey(client, client->in, (size_t)(end - client->in));
	else if (client->n_in > USB_REQUEST_MAX)
		send_error(client, "the request is too long");
	if (end != NULL)
		client->n_in = 0;
}

static void add_client(struct usb_server *server, int fd, size_t place)
{
	struct client *client = util_alloc(sizeof(*client));

	client->server = server;
	client->fd = fd;
	client->watch = virt_watch(fd, on_input, client);
	server->clients[place] = client;
	if (client->watch < 0)
		leave(client);
	else if (!may_command(server->daemon, fd))
		send_error(client, "only root and members of the group that [usb] of hooks.conf names may ask; "
				   "nothing was changed");
}

static void on_connect(void *context)
{
	struct usb_server *server = context;
	int fd = accept4(server->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	for (size_t i = 0; fd >= 0 && i < CLIENTS_MAX; i++) {
		if (server->clients[i] == NULL) {
			add_client(server, fd, i);
			return;
		}
	}
	if (fd >= 0)
		close(fd);
}

static void sweep(struct usb_server *server)
{
	for (size_t i = 0; i < CLIENTS_MAX; i++) {
		if (server->clients[i] == NULL || !server->clients[i]->is_gone)
			continue;
		free_client(server->clients[i]);
		server->clients[i] = NULL;
	}
}

static void on_changed(void *context)
{
	struct usb_server *server = context;

	for (size_t i = 0; i < CLIENTS_MAX; i++) {
		if (server->clients[i] == NULL || server->clients[i]->is_gone)
			continue;
		look_at_order(server->clients[i]);
		if (server->clients[i]->is_watching)
			show(server->clients[i]);
	}
	set_timer(server);
}

static void on_timer(void *context)
{
	on_changed(context);
	sweep(context);
	set_timer(context);
}

/* --- the socket -----------------------------------------------------------------------------------------------------
 */

static int bind_socket(const struct usb_server *server)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	/* bind() has no variant with a directory's descriptor: through it. */
	cleanup_close int directory = openat(server->daemon->root, PATH_RUN, O_PATH | O_DIRECTORY | O_CLOEXEC);
	gid_t group = 0;

	if (directory < 0)
		return -errno;
	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/usb.sock", directory);
	(void)unlinkat(directory, "usb.sock", 0);
	if (bind(server->fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	if (fchmodat(directory, "usb.sock", 0600, 0) < 0)
		return -errno;
	if (!find_group(server->daemon, &group)) {
		log_warning("there is no group '%s'; only root may use vfio-usb",
			    server->daemon->conf.usb_group != NULL ? server->daemon->conf.usb_group : DEFAULT_GROUP);
		return 0;
	}
	if (fchownat(directory, "usb.sock", (uid_t)-1, group, 0) < 0 || fchmodat(directory, "usb.sock", 0660, 0) < 0)
		return -errno;
	return 0;
}

int usb_server_open(struct usb_server **ret, struct usbd *daemon)
{
	struct usb_server *server = util_alloc(sizeof(*server));
	int result;

	*ret = server;
	server->daemon = daemon;
	server->watch = -1;
	server->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	server->timer = virt_timer(on_timer, server);
	result = server->fd < 0 ? -errno : file_make_directories(daemon->root, PATH_RUN);
	if (result == 0)
		result = bind_socket(server);
	if (result < 0)
		return result;
	if (listen(server->fd, CLIENTS_MAX) < 0)
		return -errno;
	server->watch = virt_watch(server->fd, on_connect, server);
	daemon->changed = on_changed;
	daemon->changed_context = server;
	return server->watch < 0 ? -ENOMEM : 0;
}

void usb_server_close(struct usb_server *server)
{
	if (server == NULL)
		return;
	server->daemon->changed = NULL;
	(void)unlinkat(server->daemon->root, PATH_USB_SOCKET, 0);
	for (size_t i = 0; i < CLIENTS_MAX; i++)
		if (server->clients[i] != NULL)
			free_client(server->clients[i]);
	virt_unwatch(server->watch);
	util_close_fd(&server->fd);
	free(server);
}
