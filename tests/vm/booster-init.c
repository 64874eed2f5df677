/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The /init of an image like booster's, as far as it matters to what ran before it: five mounts, each of which is fatal
 * if it fails; modules from one flat directory, those of a list at once, then those that the modaliases in /sys ask
 * for; the real root on /dev/vda; all that is in the rootfs deleted; and its init.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MODULES "/usr/lib/modules/"
#define NEEDS "/etc/booster.needs" /* lines: what a module needs, in order of loading, and at last its own name */
#define FORCED "/etc/booster.forced"
#define ALIASES MODULES "booster.alias" /* lines: pattern, module */

static __attribute__((noreturn)) void die(const char *what)
{
	printf("booster-init: %s: %s\n", what, strerror(errno));
	fflush(stdout);
	sleep(1);
	reboot(RB_AUTOBOOT);
	_exit(1);
}

static void mount_or_die(const char *type, const char *dir)
{
	if (mkdir(dir, 0755) < 0 && errno != EEXIST)
		die(dir);
	if (mount(type, dir, type, 0, NULL) < 0)
		die(dir);
}

static void load_one(const char *name)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), MODULES "%s.ko", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || (syscall(SYS_finit_module, fd, "", 0) < 0 && errno != EEXIST && errno != ENODEV))
		printf("booster-init: %s: %s\n", path, strerror(errno));
	if (fd >= 0)
		close(fd);
}

/* With what it needs. */
static void load(const char *name)
{
	FILE *needs = fopen(NEEDS, "re");
	char line[1024], *word, *rest;

	if (!needs)
		die(NEEDS);
	while (fgets(line, sizeof(line), needs)) {
		line[strcspn(line, "\n")] = '\0';
		word = strrchr(line, ' ');
		if (strcmp(word ? word + 1 : line, name) != 0)
			continue;
		for (word = strtok_r(line, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
			load_one(word);
	}
	fclose(needs);
}

static void load_forced(void)
{
	FILE *forced = fopen(FORCED, "re");
	char name[256];

	while (forced && fscanf(forced, "%255s", name) == 1)
		load(name);
	if (forced)
		fclose(forced);
}

static void load_alias(const char *path)
{
	FILE *file = fopen(path, "re"), *aliases = fopen(ALIASES, "re");
	char alias[1024] = "", pattern[1024], name[256];

	if (!aliases)
		die(ALIASES);
	if (file && fgets(alias, sizeof(alias), file)) {
		alias[strcspn(alias, "\n")] = '\0';
		while (fscanf(aliases, "%1023s %255s", pattern, name) == 2)
			if (fnmatch(pattern, alias, 0) == 0)
				load(name);
	}
	if (file)
		fclose(file);
	fclose(aliases);
}

static void walk(const char *path)
{
	DIR *directory = opendir(path);
	const struct dirent *entry;
	char below[4096];

	while (directory && (entry = readdir(directory))) {
		if (snprintf(below, sizeof(below), "%s/%s", path, entry->d_name) >= (int)sizeof(below))
			continue;
		if (entry->d_type == DT_DIR && entry->d_name[0] != '.')
			walk(below);
		else if (entry->d_type == DT_REG && strcmp(entry->d_name, "modalias") == 0)
			load_alias(below);
	}
	if (directory)
		closedir(directory);
}

/* Everything on this file system, as switching to another root does; mounts have moved away. */
static void delete_below(int parent, dev_t device)
{
	DIR *directory = fdopendir(parent);
	const struct dirent *entry;
	struct stat info;
	int fd;

	while (directory && (entry = readdir(directory))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
		    fstatat(dirfd(directory), entry->d_name, &info, AT_SYMLINK_NOFOLLOW) < 0 || info.st_dev != device)
			continue;
		if (S_ISDIR(info.st_mode)) {
			fd = openat(dirfd(directory), entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
			if (fd >= 0)
				delete_below(fd, device);
		}
		unlinkat(dirfd(directory), entry->d_name, S_ISDIR(info.st_mode) ? AT_REMOVEDIR : 0);
	}
	if (directory)
		closedir(directory);
}

static void switch_root(void)
{
	static const char *const moved[] = { "/dev", "/proc", "/sys", "/run" };
	char target[64];
	struct stat info;
	int old = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (stat("/init", &info) < 0 || !S_ISREG(info.st_mode) || stat("/etc/booster.init.yaml", &info) < 0 ||
	    stat("/etc/initrd-release", &info) < 0 || old < 0)
		die("this is no initramfs of booster's");
	for (size_t i = 0; i < sizeof(moved) / sizeof(moved[0]); i++) {
		snprintf(target, sizeof(target), "/new%s", moved[i]);
		if (mount(moved[i], target, NULL, MS_MOVE, NULL) < 0)
			die(target);
	}
	if (chdir("/new") < 0 || fstat(old, &info) < 0)
		die("/new");
	delete_below(old, info.st_dev);
	if (mount(".", "/", NULL, MS_MOVE, NULL) < 0 || chroot(".") < 0 || chdir("/") < 0)
		die("switching to the real root");
}

int main(void)
{
	if (getpid() != 1)
		die("I am not the first process");
	mount_or_die("devtmpfs", "/dev");
	mount_or_die("sysfs", "/sys");
	mount_or_die("proc", "/proc");
	mount_or_die("tmpfs", "/run");
	mount_or_die("devpts", "/dev/pts");
	load_forced();
	walk("/sys/devices");
	walk("/sys/devices"); /* what the first ones have made to appear */
	load("ext4");
	if (mkdir("/new", 0755) < 0 || mount("/dev/vda", "/new", "ext4", 0, NULL) < 0)
		die("/dev/vda");
	switch_root();
	execl("/sbin/init", "/sbin/init", (char *)NULL);
	die("/sbin/init");
}
