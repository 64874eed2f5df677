/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/daemon.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

#include "hooks/claims.h"
#include "lib/file.h"
#include "lib/parse.h"
#include "lib/paths.h"
#include "lib/root.h"
#include "lib/sysfs.h"
#include "lib/util.h"

#define BUS_TIME 2000

/* The kernel rounds the time at which it booted, and so that at which a process started (s). */
#define CLOCK_ERROR 1

/* --- the hooks --------------------------------------------------------------------------------------------------- */

struct hooks {
	bool has_ours;
	char *target;  /* owned; of the link that is ours, NULL if it is the program itself */
	time_t oldest; /* when the first of all hooks came; 0: there is none */
};

/* Of a link, when it was laid. What libvirt runs is a regular file behind it, with a bit of execution. */
static void look_at_hook(int root, const char *path, const struct stat *ours, struct hooks *hooks)
{
	cleanup_close int file = root_open(root, path, O_PATH, 0), link = root_open(root, path, O_PATH | O_NOFOLLOW, 0);
	struct stat info, link_info;
	char target[PATH_MAX];
	ssize_t n;

	if (file < 0 || link < 0 || fstat(file, &info) < 0 || fstat(link, &link_info) < 0 || !S_ISREG(info.st_mode) ||
	    (info.st_mode & 0111) == 0)
		return;
	if (hooks->oldest == 0 || link_info.st_ctime < hooks->oldest)
		hooks->oldest = link_info.st_ctime;
	n = readlinkat(link, "", target, sizeof(target) - 1);
	target[n > 0 ? n : 0] = '\0';
	if (info.st_ino != ours->st_ino || info.st_dev != ours->st_dev)
		if (!ends_with(target, "/vfio-hook"))
			return;
	hooks->has_ours = true;
	free(hooks->target);
	hooks->target = target[0] != '\0' ? util_copy(target) : NULL;
}

/* libvirt runs "qemu", and every executable regular file in qemu.d, links included. */
static void look_at_hooks(int root, struct hooks *hooks)
{
	DIR *directory = file_open_directory(root, PATH_LIBVIRT_HOOKS);
	cleanup_close int program = root_open(root, PATH_HOOK, O_PATH, 0);
	const struct dirent *entry;
	struct stat ours;

	if (program < 0 || fstat(program, &ours) < 0)
		ours = (struct stat){ 0 };
	*hooks = (struct hooks){ 0 };
	look_at_hook(root, PATH_LIBVIRT_HOOK, &ours, hooks);
	while (directory != NULL && (entry = readdir(directory)) != NULL) {
		cleanup_free char *path = util_format(PATH_LIBVIRT_HOOKS "/%s", entry->d_name);

		look_at_hook(root, path, &ours, hooks);
	}
	if (directory != NULL)
		closedir(directory);
}

/* --- the daemon -------------------------------------------------------------------------------------------------- */

static pid_t find_daemon(int root, const char **ret_name)
{
	static const char *const names[] = { "virtqemud", "libvirtd" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		cleanup_free char *file = util_format("run/%s.pid", names[i]), *path = NULL;
		char name[SYSFS_VALUE_SIZE];
		uint64_t pid;

		if (sysfs_read_number(root, file, &pid) < 0 || pid > INT32_MAX)
			continue;
		path = util_format(PATH_PROC "/%d/comm", (int)pid);
		if (sysfs_read(root, path, name, sizeof(name)) < 0 || !streq(name, names[i]))
			continue;
		*ret_name = names[i];
		return (pid_t)pid;
	}
	return 0;
}

/* When the kernel booted, in seconds since 1970. */
static bool read_boot_time(int root, uint64_t *ret)
{
	cleanup_free char *text = NULL;
	const char *line;
	size_t length;
	char *rest, *word;

	if (file_read(root, PATH_PROC "/stat", 1024 * 1024, &text, &length) < 0)
		return false;
	line = strstr(text, "\nbtime ");
	if (line == NULL)
		return false;
	rest = text + (line - text) + strlen("\nbtime ");
	word = strsep(&rest, "\n");
	return parse_number(word, 10, INT32_MAX, ret);
}

