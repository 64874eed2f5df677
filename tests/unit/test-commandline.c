/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/commandline.h"

#include "tests/unit/test.h"

#define UUID "4dea22b3-1d52-d8f3-2516-782e98ab3fa0"
#define WORDS_MAX 32

static void add_device(char **text, const struct host_device *device)
{
	char address[BDF_TEXT_SIZE];

	bdf_format(&device->bdf, address);
	if (device->kind == HOST_PCI)
		test_append(text, " pci:%s", address);
	else if (device->kind == HOST_USB)
		test_append(text, " usb:%04x:%04x@%u.%u", device->vendor, device->product, device->bus, device->number);
	else
		test_append(text, " mdev:%s", device->name);
}

/* "DISK... DEVICE...", and in brackets what is unclear or refused. Owned by the caller. */
static char *describe(const char *const words[])
{
	struct commandline line;
	char *text = NULL;

	commandline_read(&line, "win", words);
	CHECK_STR(line.domain.name, "win");
	CHECK_STR(line.domain.slice, "machine.slice");
	test_append(&text, "%s", "");
	for (size_t i = 0; i < line.domain.n_disks; i++)
		test_append(&text, " %s%s", line.domain.disks[i].path, line.domain.disks[i].is_held ? "" : ",check");
	for (size_t i = 0; i < line.domain.n_devices; i++)
		add_device(&text, &line.domain.devices[i]);
	if (line.unclear != NULL)
		test_append(&text, " (%s)", line.unclear);
	if (line.refusal != NULL)
		test_append(&text, " [%.24s]", line.refusal);
	commandline_free(&line);
	return text;
}

