/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/domain.h"

#include <stdio.h>

#include "hooks/xml.h"
#include "lib/parse.h"
#include "lib/util.h"

/* Of systemd. */
#define UNIT_NAME_MAX 255

/* No host has more devices; a file of noise might. */
#define ITEMS_MAX 1024

static bool attribute_is(const struct xml_element *element, const char *name, const char *value)
{
	return streq(xml_attribute(element, name), value);
}

/* libvirt writes hex with 0x and decimal without. */
static bool attribute_number(const struct xml_element *node, const char *name, uint64_t max, unsigned int *ret)
{
	const char *text = xml_attribute(node, name);
	uint64_t value;

	if (!parse_number(text, starts_with(text, "0x") ? 16 : 10, max, &value))
		return false;
	*ret = (unsigned int)value;
	return true;
}

/* vcpupin, else the cpuset of vcpu: the order of formatdomain.rst. */
static const char *read_pins(struct domain *domain, const struct xml_element *top)
{
	const struct xml_element *pin = xml_first(xml_first(top, "cputune"), "vcpupin");
	struct cpulist cpus;

	for (; pin != NULL; pin = xml_next(pin)) {
		const char *text = xml_attribute(pin, "cpuset");

		if (!cpulist_parse(text, &cpus))
			return "the cpuset of a vcpupin is no list of CPUs";
		cpulist_add(&domain->pinned, &cpus);
	}
	if (cpulist_is_empty(&domain->pinned)) {
		const char *text = xml_attribute(xml_first(top, "vcpu"), "cpuset");

		if (!cpulist_parse(text, &domain->pinned))
			return "the cpuset of vcpu is no list of CPUs";
	}
	domain->has_pins = !cpulist_is_empty(&domain->pinned);
	return NULL;
}

