/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/domain.h"

#include "tests/unit/test.h"

#define UUID "4dea22b3-1d52-d8f3-2516-782e98ab3fa0"
#define HEAD "<domain type='kvm' id='1'><name>win</name><uuid>" UUID "</uuid>"
#define PCI(attributes)                                                                                                \
	"<hostdev mode='subsystem' type='pci' managed='yes'><source><address " attributes "/></source></hostdev>"

static void add_device(char **text, const struct host_device *device)
{
	char address[BDF_TEXT_SIZE];

	bdf_format(&device->bdf, address);
	switch (device->kind) {
	case HOST_PCI:
		test_append(text, " pci:%s%s", address, device->is_managed ? ",managed" : "");
		break;
	case HOST_USB:
		test_append(text, " usb:%04x:%04x@%u.%u%s", device->vendor, device->product, device->bus,
			    device->number, device->is_optional ? ",optional" : "");
		break;
	case HOST_SCSI:
		test_append(text, " scsi:%s", device->name);
		break;
	case HOST_MDEV:
		test_append(text, " mdev:%s", device->name);
		break;
	}
}

/* "NAME SLICE pins=CPUS DISK... DEVICE...", or what is wrong. Owned by the caller. */
static char *describe(const char *xml, size_t length)
{
	struct domain domain;
	const char *wrong = domain_parse(&domain, xml, length);
	cleanup_free char *pins = cpulist_format(&domain.pinned);
	char *text = NULL;

	if (wrong != NULL)
		return util_copy(wrong);
	CHECK_STR(domain.uuid, UUID);
	CHECK_INT(domain.has_pins, !cpulist_is_empty(&domain.pinned));
	test_append(&text, "%s %s pins=%s", domain.name, domain.slice, pins);
	for (size_t i = 0; i < domain.n_disks; i++)
		test_append(&text, " %s%s", domain.disks[i].path, domain.disks[i].is_held ? "" : ",check");
	for (size_t i = 0; i < domain.n_devices; i++)
		add_device(&text, &domain.devices[i]);
	domain_free(&domain);
	return text;
}

#define DASHES "----------------"
#define NONE "win machine.slice pins="