/* In seconds since 1970; 0: unknown. */
static time_t start_of(int root, pid_t pid)
{
	uint64_t ticks = claims_process_start(root, pid), boot;

	if (ticks == 0 || !read_boot_time(root, &boot))
		return 0;
	return (time_t)(boot + ticks / (uint64_t)sysconf(_SC_CLK_TCK));
}

/* When it last looked for hooks: its start, or the last reload that systemd knows of. 0: unknown. */
static time_t last_look(struct host *host, const char *name, time_t start)
{
	cleanup_free char *unit = util_format("%s.service", name);
	struct bus *bus = start != 0 ? host_bus(host, BUS_TIME) : NULL;
	uint64_t changed;

	if (bus != NULL && bus_unit_changed(bus, unit, &changed) == 0 && (time_t)(changed / 1000000) > start)
		return (time_t)(changed / 1000000);
	return start;
}

/* Both modules have the first file on kernels of today; the second is that of the only one that there is. */
static char *read_label(int root, pid_t pid)
{
	static const char *const files[] = { "attr/apparmor/current", "attr/current" };

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		cleanup_free char *path = util_format(PATH_PROC "/%d/%s", pid, files[i]);
		char text[SYSFS_VALUE_SIZE];

		/* "kernel": SELinux without a policy. */
		if (sysfs_read(root, path, text, sizeof(text)) == 0 && text[0] != '\0' && !streq(text, "kernel"))
			return util_copy_printable(text);
	}
	return NULL;
}

void daemon_note_call(int root)
{
	(void)file_write(root, PATH_CALLED, "", 0);
}

static bool has_called(int root, time_t start)
{
	cleanup_close int fd = root_open(root, PATH_CALLED, O_PATH | O_NOFOLLOW, 0);
	struct stat info;

	return start != 0 && fd >= 0 && fstat(fd, &info) == 0 && info.st_mtime + CLOCK_ERROR >= start;
}

static bool selinux_enforces(int root)
{
	uint64_t enforces;

	return sysfs_read_number(root, PATH_SELINUX_ENFORCE, &enforces) < 0 || enforces != 0;
}

/*
 * libvirt's profile for AppArmor lets it execute what is in its directory of hooks, and what is directly in the
 * system's directories of programs; a link is judged by its target. Of SELinux nobody knows but by a call that came.
 */
static enum daemon_answer may_run(int root, const char *label, const char *target, time_t start)
{
	static const char *const directories[] = { "/bin/", "/sbin/", "/usr/bin/", "/usr/sbin/" };

	if (label == NULL || starts_with(label, "unconfined") || ends_with(label, "(complain)"))
		return DAEMON_YES;
	if (strchr(label, ':') != NULL)
		return !selinux_enforces(root) || has_called(root, start) ? DAEMON_YES : DAEMON_UNKNOWN;
	if (target == NULL)
		return DAEMON_YES;
	for (size_t i = 0; i < ARRAY_SIZE(directories); i++)
		if (starts_with(target, directories[i]) && strchr(target + strlen(directories[i]), '/') == NULL)
			return DAEMON_YES;
	return DAEMON_NO;
}

void daemon_look(struct host *host, struct daemon_view *ret)
{
	struct hooks hooks;
	time_t look, start = 0;
	pid_t pid;

	*ret = (struct daemon_view){ 0 };
	look_at_hooks(host->root, &hooks);
	ret->is_installed = hooks.has_ours;
	pid = find_daemon(host->root, &ret->name);
	if (pid != 0) {
		start = start_of(host->root, pid);
		look = last_look(host, ret->name, start);
		ret->label = read_label(host->root, pid);
	}
	if (pid != 0 && hooks.has_ours) {
		ret->may_run = may_run(host->root, ret->label, hooks.target, start);
		if (look != 0)
			ret->sees_hook = hooks.oldest <= look + CLOCK_ERROR ? DAEMON_YES : DAEMON_NO;
	}
	free(hooks.target);
}

void daemon_free(struct daemon_view *view)
{
	free(view->label);
	*view = (struct daemon_view){ 0 };
}
