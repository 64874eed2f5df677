/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/mode.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>

#include "hooks/daemon.h"
#include "lib/paths.h"
#include "lib/root.h"
#include "lib/sysfs.h"
#include "lib/util.h"

struct mode {
	struct daemon_view view;
	bool hook_works;                   /* as far as anybody can tell */
	bool hook_is_unclear;              /* nobody can tell whether what confines libvirt's daemon lets it run */
	bool hookd_runs, hookd_is_waiting; /* waiting: libvirt is not there */
	bool hookd_is_hidden;              /* only root can see whether it runs */
};

/* The lock is its own: it goes with the process, however that ends. */
static bool is_locked(int root, const char *path, bool *ret_is_hidden)
{
	cleanup_close int fd = root_open(root, path, O_RDONLY | O_NOFOLLOW, 0);

	*ret_is_hidden = fd == -EACCES;
	return fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
}

static void look(struct host *host, struct mode *ret)
{
	char state[32];

	*ret = (struct mode){ 0 };
	daemon_look(host, &ret->view);
	ret->hook_works = ret->view.is_installed && ret->view.sees_hook != DAEMON_NO && ret->view.may_run != DAEMON_NO;
	ret->hook_is_unclear = ret->hook_works && ret->view.name != NULL && ret->view.may_run == DAEMON_UNKNOWN;
	ret->hook_works = ret->hook_works && !ret->hook_is_unclear;
	ret->hookd_runs = is_locked(host->root, PATH_HOOKD, &ret->hookd_is_hidden);
	/* Without the newline. */
	ret->hookd_is_waiting = ret->hookd_runs && sysfs_read(host->root, PATH_HOOKD, state, sizeof(state)) == 0 &&
				starts_with(HOOKD_WAITING, state) && state[0] != '\0';
}

static const char *name_of(const struct mode *mode)
{
	if (mode->hook_works)
		return mode->hookd_runs ? "both" : "hook";
	if (mode->hookd_is_hidden || (mode->hook_is_unclear && !mode->hookd_runs))
		return "unknown";
	return mode->hookd_runs ? "vfio-hookd" : "none";
}

static const char *answer(enum daemon_answer value)
{
	return value == DAEMON_YES ? "yes" : value == DAEMON_NO ? "no" : "unknown";
}

static void print_json(const struct mode *mode)
{
	cJSON *document = cJSON_CreateObject(), *hook, *hookd;
	char *text;

	cJSON_AddNumberToObject(document, "version", 1);
	cJSON_AddStringToObject(document, "mode", name_of(mode));
	hook = cJSON_AddObjectToObject(document, "hook");
	cJSON_AddBoolToObject(hook, "installed", mode->view.is_installed);
	cJSON_AddStringToObject(hook, "seen", answer(mode->view.sees_hook));
	cJSON_AddStringToObject(hook, "may_run", answer(mode->view.may_run));
	hookd = cJSON_AddObjectToObject(document, "hookd");
	if (mode->hookd_is_hidden) {
		cJSON_AddNullToObject(hookd, "running");
		cJSON_AddNullToObject(hookd, "connected");
	} else {
		cJSON_AddBoolToObject(hookd, "running", mode->hookd_runs);
		cJSON_AddBoolToObject(hookd, "connected", mode->hookd_runs && !mode->hookd_is_waiting);
	}
	cJSON_AddItemToObject(document, "daemon",
			      mode->view.name != NULL ? cJSON_CreateString(mode->view.name) : cJSON_CreateNull());
	cJSON_AddItemToObject(document, "confinement",
			      mode->view.label != NULL ? cJSON_CreateString(mode->view.label) : cJSON_CreateNull());
	text = cJSON_Print(document);
	puts(text);
	free(text);
	cJSON_Delete(document);
}

/* Why the hook does not do it, and what to type. */
static void print_hook(const struct daemon_view *view)
{
	const char *name = view->name != NULL ? view->name : "libvirt's daemon";

	if (!view->is_installed)
		printf("the hook is not installed: run 'ln -s /%s /" PATH_LIBVIRT_HOOKS
		       "/50-vfiokit' and reload %s, or "
		       "'systemctl enable --now vfio-hookd'\n",
		       PATH_HOOK, name);
	else if (view->sees_hook == DAEMON_NO)
		printf("%s does not call the hook, because it was started before that was installed: run 'systemctl "
		       "reload %s'\n",
		       name, name);
	else if (view->may_run == DAEMON_NO)
		printf("%s may not run the hook where it is: install vfiokit with PREFIX=/usr, or run 'systemctl "
		       "enable --now vfio-hookd'\n",
		       name);
	else if (view->name == NULL)
		printf("the hook is installed; no daemon of libvirt runs now, so nobody knows whether it will be "
		       "called\n");
	else if (view->may_run == DAEMON_UNKNOWN)
		printf("the hook is installed; whether SELinux lets %s run it is not known until it did: start a guest "
		       "and run 'vfio-hook check' again; if it is not started, see 'ausearch -m avc -ts recent', and "
		       "load vfiokit's module or remove the hook and run 'systemctl enable --now vfio-hookd'\n",
		       name);
	else
		printf("the hook is installed, and %s %s\n", name,
		       view->sees_hook == DAEMON_YES ? "calls it" : "may have seen it");
}

static void print_lines(const struct mode *mode)
{
	printf("mode: %s\n", name_of(mode));
	print_hook(&mode->view);
	if (mode->hookd_is_hidden)
		printf("whether vfio-hookd runs, only root can see\n");
	if (mode->hookd_runs)
		printf("vfio-hookd runs, and %s\n",
		       mode->hookd_is_waiting ? "waits for libvirt" : "listens to libvirt");
	if (mode->hookd_runs && mode->hook_works)
		printf("both are harmless: the second finds what the first has done; only the hook can refuse a "
		       "start\n");
	else if (mode->hookd_runs)
		printf("vfio-hookd comes when a guest runs: a disk that the host uses is said, and no start is "
		       "refused\n");
	if (mode->view.name != NULL)
		printf("%s is confined as '%s'\n", mode->view.name, mode->view.label != NULL ? mode->view.label : "-");
}

int mode_print(struct host *host, bool json)
{
	struct mode mode;
	int code;

	look(host, &mode);
	code = mode.hook_works || mode.hookd_runs ? EXIT_SUCCESS : EXIT_FAILURE;
	if (json)
		print_json(&mode);
	else
		print_lines(&mode);
	daemon_free(&mode.view);
	return code;
}
