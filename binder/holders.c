/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One pass over proc: which process has which of our nodes. Which nodes these are is found by nodes.c. */
#include "binder/holders.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <linux/stat.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <time.h>

#include "binder/nodes.h"
#include "lib/file.h"
#include "lib/parse.h"
#include "lib/paths.h"

#define PATH_SIZE 64

/* A line of a report has room for these. */
#define NAMED_MAX 8

/* How often it is asked again whether a process still has a device, and how long between (milliseconds). */
#define TRIES 4
#define PAUSE 250

/* More than any process has mapped (sysctl vm.max_map_count, 65530, times some hundred bytes). */
#define MAPS_MAX (64 * 1024 * 1024)

/* What a device that was opened by VFIO_GROUP_GET_DEVICE_FD shows as (drivers/vfio/vfio_main.c, group.c). */
#define LINK_VFIO_DEVICE "anon_inode:[vfio-device]"

struct scan {
	struct inventory *inventory;
	int root;
	struct nodes nodes;
	bool is_procfs;
	int pid;
	bool has_vfio_device, has_vfio_node; /* of this process */
};

struct holder *holders_add(struct device *device, int pid, char *command, char *node, char *words)
{
	struct holder *holder = util_append(&device->holders, &device->n_holders, sizeof(*holder));

	*holder = (struct holder){ .pid = pid, .command = command, .node = node, .words = words };
	return holder;
}

void holders_free(struct device *device)
{
	for (size_t i = 0; i < device->n_holders; i++) {
		free(device->holders[i].command);
		free(device->holders[i].node);
		free(device->holders[i].words);
	}
	free(device->holders);
	device->holders = NULL;
	device->n_holders = 0;
}

char *holders_text(const struct device *device)
{
	char *text = util_copy("");

	for (size_t i = 0; i < device->n_holders && i < NAMED_MAX; i++) {
		char *more = util_format("%s%s%s", text, i == 0 ? "" : ", ", device->holders[i].words);

		free(text);
		text = more;
	}
	if (device->n_holders > NAMED_MAX) {
		char *more = util_format("%s and %zu more", text, device->n_holders - NAMED_MAX);

		free(text);
		text = more;
	}
	return text;
}

/* The name of a process is its own choice: nothing of it may reach a terminal as it is. */
static char *command_of(const struct scan *scan)
{
	char path[PATH_SIZE], text[SYSFS_NAME_SIZE];

	snprintf(path, sizeof(path), PATH_PROC "/%d/comm", scan->pid);
	if (sysfs_read(scan->root, path, text, sizeof(text)) < 0)
		return util_copy("?");
	return util_copy_printable(text);
}

static bool is_known(const struct device *device, int pid, const char *node)
{
	for (size_t i = 0; i < device->n_holders; i++) {
		const char *other = device->holders[i].node;

		if (device->holders[i].pid == pid && (node == other || (node && other && streq(node, other))))
			return true;
	}
	return false;
}

static void add_user(const struct scan *scan, const struct node *found, const char *name)
{
	struct device *device = &scan->inventory->devices[found->device];
	char *node = util_format(DEV_PREFIX "%s", name), *command;

	if (is_known(device, scan->pid, node)) {
		free(node);
		return;
	}
	command = command_of(scan);
	holders_add(device, scan->pid, command, node, util_format("%s (pid %d) has %s open", command, scan->pid, node))
		->is_block = found->is_block;
}

/* For every device that has nodes at all: nobody knows whether somebody has one of them. pid: 0 if it may be any. */
static void add_all(const struct scan *scan, int pid, const char *command, const char *words)
{
	for (size_t i = 0; i < scan->nodes.count; i++) {
		struct device *device = &scan->inventory->devices[scan->nodes.items[i].device];

		if (!is_known(device, pid, NULL))
			(void)holders_add(device, pid, command != NULL ? util_copy(command) : NULL, NULL,
					  util_copy(words));
	}
}

static void add_unreadable(const struct scan *scan, int error)
{
	cleanup_free char *command = command_of(scan);
	cleanup_free char *words = util_format("what %s (pid %d) has open cannot be read: %s", command, scan->pid,
					       strerror(error));

	add_all(scan, scan->pid, command, words);
}

static void match_name(const struct scan *scan, const char *link)
{
	for (size_t i = 0; i < scan->nodes.count; i++)
		if (nodes_has_name(&scan->nodes.items[i], link))
			add_user(scan, &scan->nodes.items[i], scan->nodes.items[i].name);
}

static void match_number(const struct scan *scan, const struct statx *info)
{
	bool is_block = (info->stx_mode & S_IFMT) == S_IFBLK;

	for (size_t i = 0; i < scan->nodes.count; i++) {
		const struct node *node = &scan->nodes.items[i];

		if (node->has_number && node->is_block == is_block && node->major == info->stx_rdev_major &&
		    (node->is_any_minor || node->minor == info->stx_rdev_minor))
			add_user(scan, node, node->name);
	}
}

static void look_at_link(struct scan *scan, const char *link)
{
	if (streq(link, LINK_VFIO_DEVICE))
		scan->has_vfio_device = true;
	if (starts_with(link, DEV_PREFIX NODE_VFIO) && !streq(link, DEV_PREFIX NODE_VFIO "vfio"))
		scan->has_vfio_node = true;
	if (!scan->is_procfs)
		match_name(scan, link);
}

