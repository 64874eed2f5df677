/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the host uses, read from roots that hold what the kernel shows of each kind of use. */
#include "binder/needs.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "tests/unit/test.h"

#define DISK(slot, name) "P: /devices/pci0000:00/0000:00:" slot "/ata1/block/" name "\nE: SUBSYSTEM=block\n"
#define VIRTUAL(name) "P: /devices/virtual/block/" name "\nE: SUBSYSTEM=block\n"
#define SLAVE(name) "L: slaves/" name "=../../x\n"
#define SDA                                                                                                            \
	"P: /devices/pci0000:00/0000:00:01.0/ata1/block/sda\nE: SUBSYSTEM=block\n"                                     \
	"P: /devices/pci0000:00/0000:00:01.0/ata1/block/sda/sda1\nE: SUBSYSTEM=block\n"                                \
	"P: /devices/pci0000:00/0000:00:01.0/ata1/block/sda/sda2\nE: SUBSYSTEM=block\n"
#define SDB                                                                                                            \
	"P: /devices/pci0000:00/0000:00:02.0/ata1/block/sdb\nE: SUBSYSTEM=block\n"                                     \
	"P: /devices/pci0000:00/0000:00:02.0/ata1/block/sdb/sdb1\nE: SUBSYSTEM=block\n"
#define MOUNT(number, point, type, source)                                                                             \
	"F: proc/self/mountinfo=26 1 " number " / " point " rw,relatime shared:1 - " type " " source " rw\\n\n"
#define PROC "F: proc/self/mountinfo=22 1 0:22 / /proc rw - proc proc rw\\n\n"
#define ROOT "F: proc/self/mountinfo=26 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\\n\n"
#define SWAPS "F: proc/swaps=Filename\\tType\\tSize\\tUsed\\tPriority\\n\n"
#define ZFS "F: proc/spl/kstat/zfs/tank/state=ONLINE\\n\n"
#define UDEV(number, text) "F: run/udev/data/b" number "=" text "\n"
#define NUMBER(number) "A: dev=" number "\n"
#define HEAD_DIRECTORY "/devices/virtual/nvme-subsystem/nvme-subsys0"
#define NVME(slot, name) "P: /devices/pci0000:00/0000:00:" slot "/nvme/" name "\nE: SUBSYSTEM=nvme\n"
#define NET(slot, name, flags)                                                                                         \
	"P: /devices/pci0000:00/0000:00:" slot "/net/" name "\nE: SUBSYSTEM=net\nA: flags=" flags "\n"
#define VNET(name) "P: /devices/virtual/net/" name "\nE: SUBSYSTEM=net\nA: flags=0x1003\n"
#define ROUTE(name, flags)                                                                                             \
	"F: proc/net/route=Iface\\tDestination\\tGateway\\tFlags\\tRefCnt\\tUse\\tMetric\\tMask\\n" name               \
	"\\t00000000\\t0101A8C0\\t" flags "\\t0\\t0\\t0\\t00000000\\t0\\t0\\t0\\n\n"
#define INPUT(path, keys) "P: /devices/" path "\nE: SUBSYSTEM=input\nA: name=Board\nA: capabilities/key=" keys "\n"
#define KEYS "1000000000007 ff9f207ac14057ff febeffdfffefffff fffffffffffffffe"

#define BLIND(slot, name, why) "blind: " why "; storage 00:" slot "? nobody can tell what uses " name ": " why

#define WIRELESS INPUT("virtual/misc/uhid/0005:0001:0002.0003/input/input9", KEYS)
#define ADAPTER(path, name) "P: /devices/" path "/bluetooth/" name "\nE: SUBSYSTEM=bluetooth\n"

struct needs_case {
	const char *title, *fixture, *expected;
};

static char *show(const struct needs *needs)
{
	char *text = util_format("%s%s%s%s", needs->knows_storage ? "S " : "", needs->knows_keyboards ? "K " : "",
				 needs->blind != NULL ? "blind: " : "", needs->blind != NULL ? needs->blind : "");

	for (size_t i = 0; i < needs->count; i++) {
		const struct need *need = &needs->items[i];
		char address[BDF_TEXT_SIZE], *longer;

		bdf_format(&need->bdf, address);
		longer = util_format("%s%s%s %s%s %s", text, i == 0 && needs->blind == NULL ? "" : "; ",
				     needs_kind_name(need->kind), need->is_elsewhere ? "elsewhere" : address + 5,
				     need->is_guess ? "?" : "", need->use);
		free(text);
		text = longer;
	}
	return text;
}

