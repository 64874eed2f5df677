/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vfio-open [-k] GROUP ADDRESS: does what QEMU does with a device, and says how far it came: opens
 * the group, asks whether it is viable, gives it a type 1 IOMMU, opens the device. With -k it then
 * holds the device until it is killed.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/vfio.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static int check(int result, const char *what)
{
	if (result < 0) {
		printf("%s: %s\n", what, strerror(errno));
		exit(1);
	}
	printf("%s: ok\n", what);
	return result;
}

int main(int argc, char **argv)
{
	bool keep = argc == 4 && strcmp(argv[1], "-k") == 0;
	struct vfio_group_status status = { .argsz = sizeof(status) };
	struct vfio_device_info info = { .argsz = sizeof(info) };
	char path[64];
	int container, group, device;

	if (argc != (keep ? 4 : 3)) {
		fprintf(stderr, "usage: vfio-open [-k] GROUP ADDRESS\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	snprintf(path, sizeof(path), "/dev/vfio/%s", argv[argc - 2]);
	container = check(open("/dev/vfio/vfio", O_RDWR), "container");
	group = check(open(path, O_RDWR), "group");
	check(ioctl(group, VFIO_GROUP_GET_STATUS, &status), "status");
	errno = EPERM;
	check(status.flags & VFIO_GROUP_FLAGS_VIABLE ? 0 : -1, "viable");
	check(ioctl(group, VFIO_GROUP_SET_CONTAINER, &container), "set-container");
	check(ioctl(container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU), "type1");
	device = check(ioctl(group, VFIO_GROUP_GET_DEVICE_FD, argv[argc - 1]), "device");
	check(ioctl(device, VFIO_DEVICE_GET_INFO, &info), "info");
	printf("regions: %u\n", info.num_regions);
	if (keep)
		for (;;)
			pause();
	return 0;
}
