/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/preflight.h"

#include <stdio.h>

#include "lib/file.h"
#include "lib/paths.h"
#include "lib/sysfs.h"

struct check {
	int root;
	const struct domain *domain;
	struct problems *problems;
};

/* The driver's name, "" if there is none. */
static void read_driver(int root, const char *address, char *buffer, size_t size)
{
	cleanup_free char *path = util_format(PATH_DEVICES "/%s/driver", address);

	if (sysfs_read_link_name(root, path, buffer, size) < 0)
		buffer[0] = '\0';
}

/* vfio-pci, its variants (mlx5_vfio_pci ...), and what the kernel lets stay in a group (vfio_dev_driver_allowed()). */
static bool is_harmless(const char *driver)
{
	return driver[0] == '\0' || strstr(driver, "vfio") != NULL || streq(driver, "pci-stub") ||
	       streq(driver, "pcieport");
}

/* libvirt will detach it from its driver by itself. */
static bool is_managed(const struct domain *domain, const char *address)
{
	char text[BDF_TEXT_SIZE];

	for (size_t i = 0; i < domain->n_devices; i++) {
		bdf_format(&domain->devices[i].bdf, text);
		if (domain->devices[i].kind == HOST_PCI && domain->devices[i].is_managed && streq(text, address))
			return true;
	}
	return false;
}

static void check_group(const struct check *check, const char *address)
{
	cleanup_free char *path = util_format(PATH_DEVICES "/%s/iommu_group/devices", address);
	DIR *directory = file_open_directory(check->root, path);
	const struct dirent *entry;
	char driver[SYSFS_NAME_SIZE];

	if (directory == NULL) {
		problem_add(check->problems, PROBLEM_MACHINE, address,
			    "has no IOMMU group; is the IOMMU switched on in firmware and kernel?");
		return;
	}
	while ((entry = readdir(directory)) != NULL) {
		if (entry->d_name[0] == '.' || streq(entry->d_name, address))
			continue;
		read_driver(check->root, entry->d_name, driver, sizeof(driver));
		if (!is_harmless(driver) && !is_managed(check->domain, entry->d_name))
			problem_add(check->problems, PROBLEM_MACHINE, address,
				    "is in one IOMMU group with %s, which driver %s holds; give that to vfio-pci or to "
				    "the guest as well",
				    entry->d_name, driver);
	}
	closedir(directory);
}

static void check_pci(const struct check *check, const struct host_device *device)
{
	char address[BDF_TEXT_SIZE], driver[SYSFS_NAME_SIZE];
	cleanup_free char *path = NULL;

	bdf_format(&device->bdf, address);
	path = util_format(PATH_DEVICES "/%s", address);
	if (!sysfs_exists(check->root, path)) {
		problem_add(check->problems, PROBLEM_MACHINE, address, "there is no such PCI device on this host");
		return;
	}
	read_driver(check->root, address, driver, sizeof(driver));
	if (!device->is_managed && strstr(driver, "vfio") == NULL)
		problem_add(check->problems, PROBLEM_MACHINE, address, "%s%s, and %s",
			    driver[0] != '\0' ? "is held by driver " : "has no driver", driver,
			    check->domain->is_by_hand ? "QEMU does not take it from there; run 'vfiokit bind' first"
						      : "the guest's definition does not say managed='yes'");
	check_group(check, address);
}

static bool has_number(int root, const char *device, const char *name, unsigned int base, unsigned int wanted)
{
	cleanup_free char *path = util_format(PATH_USB_DEVICES "/%s/%s", device, name);
	char text[32], expected[32];

	snprintf(expected, sizeof(expected), base == 16 ? "%04x" : "%u", wanted);
	return sysfs_read(root, path, text, sizeof(text)) == 0 && streq(text, expected);
}

static bool is_usb(int root, const char *name, const struct host_device *device)
{
	if (device->number != 0)
		return has_number(root, name, "busnum", 10, device->bus) &&
		       has_number(root, name, "devnum", 10, device->number);
	return has_number(root, name, "idVendor", 16, device->vendor) &&
	       has_number(root, name, "idProduct", 16, device->product);
}

static void check_usb(const struct check *check, const struct host_device *device)
{
	DIR *directory = file_open_directory(check->root, PATH_USB_DEVICES);
	const struct dirent *entry;
	char where[64];
	size_t n = 0;

	while (directory != NULL && (entry = readdir(directory)) != NULL)
		if (entry->d_name[0] != '.' && is_usb(check->root, entry->d_name, device))
			n++;
	if (directory != NULL)
		closedir(directory);
	if (device->number != 0)
		snprintf(where, sizeof(where), "USB bus %u device %u", device->bus, device->number);
	else
		snprintf(where, sizeof(where), "USB %04x:%04x", device->vendor, device->product);
	if (n == 0 && !device->is_optional)
		problem_add(check->problems, PROBLEM_MACHINE, where,
			    "there is no such device; plug it in, or give it "
			    "startupPolicy='optional'");
	else if (n > 1)
		problem_add(check->problems, PROBLEM_MACHINE, where,
			    "there are %zu of them, and libvirt takes none then; give the guest one by its address", n);
}

static void check_named(const struct check *check, const char *directory, const char *kind, const char *name)
{
	cleanup_free char *path = util_format("%s/%s", directory, name), *where = util_format("%s %s", kind, name);

	if (!sysfs_exists(check->root, path))
		problem_add(check->problems, PROBLEM_MACHINE, where, "there is no such device on this host");
}

void preflight(int root, const struct domain *domain, struct problems *problems)
{
	const struct check check = { root, domain, problems };

	for (size_t i = 0; i < domain->n_devices; i++) {
		const struct host_device *device = &domain->devices[i];

		switch (device->kind) {
		case HOST_PCI:
			check_pci(&check, device);
			break;
		case HOST_USB:
			check_usb(&check, device);
			break;
		case HOST_SCSI:
			check_named(&check, PATH_SCSI_DEVICES, "SCSI device", device->name);
			break;
		case HOST_MDEV:
			check_named(&check, PATH_MDEV_DEVICES, "mediated device", device->name);
			break;
		}
	}
}