static void check(const struct needs_case *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int root = test_root(rows[i].fixture);
		struct needs needs = { 0 };
		char *text;

		test_case("%s", rows[i].title);
		needs_scan(&needs, root);
		text = show(&needs);
		CHECK_STR(text, rows[i].expected);
		free(text);
		needs_free(&needs);
		test_close_roots();
	}
}

static const struct needs_case storage_cases[] = {
	{ "nothing to be seen", "D: sys\n", "" },
	{ "disks, but no table of mounts", SDA, "" },
	{ "early boot: disks, but the root is not mounted",
	  SDA MOUNT("0:2", "/", "rootfs", "rootfs") "F: proc/self/mounts=rootfs / rootfs rw 0 0\\n\n", "" },
	{ "mounted nothing of it", SDA PROC, "S " },
	{ "a partition", SDA SDB ROOT, "S storage 00:01.0 mount / on sda1" },
	{ "as /proc/mounts has it", SDA "F: proc/mounts=/dev/sda1 /a\\\\040b ext4 rw 0 0\\n\n",
	  "S storage 00:01.0 mount /a b on sda1" },
	{ "an unknown number goes by the source", SDA MOUNT("8:77", "/", "ext4", "/dev/sda2"),
	  "S storage 00:01.0 mount / on sda2" },
	{ "neither number nor source: everything", SDB MOUNT("8:77", "/", "ext4", "/dev/sdq"),
	  "S storage 00:02.0? mount / on /dev/sdq, which cannot be found: sdb may be part of it; "
	  "storage 00:02.0? mount / on /dev/sdq, which cannot be found: sdb1 may be part of it" },
	{ "a number without a node: everything", DISK("02.0", "sdb") MOUNT("8:77", "/", "ext4", "none"),
	  "S storage 00:02.0? mount / on none, which cannot be found: sdb may be part of it" },
	{ "fuse names what it likes", SDA MOUNT("0:77", "/x", "fuse.foo", "/dev/fuse"), "S " },
	{ "a broken table", DISK("01.0", "sda") "F: proc/self/mountinfo=junk\\n\n",
	  BLIND("01.0", "sda", "proc/self/mountinfo: Invalid argument") },
	{ "swap", SDA PROC SWAPS "F: proc/swaps=/dev/sda2 partition 1 0 -2\\n/swap file 1 0 -3\\n\n",
	  "S storage 00:01.0 swap on sda2" },
	{ "swap that cannot be found", DISK("02.0", "sdb") PROC SWAPS "F: proc/swaps=/dev/sdq partition 1 0 -2\\n\n",
	  "S storage 00:02.0? swap on a device that cannot be found: sdb may be part of it" },
	{ "swap that was removed from /dev: udev knows which disks it cannot be",
	  DISK("01.0", "sda") NUMBER("8:0") DISK("02.0", "sdb") NUMBER("8:16") DISK("03.0", "sdc") NUMBER("8:32")
		  PROC SWAPS "F: proc/swaps=/dev/sdq\\\\040(deleted) partition 1 0 -2\\n\n" UDEV(
			  "8:0", "I:1\\nE:ID_FS_TYPE=swap\\n") UDEV("8:16", "I:1\\nE:ID_FS_TYPE=ext4\\n"),
	  "S storage 00:01.0? swap on a device that cannot be found: sda may be part of it; "
	  "storage 00:03.0? swap on a device that cannot be found: sdc may be part of it; "
	  "data 00:02.0 data: ext4 on sdb" },
	{ "a mount that cannot be found may be whatever has content",
	  DISK("01.0", "sda") NUMBER("8:0") DISK("02.0", "sdb") NUMBER("8:16") MOUNT("8:77", "/", "ext4", "/dev/sdq")
		  UDEV("8:0", "I:1\\n") UDEV("8:16", "I:1\\nE:ID_FS_TYPE=ext3\\n"),
	  "S storage 00:02.0? mount / on /dev/sdq, which cannot be found: sdb may be part of it" },
	{ "the log of XFS",
	  SDA SDB "F: proc/self/mountinfo=26 1 8:1 / / rw - xfs /dev/sda1 "
		  "rw,attr2,logdev=/dev/sdb1,rtdev=/dev/disk/by-x/sd\\\\040a,noquota\\n\n",
	  "S storage 00:01.0 mount / on sda1; "
	  "storage 00:01.0? mount / on /dev/disk/by-x/sd a, which cannot be found: sda may be part of it; "
	  "storage 00:01.0? mount / on /dev/disk/by-x/sd a, which cannot be found: sda2 may be part of it; "
	  "storage 00:02.0 mount / on sdb1; "
	  "storage 00:02.0? mount / on /dev/disk/by-x/sd a, which cannot be found: sdb may be part of it" },
	{ "mounted where we do not see it",
	  SDA SDB DISK("03.0",
		       "sdc") "F: sys/fs/ext4/sda2/state=x\nF: sys/fs/ext4/features/x=x\nF: sys/fs/xfs/stats/x=x\n"
			      "F: sys/fs/xfs/sdb1/x=x\nF: sys/fs/f2fs/sdc/x=x\n" ROOT,
	  "S storage 00:01.0 mount / on sda1; storage 00:01.0 filesystem on sda2; storage 00:02.0 filesystem on sdb1; "
	  "storage 00:03.0 filesystem on sdc" },
	{ "journals of ext4", SDA SDB "F: proc/fs/jbd2/sda1-8/info=x\nF: proc/fs/jbd2/sdb1/info=x\n" PROC,
	  "S storage 00:01.0 filesystem on sda1; storage 00:02.0 filesystem on sdb1" },
	{ "what PID 1 sees",
	  SDA SDB ROOT
	  "F: proc/1/mountinfo=26 1 8:1 / / rw - ext4 /dev/sda1 rw\\n27 26 8:17 / /home/a rw - vfat /dev/sdb1 "
	  "rw\\n\n",
	  "S storage 00:01.0 mount / on sda1; storage 00:02.0 mount /home/a on sdb1" },
	{ "LVM on LUKS",
	  SDA VIRTUAL("dm-0") SLAVE("sda2") VIRTUAL("dm-1")
		  SLAVE("dm-0") "A: dm/name=vg-root\n" MOUNT("254:1", "/", "ext4", "/dev/mapper/vg-root"),
	  "S storage 00:01.0 mount / on dm-1; storage 00:01.0 holder sda2: dm-0; storage 00:01.0 holder dm-0: dm-1" },
	{ "an array that is not mounted", SDA SDB VIRTUAL("md0") SLAVE("sda2") SLAVE("sdb1") PROC,
	  "S storage 00:01.0 holder sda2: md0; storage 00:02.0 holder sdb1: md0" },
	{ "a partition of an array",
	  SDA SDB VIRTUAL("md0") SLAVE("sda2")
		  SLAVE("sdb1") "P: /devices/virtual/block/md0/md0p1\nE: SUBSYSTEM=block\n" MOUNT("259:0", "/x", "xfs",
												  "/dev/md0p1"),
	  "S storage 00:01.0 mount /x on md0p1; storage 00:01.0 holder sda2: md0; "
	  "storage 00:02.0 mount /x on md0p1; storage 00:02.0 holder sdb1: md0" },
	{ "bcache: cache and backing disk", SDA SDB VIRTUAL("bcache0") SLAVE("sda1") SLAVE("sdb") PROC,
	  "S storage 00:01.0 holder sda1: bcache0; storage 00:02.0 holder sdb: bcache0" },
	{ "a slave that is gone",
	  VIRTUAL("dm-0") SLAVE("sdq") DISK("02.0", "sdb") MOUNT("254:0", "/", "ext4", "/dev/dm-0"),
	  BLIND("02.0", "sdb", "sdq: No such device") },
	{ "a circle ends", VIRTUAL("dm-0") SLAVE("dm-0") DISK("02.0", "sdb") PROC, "S " },
	{ "btrfs: all members",
	  SDA SDB "F: sys/fs/btrfs/1234/devices/sda2=x\nF: sys/fs/btrfs/1234/devices/sdb=x\n" MOUNT(
		  "0:30", "/data", "btrfs", "/dev/sda2"),
	  "S storage 00:01.0 mount /data on sda2; storage 00:02.0 btrfs on sdb" },
	{ "bcachefs names all members", SDA SDB MOUNT("0:30", "/data", "bcachefs", "/dev/sda2:/dev/sdb"),
	  "S storage 00:01.0 mount /data on sda2; storage 00:02.0 mount /data on sdb" },
	{ "ZFS: every disk of unknown use", SDA DISK("02.0", "sdb") ROOT MOUNT("0:31", "/tank", "zfs", "tank"),
	  "S storage 00:01.0 mount / on sda1; storage 00:01.0? a ZFS pool is in use: sda may be part of it; "
	  "storage 00:01.0? a ZFS pool is in use: sda2 may be part of it; "
	  "storage 00:02.0? a ZFS pool is in use: sdb may be part of it" },
	{ "ZFS without a mount", DISK("02.0", "sdb") PROC ZFS,
	  "S storage 00:02.0? a ZFS pool is in use: sdb may be part of it" },
	{ "ZFS: udev knows what else is on a disk",
	  DISK("01.0", "sda") NUMBER("8:0") DISK("02.0", "sdb") NUMBER("8:16")
		  PROC ZFS UDEV("8:0", "I:1\\nE:ID_FS_TYPE=zfs_member\\n") UDEV("8:16", "I:1\\n"),
	  "S storage 00:01.0? a ZFS pool is in use: sda may be part of it" },
	{ "a loop device's file",
	  SDA SDB VIRTUAL("loop0") "A: loop/backing_file=/srv/vm/disk.img\n" ROOT MOUNT("8:17", "/srv", "ext4",
											"/dev/sdb1"),
	  "S storage 00:01.0 mount / on sda1; storage 00:02.0 mount /srv on sdb1; "
	  "storage 00:02.0 /srv/vm/disk.img of loop0 on sdb1" },
	{ "a loop device on a disk", SDA VIRTUAL("loop0") "A: loop/backing_file=/dev/sda2\n" PROC,
	  "S storage 00:01.0 /dev/sda2 of loop0 on sda2" },
	{ "a loop device's file that nothing shows",
	  DISK("02.0", "sdb") VIRTUAL("loop0") "A: loop/backing_file=/srv/x\n" MOUNT("0:5", "/run", "tmpfs", "tmpfs"),
	  "S storage 00:02.0? /srv/x of loop0: sdb may be part of it" },
	{ "zram that writes back",
	  SDA VIRTUAL("zram0") "A: backing_dev=/dev/sda2\n" VIRTUAL("zram1") "A: backing_dev=none\n" PROC,
	  "S storage 00:01.0 /dev/sda2 of zram0 on sda2" },
	{ "nvme: all controllers of a subsystem",
	  NVME("03.0", "nvme0") NVME(
		  "04.0",
		  "nvme1") "P: " HEAD_DIRECTORY
			   "\nE: SUBSYSTEM=nvme-subsystem\nL: nvme0=../../../pci0000:00/0000:00:03.0/nvme/nvme0\nL: "
			   "nvme1=../../../pci0000:00/0000:00:04.0/nvme/nvme1\nP: " HEAD_DIRECTORY
			   "/nvme0n1\nE: SUBSYSTEM=block\nP: " HEAD_DIRECTORY
			   "/nvme0n1/nvme0n1p1\nE: SUBSYSTEM=block\n" DISK("01.0", "sda")
				   MOUNT("259:1", "/", "ext4", "/dev/nvme0n1p1"),
	  "S storage 00:03.0 mount / on nvme0n1p1; storage 00:04.0 mount / on nvme0n1p1" },
	{ "nvme: a subsystem without controllers",
	  "P: " HEAD_DIRECTORY "/nvme0n1\nE: SUBSYSTEM=block\n" DISK("01.0", "sda")
		  MOUNT("259:1", "/", "ext4", "/dev/nvme0n1"),
	  BLIND("01.0", "sda", "nvme0n1: No such device") },
	{ "bridges and the endpoint of a VMD",
	  "P: /devices/pci0000:00/0000:00:0d.0/pci10000:00/10000:00:02.0/10000:01:00.0/nvme/nvme0/nvme0n1\nE: "
	  "SUBSYSTEM=block\n" MOUNT("259:0", "/", "xfs", "/dev/nvme0n1"),
	  "S storage 00:0d.0 mount / on nvme0n1; storage :00:02.0 mount / on nvme0n1; storage :01:00.0 mount / on "
	  "nvme0n1" },
	{ "root= and resume=", SDA PROC "F: proc/cmdline=quiet root=/dev/sda1 resume=/dev/sda2 resume=UUID=77\\n\n",
	  "S storage 00:01.0 root=/dev/sda1 on sda1; storage 00:01.0 resume=/dev/sda2 on sda2" },
	{ "the stick that holds a key, by crypttab",
	  SDA SDB PROC
	  "F: etc/crypttab=# a /dev/sda1 /dev/sda1\\na /dev/sda1 /k:/dev/sdb1 luks\\nb /dev/sda2 none\\n\n",
	  "S storage 00:02.0 key of a on sdb1" },
	{ "a disk that is a key, and one with a file by passdev",
	  SDA SDB PROC "F: etc/crypttab=a UUID=1 /dev/sda2\\nb UUID=2 /dev/sdb1:/k keyscript=passdev\\n\n",
	  "S storage 00:01.0 key of a on sda2; storage 00:02.0 key of b on sdb1" },
	{ "keys by the command line",
	  SDA SDB PROC "F: proc/cmdline=rd.luks.key=77=/k:/dev/sdb1 cryptkey=/dev/sda2:ext4:/k rd.luks.key=/k\\n\n",
	  "S storage 00:01.0 cryptkey=/dev/sda2:ext4:/k on sda2; storage 00:02.0 rd.luks.key=77=/k:/dev/sdb1 on sdb1" },
	{ "detached headers",
	  SDA SDB PROC "F: etc/crypttab=a UUID=1 none luks,header=/h:/dev/sdb1,discard\\n\n"
		       "F: proc/cmdline=rd.luks.options=77=discard,header=/dev/sda2\\n\n",
	  "S storage 00:01.0 rd.luks.options=77=discard,header=/dev/sda2 on sda2; storage 00:02.0 header of a on "
	  "sdb1" },
	{ "what is stored on an idle disk",
	  DISK("01.0", "sda") NUMBER("8:0") DISK("02.0", "sdb") NUMBER("8:16") MOUNT("8:0", "/", "ext4", "/dev/sda")
		  UDEV("8:0", "I:1\\nE:ID_FS_TYPE=ext4\\n") UDEV("8:16", "I:1\\nE:ID_FS_TYPE=crypto_LUKS\\nE:X=y\\n"),
	  "S storage 00:01.0 mount / on sda; data 00:02.0 data: crypto_LUKS on sdb" },
};

