/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vfio-open [-k|-m] GROUP ADDRESS: does what QEMU does with a device, and says how far it came: opens
 * the group, asks whether it is viable, gives it a type 1 IOMMU, opens the device. With -m it
 * then maps the first region and reads a word, with -k it holds the device until it is killed.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/vfio.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
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

/* As QEMU does with a card's memory: here "BAR 0: can't reserve" would show. */
static void map_first(int device)
{
	struct vfio_region_info region = { .argsz = sizeof(region), .index = VFIO_PCI_BAR0_REGION_INDEX };
	volatile unsigned int *memory;

	check(ioctl(device, VFIO_DEVICE_GET_REGION_INFO, &region), "region");
	if (region.size == 0 || !(region.flags & VFIO_REGION_INFO_FLAG_MMAP))
		return;
	memory = mmap(NULL, region.size, PROT_READ | PROT_WRITE, MAP_SHARED, device, (off_t)region.offset);
	check(memory == MAP_FAILED ? -1 : 0, "map");
	printf("first word: %08x\n", memory[0]);
}

int main(int argc, char **argv)
{
	bool keep = argc == 4 && strcmp(argv[1], "-k") == 0;
	bool map = argc == 4 && strcmp(argv[1], "-m") == 0;
	struct vfio_group_status status = { .argsz = sizeof(status) };
	struct vfio_device_info info = { .argsz = sizeof(info) };
	char path[64];
	int container, group, device;

	if (argc != (keep || map ? 4 : 3)) {
		fprintf(stderr, "usage: vfio-open [-k|-m] GROUP ADDRESS\n");
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
	if (map)
		map_first(device);
	if (keep)
		for (;;)
			pause();
	return 0;
}