/* AT_STATX_DONT_SYNC: a file on a network that is down, or in a file system of a dead process, must not hold us up. */
static void look_at_descriptor(struct scan *scan, int directory, const char *name)
{
	char link[PATH_MAX];
	ssize_t n = readlinkat(directory, name, link, sizeof(link) - 1);
	struct statx info;

	/* A path of more than a page is no node's. */
	if (n < 0 && errno != ENOENT && errno != ESRCH && errno != ENAMETOOLONG)
		add_unreadable(scan, errno);
	link[n > 0 ? n : 0] = '\0';
	look_at_link(scan, link);
	if (!scan->is_procfs)
		return;
	if (syscall(SYS_statx, directory, name, AT_STATX_DONT_SYNC, STATX_TYPE, &info) < 0) {
		if (errno != ENOENT && errno != ESRCH)
			match_name(scan, link);
		return;
	}
	if ((info.stx_mode & S_IFMT) == S_IFCHR || (info.stx_mode & S_IFMT) == S_IFBLK)
		match_number(scan, &info);
}

/* "START-END FLAGS OFFSET DEVICE INODE PATH": a node stays open as long as it is mapped. */
static void look_at_maps(struct scan *scan)
{
	cleanup_free char *text = NULL;
	char path[PATH_SIZE];
	size_t length;
	int result;

	snprintf(path, sizeof(path), PATH_PROC "/%d/maps", scan->pid);
	result = file_read(scan->root, path, MAPS_MAX, &text, &length);
	if (result < 0 && result != -ENOENT && result != -ESRCH)
		add_unreadable(scan, -result);
	for (char *line = text, *next; line != NULL && *line != '\0'; line = next) {
		char *end = strchr(line, '\n'), *name;

		next = end != NULL ? end + 1 : line + strlen(line);
		if (end != NULL)
			*end = '\0';
		name = strstr(line, " /dev/");
		if (name != NULL)
			match_name(scan, name + 1);
	}
}

/* A guest that has closed all but the device itself: nobody can tell which one that is. */
static void add_unknown_guest(const struct scan *scan)
{
	for (size_t i = 0; i < scan->nodes.count; i++) {
		const struct node *node = &scan->nodes.items[i];

		if (starts_with(node->name, NODE_VFIO))
			add_user(scan, node, NODE_VFIO "?");
	}
}

/* A process that ends while we look has nothing open any more. */
static void look_at_process(struct scan *scan)
{
	char path[PATH_SIZE];
	const struct dirent *entry;
	DIR *list;

	scan->has_vfio_device = scan->has_vfio_node = false;
	snprintf(path, sizeof(path), PATH_PROC "/%d/fd", scan->pid);
	list = file_open_directory(scan->root, path);
	if (list == NULL) {
		if (errno != ENOENT && errno != ESRCH)
			add_unreadable(scan, errno);
		return;
	}
	while ((errno = 0, entry = readdir(list)) != NULL)
		if (entry->d_name[0] != '.')
			look_at_descriptor(scan, dirfd(list), entry->d_name);
	if (errno != 0 && errno != ENOENT && errno != ESRCH)
		add_unreadable(scan, errno);
	closedir(list);
	look_at_maps(scan);
	if (scan->has_vfio_device && !scan->has_vfio_node)
		add_unknown_guest(scan);
}

static void look_at_processes(struct scan *scan)
{
	DIR *list = file_open_directory(scan->root, PATH_PROC);
	const struct dirent *entry;
	struct statfs info;
	bool is_listed = list != NULL && fstatfs(dirfd(list), &info) == 0;
	size_t n = 0;

	scan->is_procfs = is_listed && info.f_type == PROC_SUPER_MAGIC;
	while (is_listed && (errno = 0, entry = readdir(list)) != NULL) {
		uint64_t pid;

		if (!parse_number(entry->d_name, 10, INT_MAX, &pid))
			continue;
		scan->pid = (int)pid;
		look_at_process(scan);
		n++;
	}
	if (errno != 0) {
		cleanup_free char *words = util_format("what processes have open cannot be read: %s", strerror(errno));

		add_all(scan, 0, NULL, words);
	} else if (n == 0) {
		add_all(scan, 0, NULL, "no process can be seen, so nobody knows who has it open");
	}
	if (list != NULL)
		closedir(list);
}

/* Finds the nodes of one device. */
static void mark_device(struct scan *scan, size_t number)
{
	struct device *device = &scan->inventory->devices[number];
	struct nodes *nodes = &scan->nodes;

	holders_free(device);
	nodes_find(nodes, scan->root, device, number);
	if (nodes_has_console(nodes, scan->root, number))
		(void)holders_add(device, 0, NULL, NULL, util_copy("the text console is on its framebuffer"));
	if (nodes->blind != NULL)
		(void)holders_add(device, 0, NULL, NULL,
				  util_format("which nodes it has cannot be read: %s", nodes->blind));
	free(nodes->blind);
	nodes->blind = NULL;
}

static void mark(struct scan *scan, const bool *asked)
{
	for (size_t i = 0; i < scan->inventory->n_devices; i++)
		if (asked[i])
			mark_device(scan, i);
	if (scan->nodes.count > 0)
		look_at_processes(scan);
	nodes_free(&scan->nodes);
}

/* Has a process one of them, which it may close again? */
static bool has_process(const struct inventory *inventory, const bool *asked)
{
	for (size_t i = 0; i < inventory->n_devices; i++)
		for (size_t j = 0; asked[i] && j < inventory->devices[i].n_holders; j++)
			if (inventory->devices[i].holders[j].node != NULL)
				return true;
	return false;
}

void holders_mark(struct inventory *inventory, int root, const bool *asked)
{
	const struct timespec pause = { .tv_nsec = PAUSE * 1000000L };
	struct scan scan = { .inventory = inventory, .root = root };

	mark(&scan, asked);
	for (int i = 0; i < TRIES && scan.is_procfs && has_process(inventory, asked); i++) {
		(void)nanosleep(&pause, NULL);
		mark(&scan, asked);
	}
}
