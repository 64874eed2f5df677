/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "binder/efivar.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/mount.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "lib/paths.h"
#include "lib/root.h"
#include "lib/sysfs.h"
#include "lib/util.h"

/* Non-volatile, and there at boot and at run time (UEFI specification, GetVariable()). */
#define ATTRIBUTES 7

/* Nobody's variable of this name is longer; what is beyond counts as too long all the same. */
#define CONTENT_MAX 256

bool efivar_has_efi(int root)
{
	return sysfs_exists(root, PATH_EFI);
}

/* An instance of efivarfs that nobody else sees. */
static int mount_privately(void)
{
	cleanup_close int context = (int)syscall(SYS_fsopen, "efivarfs", FSOPEN_CLOEXEC);
	int result;

	if (context < 0 || syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -errno;
	result = (int)syscall(SYS_fsmount, context, FSMOUNT_CLOEXEC,
			      MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
	return result < 0 ? -errno : result;
}

/* Is it mounted there? In a folder that stands for a machine, a directory is enough. */
static bool is_mounted(int root, int directory)
{
	cleanup_close int above = root_open(root, PATH_EFI, O_PATH | O_DIRECTORY, 0);
	cleanup_close int sysfs = root_open(root, PATH_DEVICES, O_PATH | O_DIRECTORY, 0);
	cleanup_close int top = root_open(root, ".", O_PATH | O_DIRECTORY, 0);
	struct stat ours, parent, devices, machine;

	if (fstat(directory, &ours) < 0 || above < 0 || fstat(above, &parent) < 0)
		return false;
	if (ours.st_dev != parent.st_dev)
		return true;
	return sysfs >= 0 && top >= 0 && fstat(sysfs, &devices) == 0 && fstat(top, &machine) == 0 &&
	       devices.st_dev == machine.st_dev;
}

int efivar_open(int root, bool may_mount)
{
	int directory;

	if (!efivar_has_efi(root))
		return -ENODEV;
	directory = root_open(root, PATH_EFIVARS, O_RDONLY | O_DIRECTORY, 0);
	if (directory >= 0 && is_mounted(root, directory))
		return directory;
	util_close_fd(&directory);
	return may_mount ? mount_privately() : -ENOENT;
}

ssize_t efivar_read(int directory, void *data, size_t size)
{
	cleanup_close int fd = openat(directory, EFIVAR_NAME, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
	char buffer[sizeof(uint32_t) + CONTENT_MAX];
	size_t length = 0;
	ssize_t got;

	if (fd < 0)
		return -errno;
	do {
		got = read(fd, buffer + length, sizeof(buffer) - length);
		if (got < 0)
			return -errno;
		length += (size_t)got;
	} while (got > 0 && length < sizeof(buffer));
	if (length < sizeof(uint32_t))
		return 0;
	length -= sizeof(uint32_t);
	memcpy(data, buffer + sizeof(uint32_t), length < size ? length : size);
	return (ssize_t)length;
}

/* A file system without such flags (a folder in a test) protects nothing. */
static int unprotect(int directory)
{
	cleanup_close int fd = openat(directory, EFIVAR_NAME, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
	int flags;

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	if (ioctl(fd, FS_IOC_GETFLAGS, &flags) < 0 || (flags & FS_IMMUTABLE_FL) == 0)
		return 0;
	flags &= ~FS_IMMUTABLE_FL;
	return ioctl(fd, FS_IOC_SETFLAGS, &flags) < 0 ? -errno : 0;
}

int efivar_write(int directory, const void *data, size_t size)
{
	char buffer[sizeof(uint32_t) + CONTENT_MAX];
	uint32_t attributes = ATTRIBUTES;
	int result = unprotect(directory);
	cleanup_close int fd = -1;
	ssize_t written;

	if (result < 0)
		return result;
	if (size > CONTENT_MAX)
		return -E2BIG;
	memcpy(buffer, &attributes, sizeof(attributes));
	memcpy(buffer + sizeof(attributes), data, size);
	fd = openat(directory, EFIVAR_NAME, O_WRONLY | O_CREAT | O_TRUNC | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return -errno;
	/* One write is one call of the firmware. */
	written = write(fd, buffer, sizeof(attributes) + size);
	if (written < 0)
		return -errno;
	return (size_t)written == sizeof(attributes) + size ? 0 : -EIO;
}

int efivar_remove(int directory)
{
	int result = unprotect(directory);

	if (result < 0)
		return result;
	return unlinkat(directory, EFIVAR_NAME, 0) < 0 ? -errno : 0;
}