static const struct {
	const char *name, *xml, *expected;
} cases[] = {
	{ "nothing in it", HEAD "</domain>", NONE },
	{ "vcpupin",
	  HEAD "<vcpu cpuset='0-7'>2</vcpu><cputune><vcpupin vcpu='0' cpuset='2'/><emulatorpin cpuset='0'/>"
	       "<vcpupin vcpu='1' cpuset='3,7'/><iothreadpin iothread='1' cpuset='1'/></cputune></domain>",
	  NONE "2-3,7" },
	{ "the cpuset of vcpu", HEAD "<vcpu placement='static' cpuset='4-5,^5'>2</vcpu></domain>", NONE "4" },
	{ "vcpu without cpuset", HEAD "<vcpu>2</vcpu></domain>", NONE },
	{ "a cpuset that is none", HEAD "<vcpu cpuset='x'>2</vcpu></domain>", "the cpuset of vcpu is no list of CPUs" },
	{ "a pin that is none", HEAD "<cputune><vcpupin vcpu='0' cpuset='1-'/></cputune></domain>",
	  "the cpuset of a vcpupin is no list of CPUs" },
	{ "a partition", HEAD "<resource><partition>/machine/lab</partition></resource></domain>", NONE },
	{ "a partition of its own", HEAD "<resource><partition>/guests/a</partition></resource></domain>",
	  "win guests.slice pins=" },
	{ "a partition of more words", HEAD "<resource><partition>/prod-a/b</partition></resource></domain>",
	  "win prod\\x2da.slice pins=" },
	{ "a partition that begins with a dot", HEAD "<resource><partition>/.a.b:c_d</partition></resource></domain>",
	  "win \\x2ea.b:c_d.slice pins=" },
	{ "an odd partition", HEAD "<resource><partition>/a b\\\xC3\xA9</partition></resource></domain>",
	  "win a\\x20b\\x5c\\xc3\\xa9.slice pins=" },
	{ "a partition that is too long for systemd",
	  HEAD "<resource><partition>/" DASHES DASHES DASHES DASHES "</partition></resource></domain>", NONE },
	{ "a top partition", HEAD "<resource><partition>/</partition></resource></domain>", NONE },
	{ "disks",
	  HEAD "<devices><disk type='block' device='disk'><source dev='/dev/sda'/></disk>"
	       "<disk type='block' device='lun'><source dev='/dev/sdb'/></disk>"
	       "<disk type='block'><source dev='/dev/sdc'/></disk>"
	       "<disk type='block' device='cdrom'><source dev='/dev/sr0'/><readonly/></disk>"
	       "<disk type='block' device='floppy'><source dev='/dev/fd0'/></disk>"
	       "<disk type='block' device='disk'><source dev='/dev/sdd'/><shareable/></disk>"
	       "<disk type='block' device='disk'><source dev='/dev/sde'/><readonly/></disk>"
	       "<disk type='block' device='cdrom'/>"
	       "<disk type='file' device='disk'><source file='/x.img'/></disk>"
	       "<disk type='volume' device='disk'><source pool='p' volume='v'/></disk></devices></domain>",
	  NONE " /dev/sda /dev/sdb /dev/sdc /dev/sr0,check /dev/fd0,check /dev/sdd,check /dev/sde,check" },
	{ "a PCI device",
	  HEAD "<devices>" PCI("domain='0x0000' bus='0x01' slot='0x1f' function='0x7'") "</devices></domain>",
	  NONE " pci:0000:01:1f.7,managed" },
	{ "a PCI device that is not managed, without a domain",
	  HEAD "<devices><hostdev type='pci' managed='no'><source><address bus='1' slot='2' function='0'/></source>"
	       "</hostdev></devices></domain>",
	  NONE " pci:0000:01:02.0" },
	{ "PCI addresses that are none",
	  HEAD "<devices>" PCI("bus='0x100' slot='0' function='0'") PCI("bus='0' slot='0x20' function='0'")
		  PCI("bus='0' slot='0' function='8'") PCI("bus='x' slot='0' function='0'") "</devices></domain>",
	  NONE },
	{ "a VF as an interface",
	  HEAD
	  "<devices><interface type='hostdev' managed='yes'><source><address type='pci' domain='0x0000' bus='0x03' "
	  "slot='0x10' function='0x2'/></source></interface><interface type='network'/></devices></domain>",
	  NONE " pci:0000:03:10.2,managed" },
	{ "an NVMe disk",
	  HEAD "<devices><disk type='nvme' device='disk'><source type='pci' managed='yes' namespace='1'><address "
	       "domain='0x0000' bus='0x05' slot='0x00' function='0x0'/></source></disk></devices></domain>",
	  NONE " pci:0000:05:00.0,managed" },
	{ "USB",
	  HEAD
	  "<devices><hostdev type='usb'><source startupPolicy='optional'><vendor id='0x1234'/><product id='0xbeef'/>"
	  "</source></hostdev><hostdev type='usb'><source><address bus='1' device='2'/></source></hostdev>"
	  "<hostdev type='usb'><source startupPolicy='requisite'><vendor id='0x1'/><product id='0x2'/><address bus='3' "
	  "device='4'/></source></hostdev></devices></domain>",
	  NONE " usb:1234:beef@0.0,optional usb:0000:0000@1.2 usb:0000:0000@3.4" },
	{ "SCSI and mediated devices",
	  HEAD
	  "<devices><hostdev type='scsi'><source><adapter name='scsi_host2'/><address bus='0' target='1' unit='5'/>"
	  "</source></hostdev><hostdev type='scsi'><source protocol='iscsi' name='x'/></hostdev><hostdev "
	  "type='mdev'><source><address uuid='" UUID "'/></source></hostdev></devices></domain>",
	  NONE " scsi:2:0:1:5 mdev:" UUID },
	{ "what we do not know",
	  HEAD "<x><disk type='block'><source dev='/dev/x'/></disk></x><devices><y/><hostdev type='storage'/></devices>"
	       "<metadata><a:b xmlns:a='urn:x'><c/></a:b></metadata></domain>",
	  NONE },
	{ "a name with everything",
	  "<domain><name>-a b&quot;&apos;$(c)\xC3\xA9</name><uuid>4DEA22B3-1D52-D8F3-2516-782E98AB3FA0</uuid></domain>",
	  "-a b\"'$(c)\xC3\xA9 machine.slice pins=" },
	{ "text in pieces", "<domain><name> w&#105;<![CDATA[n<]]>\n</name><uuid>" UUID "</uuid></domain>",
	  " win<\n machine.slice pins=" },
	{ "names with a prefix are others'", HEAD "<x:devices/><x:name>y</x:name></domain>", NONE },
	{ "empty", "", "it is empty" },
	{ "no XML", "hello", "it is no well-formed XML, or has a document type" },
	{ "cut off", HEAD "<devices>", "it is no well-formed XML, or has a document type" },
	{ "something else", "<network><uuid>" UUID "</uuid></network>", "it is no <domain>" },
	{ "without a uuid", "<domain><name>win</name></domain>", "it has no uuid" },
	{ "a uuid that is none", "<domain><name>win</name><uuid>../../etc</uuid></domain>", "it has no uuid" },
	{ "without a name", "<domain><uuid>" UUID "</uuid></domain>", "it has no name" },
	{ "a document type", "<!DOCTYPE domain>" HEAD "</domain>", "it is no well-formed XML, or has a document type" },
	{ "an entity", "<!DOCTYPE d [<!ENTITY a 'b'>]><domain><name>&a;</name><uuid>" UUID "</uuid></domain>",
	  "it is no well-formed XML, or has a document type" },
	{ "a file as an entity",
	  "<!DOCTYPE d [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><domain><name>&a;</name><uuid>" UUID
	  "</uuid></domain>",
	  "it is no well-formed XML, or has a document type" },
	{ "an undefined entity", HEAD "&a;</domain>", "it is no well-formed XML, or has a document type" },
};