/* As libvirt's virSystemdEscapeName(), for one folder of a path. Owned by the caller. */
static char *escape_unit(const char *text, size_t length)
{
	static const char plain[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ:_.";
	size_t size = length * strlen("\\x00") + 1, used = 0;
	cleanup_free char *escaped = util_alloc(size);

	for (size_t i = 0; i < length; i++) {
		char c = text[i];

		if (strchr(plain, c) != NULL && (c != '.' || i > 0))
			escaped[used++] = c;
		else
			used += (size_t)snprintf(escaped + used, size - used, "\\x%02x", (unsigned char)c);
	}
	return util_format("%s.slice", escaped);
}

/*
 * <partition>/machine/x</partition> is machine-x.slice, in machine.slice. Scopes must not be computed, slices may. What
 * systemd would refuse holds no guest.
 */
static void read_slice(struct domain *domain, const struct xml_element *top)
{
	const char *partition = xml_text(xml_first(xml_first(top, "resource"), "partition"));
	const char *start = partition + (partition[0] == '/' ? 1 : 0);
	size_t length = strcspn(start, "/");

	if (length > 0 && length <= UNIT_NAME_MAX)
		domain->slice = escape_unit(start, length);
	if (domain->slice == NULL || strlen(domain->slice) > UNIT_NAME_MAX) {
		free(domain->slice);
		domain->slice = util_copy(DOMAIN_SLICE);
	}
}

static bool read_bdf(const struct xml_element *address, struct bdf *ret)
{
	unsigned int number, bus, slot, function;

	if (!attribute_number(address, "domain", UINT32_MAX, &number))
		number = 0;
	if (!attribute_number(address, "bus", 0xff, &bus) || !attribute_number(address, "slot", 0x1f, &slot) ||
	    !attribute_number(address, "function", 7, &function))
		return false;
	*ret = (struct bdf){ number, (uint8_t)bus, (uint8_t)slot, (uint8_t)function };
	return true;
}

static bool read_usb(const struct xml_element *source, struct host_device *device)
{
	const struct xml_element *address = xml_first(source, "address");

	/* "requisite" may be absent behind a migration only. */
	device->is_optional = attribute_is(source, "startupPolicy", "optional");
	if (address != NULL)
		return attribute_number(address, "bus", UINT16_MAX, &device->bus) &&
		       attribute_number(address, "device", UINT16_MAX, &device->number);
	return attribute_number(xml_first(source, "vendor"), "id", UINT16_MAX, &device->vendor) &&
	       attribute_number(xml_first(source, "product"), "id", UINT16_MAX, &device->product);
}

static bool read_scsi(const struct xml_element *source, struct host_device *device)
{
	const char *adapter = xml_attribute(xml_first(source, "adapter"), "name");
	const struct xml_element *address = xml_first(source, "address");
	unsigned int bus, target, unit;

	if (!starts_with(adapter, "scsi_host") || !attribute_number(address, "bus", UINT16_MAX, &bus) ||
	    !attribute_number(address, "target", UINT16_MAX, &target) ||
	    !attribute_number(address, "unit", UINT32_MAX, &unit))
		return false;
	device->name = util_format("%.16s:%u:%u:%u", adapter + strlen("scsi_host"), bus, target, unit);
	return true;
}

static bool read_mdev(const struct xml_element *source, struct host_device *device)
{
	const char *text = xml_attribute(xml_first(source, "address"), "uuid");
	char uuid[UUID_SIZE];

	if (!uuid_copy(uuid, text))
		return false;
	device->name = util_copy(uuid);
	return true;
}

static void free_device(const struct host_device *device)
{
	free(device->name);
	free(device->alias);
}

/* Devices of other kinds (storage and network of containers, iSCSI, vhost) are nothing that we look after. */
static void add_device(struct domain *domain, const struct xml_element *node, const char *type, bool is_managed)
{
	const struct xml_element *source = xml_first(node, "source");
	struct host_device device = { .is_managed = is_managed };
	bool is_known = false;

	if (streq(type, "pci")) {
		device.kind = HOST_PCI;
		is_known = read_bdf(xml_first(source, "address"), &device.bdf);
	} else if (streq(type, "usb")) {
		device.kind = HOST_USB;
		device.alias = util_copy(xml_attribute(xml_first(node, "alias"), "name"));
		is_known = read_usb(source, &device);
	} else if (streq(type, "scsi")) {
		device.kind = HOST_SCSI;
		is_known = read_scsi(source, &device);
	} else if (streq(type, "mdev")) {
		device.kind = HOST_MDEV;
		is_known = read_mdev(source, &device);
	}
	if (is_known && domain->n_devices < ITEMS_MAX)
		*(struct host_device *)util_append(&domain->devices, &domain->n_devices, sizeof(device)) = device;
	else
		free_device(&device);
}

static void read_disk(struct domain *domain, const struct xml_element *node)
{
	const struct xml_element *source = xml_first(node, "source");
	const char *path = xml_attribute(source, "dev"), *kind = xml_attribute(node, "device");
	struct domain_disk *disk;

	if (attribute_is(node, "type", "nvme"))
		add_device(domain, node, "pci", attribute_is(source, "managed", "yes"));
	if (!attribute_is(node, "type", "block") || path[0] != '/' || domain->n_disks == ITEMS_MAX)
		return;
	disk = util_append(&domain->disks, &domain->n_disks, sizeof(*disk));
	disk->path = util_copy(path);
	disk->is_held = !streq(kind, "cdrom") && !streq(kind, "floppy") && xml_first(node, "shareable") == NULL &&
			xml_first(node, "readonly") == NULL;
}

static void read_devices(struct domain *domain, const struct xml_element *devices)
{
	for (const struct xml_element *node = xml_first(devices, "disk"); node != NULL; node = xml_next(node))
		read_disk(domain, node);
	for (const struct xml_element *node = xml_first(devices, "hostdev"); node != NULL; node = xml_next(node))
		add_device(domain, node, xml_attribute(node, "type"), attribute_is(node, "managed", "yes"));
	for (const struct xml_element *node = xml_first(devices, "interface"); node != NULL; node = xml_next(node))
		if (attribute_is(node, "type", "hostdev"))
			add_device(domain, node, "pci", attribute_is(node, "managed", "yes"));
}

static const char *read_domain(struct domain *domain, const struct xml_element *top)
{
	const char *uuid = xml_text(xml_first(top, "uuid"));

	if (!streq(xml_name(top), "domain"))
		return "it is no <domain>";
	if (!uuid_copy(domain->uuid, uuid))
		return "it has no uuid";
	domain->name = util_copy(xml_text(xml_first(top, "name")));
	if (domain->name[0] == '\0')
		return "it has no name";
	read_slice(domain, top);
	read_devices(domain, xml_first(top, "devices"));
	domain_memory_read(&domain->memory, top);
	metadata_read(&domain->metadata, top);
	return read_pins(domain, top);
}

const char *domain_parse(struct domain *domain, const char *text, size_t length)
{
	struct xml_element *top;
	const char *wrong;

	*domain = (struct domain){ 0 };
	if (length == 0)
		return "it is empty";
	if (length > DOMAIN_SIZE_MAX)
		return "it is larger than 8 MiB";
	top = xml_parse(text, length);
	if (top == NULL)
		return "it is no well-formed XML, or has a document type";
	wrong = read_domain(domain, top);
	xml_free(top);
	if (wrong != NULL)
		domain_free(domain);
	return wrong;
}

void domain_free(struct domain *domain)
{
	for (size_t i = 0; i < domain->n_disks; i++)
		free(domain->disks[i].path);
	for (size_t i = 0; i < domain->n_devices; i++)
		free_device(&domain->devices[i]);
	free(domain->disks);
	free(domain->devices);
	domain_memory_free(&domain->memory);
	metadata_free(&domain->metadata);
	free(domain->name);
	free(domain->slice);
	*domain = (struct domain){ 0 };
}

bool domain_has_pci_device(const struct domain *domain)
{
	for (size_t i = 0; i < domain->n_devices; i++)
		if (domain->devices[i].kind == HOST_PCI)
			return true;
	return false;
}