static const struct {
	const char *name, *words[WORDS_MAX], *expected;
} cases[] = {
	{ "nothing at all", { NULL }, "" },
	{ "no disk", { "-nodefaults", "-S", "-display", "none", "-m", "64" }, " none 64" },
	{ "-hda and its like",
	  { "-hda", "/dev/sda", "-hdb", "/dev/sdb", "-cdrom", "/dev/sr0", "-fda", "/dev/fd0", "-sd", "/dev/sdc",
	    "-pflash", "/dev/sdd", "-mtdblock", "/dev/sde" },
	  " /dev/sda /dev/sdb /dev/sr0,check /dev/fd0 /dev/sdc /dev/sdd /dev/sde" },
	{ "two dashes", { "--hda", "/dev/sda" }, " /dev/sda" },
	{ "a word alone is a disk", { "-enable-kvm", "/dev/sda" }, " /dev/sda" },
	{ "what another option takes", { "-append", "-hda", "-name", "/dev/sdx", "-kernel", "/vmlinuz" }, " /vmlinuz" },
	{ "-drive", { "-drive", "file=/dev/sda,format=raw" }, " /dev/sda" },
	{ "-drive, the name behind the rest", { "-drive", "if=virtio,readonly=on,file=/dev/sda" }, " /dev/sda,check" },
	{ "-drive, readonly alone", { "-drive", "file=/dev/sda,readonly" }, " /dev/sda,check" },
	{ "-drive, readonly off", { "-drive", "file=/dev/sda,readonly=off,noreadonly" }, " /dev/sda" },
	{ "-drive, a cdrom", { "-drive", "file=/dev/sr0,media=cdrom" }, " /dev/sr0,check" },
	{ "-drive, doubled commas", { "-drive", "file=/dev/disk/by-id/a,,b,id=x" }, " /dev/disk/by-id/a,b" },
	{ "-drive without a file", { "-drive", "if=none,id=x" }, "" },
	{ "-drive with dots", { "-drive", "file.driver=host_device,file.filename=/dev/sda" }, " /dev/sda" },
	{ "-drive, a relative name", { "-drive", "file=disk.img" }, " disk.img" },
	{ "protocols",
	  { "-hda", "host_device:/dev/sda", "-hdb", "file:/dev/sdb", "-hdc", "host_cdrom:/dev/sr0" },
	  " /dev/sda /dev/sdb /dev/sr0,check" },
	{ "protocols of nothing", { "-hda", "file:", "-cdrom", "", "-hdb", "host_device:", "" }, "" },
	{ "elsewhere",
	  { "-hda", "nbd://host/x", "-hdb", "nbd+unix:///x", "-hdc", "https://host/x.iso", "-hdd", "fat:rw:/tmp" },
	  "" },
	{ "a protocol that may hide a disk",
	  { "-hda", "blkdebug:x:/dev/sda" },
	  " (nobody can tell what is behind 'blkdebug:x:/dev/sda')" },
	{ "a colon behind a slash",
	  { "-hda", "/dev/disk/by-path/pci-0000:00:1f.2-ata-1" },
	  " /dev/disk/by-path/pci-0000:00:1f.2-ata-1" },
	{ "an NVMe disk by its controller", { "-drive", "file=nvme://0000:01:00.0/1" }, " pci:0000:01:00.0" },
	{ "-blockdev",
	  { "-blockdev", "host_device,filename=/dev/sda,node-name=f", "-blockdev", "raw,file=f,node-name=d", "-device",
	    "virtio-blk-pci,drive=d" },
	  " /dev/sda" },
	{ "-blockdev in JSON",
	  { "-blockdev", "{\"driver\":\"raw\",\"node-name\":\"d\",\"file\":{\"driver\":\"host_device\","
			 "\"filename\":\"/dev/sda\"}}" },
	  " /dev/sda" },
	{ "-blockdev, read-only",
	  { "-blockdev", "{\"driver\":\"raw\",\"read-only\":true,\"file\":{\"driver\":\"host_device\","
			 "\"filename\":\"/dev/sda\"}}" },
	  " /dev/sda,check" },
	{ "-blockdev, only what is below is read-only",
	  { "-blockdev", "driver=qcow2,file.filename=/dev/sda,backing.read-only=on,backing.file.filename=/dev/sdb" },
	  " /dev/sda /dev/sdb,check" },
	{ "-blockdev, an array",
	  { "-blockdev", "{\"driver\":\"quorum\",\"children\":[{\"filename\":\"/dev/sda\"},"
			 "{\"filename\":\"/dev/sdb\"}]}" },
	  " /dev/sda /dev/sdb" },
	{ "-blockdev, NVMe", { "-blockdev", "driver=nvme,device=0000:01:00.0,namespace=1" }, " pci:0000:01:00.0" },
	{ "-blockdev, broken JSON", { "-blockdev", "{\"driver\":" }, " (-blockdev is followed by broken JSON)" },
	{ "json:", { "-drive", "file=json:{\"driver\":\"raw\",,\"file\":{\"filename\":\"/dev/sda\"}}" }, " /dev/sda" },
	{ "json: that is none", { "-drive", "file=json:x" }, " (a disk's 'json:' is no JSON object)" },
	{ "json: in json: in json:",
	  { "-drive", "file.filename=json:{\"filename\": \"json:{\\\"filename\\\": \\\"/dev/sda\\\"}\"}" },
	  " /dev/sda" },
	{ "shared",
	  { "-drive", "file=/dev/sda,id=a,if=none", "-device", "virtio-blk-pci,drive=a,share-rw=on", "-drive",
	    "file=/dev/sdb,id=b,if=none", "-device", "virtio-blk-pci,drive=b" },
	  " /dev/sda,check /dev/sdb" },
	{ "shared, through nodes",
	  { "-device", "{\"driver\":\"scsi-hd\",\"drive\":\"d\",\"share-rw\":true}", "-blockdev",
	    "raw,file=f,node-name=d", "-blockdev", "host_device,filename=/dev/sda,node-name=f" },
	  " /dev/sda,check" },
	{ "a drive of CDs",
	  { "-drive", "file=/dev/sr0,id=c,if=none", "-device", "ide-cd,drive=c" },
	  " /dev/sr0,check" },
	{ "twice, once to be held", { "-cdrom", "/dev/sda", "-hda", "/dev/sda" }, " /dev/sda" },
	{ "a descriptor", { "-add-fd", "fd=7,set=1", "-hda", "/dev/fdset/1" }, " /proc/self/fd/7 /dev/fdset/1" },
	{ "PCI devices",
	  { "-device", "vfio-pci,host=01:00.0", "-device", "vfio-pci-nohotplug,host=0001:02:00.1,x-vga=on", "-device",
	    "vfio-pci,sysfsdev=/sys/bus/pci/devices/0000:03:00.0" },
	  " pci:0000:01:00.0 pci:0001:02:00.1 pci:0000:03:00.0" },
	{ "a mediated device", { "-device", "vfio-pci,sysfsdev=/sys/bus/mdev/devices/" UUID }, " mdev:" UUID },
	{ "a PCI device by a descriptor",
	  { "-device", "vfio-pci,fd=9" },
	  " (a -device vfio-pci has neither host= nor sysfsdev=)" },
	{ "USB devices",
	  { "-device", "usb-host,hostbus=1,hostaddr=5", "-device", "usb-host,vendorid=0x046d,productid=0xc52b",
	    "-device", "usb-host,hostbus=1,hostport=2" },
	  " usb:0000:0000@1.5 usb:046d:c52b@0.0" },
	{ "a file of options", { "-readconfig", "x.cfg" }, " (-readconfig is not read here)" },
	{ "-set", { "-set", "drive.a.file=/dev/sda" }, " (-set of a drive or device is not read here)" },
	{ "-set of something else", { "-set", "machine.x.y=z" }, "" },
	{ "-daemonize", { "-daemonize" }, " [with -daemonize QEMU wou]" },
	{ "an option without its word", { "-drive" }, "" },
};

TEST(commandline_cases)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_free char *text = NULL;

		test_case("%s", cases[i].name);
		text = describe(cases[i].words);
		CHECK_STR(text, cases[i].expected);
	}
}

static char *uuid_of(const char *name, const char *const words[])
{
	struct commandline line;
	char *text;

	commandline_read(&line, name, words);
	text = util_format("%s%s", line.domain.uuid, line.refusal != NULL ? " refused" : "");
	commandline_free(&line);
	return text;
}

TEST(commandline_uuids)
{
	static const char *const none[] = { NULL }, *const given[] = { "-uuid", "4DEA22B3-1d52-d8f3-2516-782e98ab3fa0",
								       NULL };
	cleanup_free char *first = uuid_of("win", none), *again = uuid_of("win", none), *other = uuid_of("wim", none);
	cleanup_free char *by_option = uuid_of("win", given), *by_name = uuid_of(UUID, none);
	cleanup_free char *both = uuid_of(UUID, given);
	cleanup_free char *two = uuid_of("00000000-0000-4000-8000-000000000001", given);
	char uuid[UUID_SIZE];

	CHECK_TRUE(uuid_copy(uuid, first));
	CHECK_INT(first[14], '8');
	CHECK_TRUE(strchr("89ab", first[19]) != NULL);
	CHECK_STR(again, first);
	CHECK_TRUE(!streq(other, first));
	CHECK_STR(by_option, UUID);
	CHECK_STR(by_name, UUID);
	CHECK_STR(both, UUID);
	CHECK_STR(two, UUID " refused");
}