TEST(needs_storage)
{
	check(storage_cases, ARRAY_SIZE(storage_cases));
}

static const struct needs_case network_cases[] = {
	{ "down", NET("03.0", "eno1", "0x1002"), "" },
	{ "up", NET("03.0", "eno1", "0x1003"), "network 00:03.0 eno1 is up" },
	{ "no flags", "P: /devices/pci0000:00/0000:00:03.0/net/eno1\nE: SUBSYSTEM=net\n",
	  "network 00:03.0 eno1 is up" },
	{ "default route", NET("03.0", "eno1", "0x1003") NET("04.0", "eno2", "0x1002") ROUTE("eno1", "0003"),
	  "network 00:03.0 route: default via eno1" },
	{ "a route that rejects", NET("03.0", "eno1", "0x1002") ROUTE("eno1", "0203"), "" },
	{ "default route of IPv6",
	  NET("03.0", "eno1",
	      "0x1003") "F: proc/net/ipv6_route=00000000000000000000000000000000 00 00000000000000000000000000000000 "
			"00 fe800000000000000000000000000001 00000400 00000001 00000000 00000003     "
			"eno1\\n00000000000000000000000000000000 00 00000000000000000000000000000000 00 "
			"00000000000000000000000000000000 ffffffff 00000001 00000000 00200200       lo\\n\n",
	  "network 00:03.0 route: default via eno1" },
	{ "below a bridge",
	  NET("03.0", "eno1",
	      "0x1002") "L: master=../../../../virtual/net/br0\nL: "
			"upper_br0=../../../../virtual/net/br0\n" VNET("br0") "L: lower_eno1=x\n" ROUTE("br0", "0003"),
	  "network 00:03.0 route: default via br0 over eno1" },
	{ "below a VLAN on a bond",
	  NET("03.0", "eno1", "0x1002") "L: upper_bond0=x\n" VNET("bond0") "L: upper_bond0.5=x\n" VNET("bond0.5")
		  ROUTE("bond0.5", "0003"),
	  "network 00:03.0 route: default via bond0.5 over eno1" },
	{ "part of something", NET("03.0", "eno1", "0x1002") "L: master=../../../../virtual/net/br0\n",
	  "network 00:03.0 eno1 is part of br0" },
	{ "a circle ends", NET("03.0", "eno1", "0x1002") "L: upper_eno1=x\n", "network 00:03.0 eno1 is part of eno1" },
	{ "RDMA", "P: /devices/pci0000:00/0000:00:03.0/infiniband/mlx5_0\nE: SUBSYSTEM=infiniband\n",
	  "network 00:03.0 RDMA device mlx5_0" },
};

