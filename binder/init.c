/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * In front of any init, as rdinit=/usr/sbin/vfio-bind: do the work in a child, undo our own mounts, and become /init
 * with the same PID, arguments and environment, whatever happened. PID 1 must never end: that is a kernel panic.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "binder/commands.h"
#include "lib/file.h"
#include "lib/log.h"
#include "lib/paths.h"
#include "lib/root.h"
#include "lib/util.h"

static const struct {
	const char *target, *type;
	unsigned long flags;
} mounts[] = {
	{ "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC },
	{ "/sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC },
	{ "/dev", "devtmpfs", MS_NOSUID },
};

/* What was there before: init must find a file system as the kernel left it. */
struct mounted {
	bool is_ours, made_directory;
};

/*
 * PID 1 of the machine, not of a container: the first PID namespace has a fixed inode number (PROC_PID_INIT_INO in
 * include/linux/proc_ns.h). Where /proc is not mounted yet, nobody has made containers.
 */
bool init_is_first_process(void)
{
	struct stat info;

	return getpid() == 1 && (stat("/proc/self/ns/pid", &info) < 0 || info.st_ino == 0xEFFFFFFCu);
}

/* Not what is in it: dracut's images bring nodes in /dev, and a report that is written beside them is lost. */
static bool is_mounted(const char *target)
{
	struct stat root, info;

	return stat("/", &root) == 0 && stat(target, &info) == 0 && info.st_dev != root.st_dev;
}

static void mount_missing(struct mounted *done)
{
	for (size_t i = 0; i < ARRAY_SIZE(mounts); i++) {
		if (is_mounted(mounts[i].target))
			continue;
		done[i].made_directory = mkdir(mounts[i].target, 0755) == 0;
		done[i].is_ours = mount(mounts[i].type, mounts[i].target, mounts[i].type, mounts[i].flags, NULL) == 0;
		if (!done[i].is_ours && errno != EBUSY)
			log_warning("init: cannot mount %s: %s, ignoring", mounts[i].target, strerror(errno));
	}
}

/* Detached, not just unmounted: a child that hangs in the kernel may still hold a file below. */
static void unmount_ours(const struct mounted *done)
{
	for (size_t i = ARRAY_SIZE(mounts); i-- > 0;) {
		if (done[i].is_ours)
			(void)umount2(mounts[i].target, MNT_DETACH);
		if (done[i].made_directory)
			(void)rmdir(mounts[i].target);
	}
}

static void reset_process(void)
{
	sigset_t none;

	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static void become(char *path, char **argv, char **environment)
{
	char *own = argv[0];

	argv[0] = path;
	execve(path, argv, environment);
	argv[0] = own;
}

int command_init(char **argv, char **environment)
{
	static char init[] = "/init", sbin_init[] = "/sbin/init", shell[] = "/bin/sh";
	const struct options options = { .root = "/", .deadline = DEADLINE_DEFAULT };
	struct mounted done[ARRAY_SIZE(mounts)] = { 0 };
	int root;

	log_setup("vfio-bind", false, -1);
	if (chdir("/") < 0)
		log_warning("init: cannot change to /: %s, ignoring", strerror(errno));
	mount_missing(done);
	root = root_set("/");
	if (root >= 0) {
		boot_supervised(&options, root, PATH_RUN_PID1);
		log_setup("vfio-bind", false, -1);
		close(root);
	}
	unmount_ours(done);
	reset_process();
	become(init, argv, environment);
	log_error("init: cannot run /init: %s; trying /sbin/init", strerror(errno));
	become(sbin_init, argv, environment);
	become(shell, argv, environment);
	if (getpid() != 1)
		return EXIT_FAILURE;
	log_error("init: nothing to run; waiting for ever, because PID 1 must not end");
	for (;;)
		pause();
}