TEST(domain_cases)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_free char *got = NULL;

		test_case("%s", cases[i].name);
		got = describe(cases[i].xml, strlen(cases[i].xml));
		CHECK_STR(got, cases[i].expected);
	}
}

/* Wherever it is cut, it is read whole or refused: it must never look like a guest with fewer disks. */
TEST(domain_cut_anywhere)
{
	static const char xml[] = HEAD "<devices><disk type='block'><source dev='/dev/sda'/></disk></devices></domain>";

	for (size_t length = 0; length < sizeof(xml) - 1; length++) {
		cleanup_free char *exact = util_alloc(length + 1), *got = NULL;

		memcpy(exact, xml, length);
		got = describe(exact, length);
		CHECK_TRUE(starts_with(got, "it is "));
	}
}

TEST(domain_too_large)
{
	static const char xml[] = HEAD "</domain>";
	size_t length = DOMAIN_SIZE_MAX + 1;
	cleanup_free char *text = util_alloc(length + 1), *got = NULL;

	memset(text, ' ', length);
	for (size_t i = 0; xml[i] != '\0'; i++)
		text[i] = xml[i];
	got = describe(text, length);
	CHECK_STR(got, "it is larger than 8 MiB");
	free(got);
	got = describe(text, length - 1);
	CHECK_STR(got, NONE);
}

/* A bomb of nested elements ends at the depth that we allow. */
TEST(domain_deep)
{
	size_t depth = 100000, length = depth * 3;
	cleanup_free char *text = util_alloc(length + 1), *got = NULL;

	for (size_t i = 0; i < length; i++)
		text[i] = "<a>"[i % 3];
	got = describe(text, length);
	CHECK_STR(got, "it is no well-formed XML, or has a document type");
}