TEST(needs_network)
{
	check(network_cases, ARRAY_SIZE(network_cases));
}

#define USB_DIRECTORY "sys/devices/pci0000:00/0000:00:03.0/usb1/1-1/1-1:1.0"

/* sysfs shows a network interface to its own network namespace only, but not so the directory above it. */
TEST(needs_network_elsewhere)
{
	static const struct {
		const char *title, *directory, *expected;
	} rows[] = {
		{ "no network device", USB_DIRECTORY, "" },
		{ "an interface of ours", USB_DIRECTORY "/net/eth0", "" },
		{ "an interface of a container", USB_DIRECTORY "/net",
		  "network 00:03.0 a USB interface in another network namespace" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup_free char *fixture = util_format("D: %s\nD: sys/bus/usb/devices\n", rows[i].directory),
				  *text = NULL;
		int root = test_root(fixture);
		struct needs needs = { 0 };

		test_case("%s", rows[i].title);
		CHECK_INT(symlinkat("../../../../" USB_DIRECTORY, root, "sys/bus/usb/devices/1-1:1.0"), 0);
		needs_scan(&needs, root);
		text = show(&needs);
		CHECK_STR(text, rows[i].expected);
		needs_free(&needs);
		test_close_roots();
	}
}

static const struct needs_case keyboard_cases[] = {
	{ "none", INPUT("pci0000:00/0000:00:03.0/usb1/1-1/input/input3", "70000 0 0 0 0"), "K " },
	{ "a keyboard counts for its controller only",
	  INPUT("pci0000:00/0000:00:01.0/0000:01:00.0/usb1/1-1/input/input3", KEYS), "K keyboard 01:00.0 Board" },
	{ "two on one",
	  INPUT("pci0000:00/0000:00:03.0/usb1/1-1/input/input3", KEYS)
		  INPUT("pci0000:00/0000:00:03.0/usb1/1-2/input/input4", KEYS),
	  "K keyboard 00:03.0 Board; keyboard 00:03.0 Board" },
	{ "elsewhere", INPUT("platform/i8042/serio0/input/input0", KEYS), "K keyboard elsewhere Board" },
	{ "made by a program", INPUT("virtual/input/input9", KEYS), "K " },
	{ "Bluetooth: on its adapter", WIRELESS ADAPTER("pci0000:00/0000:00:14.0/usb1/1-5", "hci0"),
	  "K keyboard 00:14.0 Board" },
	{ "a connection is no adapter",
	  WIRELESS ADAPTER("pci0000:00/0000:00:14.0/usb1/1-5", "hci0")
		  ADAPTER("pci0000:00/0000:00:14.0/usb1/1-5/bluetooth/hci0", "hci0:256"),
	  "K keyboard 00:14.0 Board" },
	{ "Bluetooth: on one of two",
	  WIRELESS ADAPTER("pci0000:00/0000:00:14.0/usb1/1-5", "hci0")
		  ADAPTER("pci0000:00/0000:00:15.0/usb2/2-1", "hci1"),
	  "K keyboard 00:14.0? Board; keyboard 00:15.0? Board" },
	{ "Bluetooth: its adapter is on no PCI function", WIRELESS ADAPTER("platform/serial8250/tty/ttyS1", "hci0"),
	  "K keyboard elsewhere Board" },
	{ "Bluetooth: no adapter", WIRELESS, "K " },
	{ "Bluetooth: by the kernel's HIDP",
	  INPUT("pci0000:00/0000:00:14.0/usb1/1-5/bluetooth/hci0/hci0:256/0005:0001:0002.0003/input/input9", KEYS),
	  "K keyboard 00:14.0 Board" },
	{ "made by a program, as a HID device", INPUT("virtual/misc/uhid/0003:0001:0002.0003/input/input9", KEYS),
	  "K " },
	{ "early boot", INPUT("platform/i8042/serio0/input/input0", KEYS) "F: etc/initrd-release=x\n", "" },
};

TEST(needs_keyboards)
{
	check(keyboard_cases, ARRAY_SIZE(keyboard_cases));
}

/* Links and numbers, as a running system has them. */
TEST(needs_links)
{
	int root = test_root(SDA SDB "F: etc/crypttab=a UUID=1 /k:LABEL=K:7\\n\nD: dev/disk/by-label\nD: "
				     "sys/dev/block\nD: dev/disk/by-uuid\nD: dev/mapper\n" MOUNT(
					     "8:17", "/", "ext4",
					     "/dev/root") "F: proc/cmdline=resume=UUID=77\\n\n" SWAPS
							  "F: proc/swaps=/dev/mapper/swap partition 1 0 -2\\n\n");
	struct needs needs = { 0 };
	char *text;

	CHECK_INT(symlinkat("../../devices/pci0000:00/0000:00:02.0/ata1/block/sdb/sdb1", root, "sys/dev/block/8:17"),
		  0);
	CHECK_INT(symlinkat("../../sda2", root, "dev/disk/by-uuid/77"), 0);
	CHECK_INT(symlinkat("../sda1", root, "dev/mapper/swap"), 0);
	CHECK_INT(symlinkat("../../sdb", root, "dev/disk/by-label/K"), 0);
	needs_scan(&needs, root);
	text = show(&needs);
	CHECK_STR(text, "S storage 00:01.0 swap on sda1; storage 00:01.0 resume=UUID=77 on sda2; "
			"storage 00:02.0 mount / on sdb1; storage 00:02.0 key of a on sdb");
	free(text);
	needs_free(&needs);
}

static char *asked; /* names, each with a blank behind it */

static char *identify(int root, const char *name)
{
	(void)root;
	test_append(&asked, "%s ", name);
	if (streq(name, "sda2"))
		return util_copy("crypto_LUKS");
	return streq(name, "sdb1") ? NULL : util_copy("");
}

/* Who can read the disks is asked for what udev does not know, and of disks only. */
TEST(needs_identify)
{
	int root = test_root(SDA NUMBER("8:2") SDB NUMBER("8:17") DISK("03.0", "sdc") NUMBER("8:32") VIRTUAL("zram0")
				     ROOT ZFS UDEV("8:2", "I:1\\n") UDEV("8:32", "I:1\\nE:ID_FS_TYPE=ext4\\n"));
	struct needs needs = { .identify = identify };
	char *text;

	needs_scan(&needs, root);
	text = show(&needs);
	CHECK_STR(text,
		  "S storage 00:01.0 mount / on sda1; storage 00:02.0? a ZFS pool is in use: sdb1 may be part of it; "
		  "data 00:01.0 data: crypto_LUKS on sda2; data 00:03.0 data: ext4 on sdc");
	CHECK_STR(asked, "sda sda2 sdb sdb1 sda sda2 sdb ");
	free(text);
	needs_free(&needs);
	free(asked);
	asked = NULL;
}

#define SDX DISK("02.0", "sdx")
#define BLIND_SDX(why) BLIND("02.0", "sdx", why)

/* What is there and cannot be read must not look as if nothing were in use. */
TEST(needs_unreadable)
{
	static const struct needs_case rows[] = {
		{ "block devices", "F: sys/class/block=x\n" PROC, "blind: sys/class/block: Not a directory" },
		{ "mounts", SDX "D: proc/self/mountinfo\n", BLIND_SDX("proc/self/mountinfo: Is a directory") },
		{ "mounts of PID 1", SDX PROC "D: proc/1/mountinfo\n",
		  BLIND_SDX("proc/self/mountinfo: Is a directory") },
		{ "what is mounted anywhere", SDX PROC "F: sys/fs/xfs=x\n", BLIND_SDX("sys/fs/xfs: Not a directory") },
		{ "journals", SDX PROC "F: proc/fs/jbd2=x\n", BLIND_SDX("proc/fs/jbd2: Not a directory") },
		{ "swaps", SDX PROC "D: proc/swaps\n", BLIND_SDX("proc/swaps: Is a directory") },
		{ "the command line", SDX PROC "D: proc/cmdline\n", BLIND_SDX("proc/cmdline: Is a directory") },
		{ "the table of keys", SDX PROC "D: etc/crypttab\n", BLIND_SDX("etc/crypttab: Is a directory") },
		{ "btrfs", SDX PROC "F: sys/fs/btrfs=x\n", BLIND_SDX("sys/fs/btrfs: Not a directory") },
		{ "the members of a btrfs", SDX PROC "F: sys/fs/btrfs/1234/devices=x\n",
		  BLIND_SDX("sys/fs/btrfs/1234/devices: Not a directory") },
		{ "pools of ZFS", SDX PROC "F: proc/spl/kstat/zfs=x\n",
		  BLIND_SDX("proc/spl/kstat/zfs: Not a directory") },
		{ "the state of a pool: a guess", SDX PROC "D: proc/spl/kstat/zfs/tank/state\n",
		  "S storage 00:02.0? a ZFS pool is in use: sdx may be part of it" },
		{ "what a holder is made of", SDX PROC VIRTUAL("dm-0") "A: slaves=x\n",
		  BLIND_SDX("sys/class/block/dm-0/slaves: Not a directory") },
		{ "a loop device's file",
		  SDX PROC VIRTUAL("loop0") "D: sys/devices/virtual/block/loop0/loop/backing_file\n",
		  BLIND_SDX("sys/class/block/loop0/loop/backing_file: Is a directory") },
		{ "what udev knows", SDX NUMBER("8:16") PROC "D: run/udev/data/b8:16\n",
		  BLIND_SDX("run/udev/data/b8:16: Is a directory") },
		{ "the number of a disk",
		  SDX "D: sys/devices/pci0000:00/0000:00:02.0/ata1/block/sdx/dev\nD: run/udev/data\n" PROC,
		  BLIND_SDX("sys/class/block/sdx/dev: Is a directory") },
		{ "the name of what swaps",
		  SDX PROC VIRTUAL("dm-0") "D: sys/devices/virtual/block/dm-0/dm/name\n" SWAPS
					   "F: proc/swaps=/dev/mapper/swap partition 1 0 -2\\n\n",
		  "blind: sys/class/block/dm-0/dm/name: Is a directory; storage 00:02.0? swap on a device that cannot "
		  "be found: sdx may be part of it" },
	};

	check(rows, ARRAY_SIZE(rows));
}

#define NO_NET "P: /devices/pci0000:00/0000:00:03.0/net/eno1\nE: SUBSYSTEM=net\nA: flags=0x1002\n"
#define INPUT_PATH "pci0000:00/0000:00:03.0/usb1/1-1/input/input3"
#define INITRD "F: etc/initrd-release=x\n"

/* The same for interfaces and keyboards, but not before the drivers are there: then the class decides. */
TEST(needs_blind)
{
	static const struct needs_case rows[] = {
		{ "interfaces", "F: sys/class/net=x\n", "sys/class/net: Not a directory" },
		{ "RDMA devices", "F: sys/class/infiniband=x\n", "sys/class/infiniband: Not a directory" },
		{ "routes", NO_NET "D: proc/net/route\n", "proc/net/route: Is a directory" },
		{ "routes of IPv6", NO_NET "D: proc/net/ipv6_route\n", "proc/net/ipv6_route: Is a directory" },
		{ "an interface above", NO_NET "L: upper_x=x\nF: sys/class/net/x=x\n",
		  "sys/class/net/x: Not a directory" },
		{ "no device among them", NO_NET "F: sys/class/net/bonding_masters=\n", "all" },
		{ "input devices", "F: sys/class/input=x\n", "sys/class/input: Not a directory" },
		{ "the keys",
		  "P: /devices/" INPUT_PATH "\nE: SUBSYSTEM=input\nD: sys/devices/" INPUT_PATH "/capabilities/key\n",
		  "sys/class/input/input3/capabilities/key: Is a directory" },
		{ "Bluetooth adapters", WIRELESS "F: sys/class/bluetooth=x\n", "sys/class/bluetooth: Not a directory" },
		{ "early boot", INITRD "F: sys/class/net=x\nF: sys/class/input=x\n", "all" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct needs needs = { 0 };

		test_case("%s", rows[i].title);
		needs_scan(&needs, test_root(rows[i].fixture));
		CHECK_STR(needs_why_blind(&needs) != NULL ? needs_why_blind(&needs) : "all", rows[i].expected);
		CHECK_TRUE(needs.blind == NULL && !needs.knows_keyboards);
		needs_free(&needs);
		test_close_roots();
	}
}

TEST(needs_find)
{
	char guess[] = "guess", sure[] = "sure";
	struct need items[] = {
		{ .kind = NEED_STORAGE, .bdf = { .bus = 1 }, .is_guess = true, .use = guess },
		{ .kind = NEED_STORAGE, .bdf = { .bus = 1 }, .use = sure, .order = 1 },
		{ .kind = NEED_STORAGE, .bdf = { .bus = 2 }, .is_guess = true, .use = guess },
	};
	struct needs needs = { .items = items, .count = ARRAY_SIZE(items) };
	struct bdf bdf = { .bus = 1 };

	needs_sort(&needs);
	CHECK_STR(needs_find(&needs, &bdf, NEED_STORAGE)->use, "sure");
	CHECK_TRUE(needs_find(&needs, &bdf, NEED_NETWORK) == NULL);
	bdf.bus = 2;
	CHECK_STR(needs_find(&needs, &bdf, NEED_STORAGE)->use, "guess");
}
