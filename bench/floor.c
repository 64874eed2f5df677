/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * floor DEVICE... MODULE.ko...: the least that gives devices to vfio-pci: write each override, load each file, check
 * nothing. A program that also decides, verifies and reports cannot be faster; `make bench` says how near it comes. As
 * the first process (rdinit=) it leaves the place to /init then.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

static void override(const char *device)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/driver_override", device);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (write(fd, "vfio-pci", 8) != 8)
		perror(device);
	close(fd);
}

static void load(const char *file)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC);

	if (syscall(SYS_finit_module, fd, "", 0) != 0)
		perror(file);
	close(fd);
}

int main(int argc, char **argv)
{
	int is_first = getpid() == 1;

	if (is_first && mount("sysfs", "/sys", "sysfs", 0, NULL) != 0)
		perror("/sys");
	for (int i = 1; i < argc; i++)
		if (strchr(argv[i], '/') == NULL)
			override(argv[i]);
		else
			load(argv[i]);
	if (!is_first)
		return 0;
	umount("/sys");
	execl("/init", "/init", NULL);
	return 1;
}
