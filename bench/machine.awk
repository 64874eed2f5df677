# SPDX-License-Identifier: GPL-2.0-or-later
#
# awk -v n=FUNCTIONS -f machine.awk: a server with that many PCI functions, as text for tests/mktree.
# Cards of eight: a root port with seven endpoints behind it, 28 cards in each PCI domain. The first
# card is the console GPU, the second the guest's, the rest are NICs, NVMe disks, USB hosts and sound,
# with native drivers and groups of their own. -v disks=N: N of those have a namespace, each with a filesystem mounted.

# What the kernel shows as modalias, from "CLASS VENDOR:DEVICE [VENDOR:DEVICE]".
function modalias(text,    w, c) {
	split(toupper(text), w, "[ :]")
	c = w[1]
	return sprintf("A: modalias=pci:v0000%sd0000%ssv0000%ssd0000%sbc%ssc%si%s", w[2], w[3], w[4] ? w[4] : "0000",
		w[5] ? w[5] : "0000", substr(c, 1, 2), substr(c, 3, 2), substr(c, 5, 2))
}

BEGIN {
	split("020000 010802 0c0330 040300", class)
	split("15b3:101d 144d:a808 1912:0014 8086:2668", id)
	split("mlx5_core nvme xhci_hcd snd_hda_intel", driver)
	for (card = 0; card < n / 8; card++) {
		domain = sprintf("%04x", card / 28)
		slot = card % 28 + 1
		port = sprintf("%s:00:%02x.0", domain, slot)
		printf "PCI: %s 060400 8086:1901 - pcieport %d secondary_bus_number=%d\n", port, group++, slot
		print modalias("060400 8086:1901")
		kind = card % 4 + 1
		for (f = 0; f < 7; f++) {
			where = sprintf("%s/%s:%02x:00.%d", port, domain, slot, f)
			if (card < 2 && f < 2) { # a GPU with audio, in one group, no driver yet
				what = f ? "040300 10de:0fbb 1043:8508" : "030000 10de:13c2 1043:8508"
				printf "PCI: %s %s - %d%s\n", where, what, f ? group : ++group, f ? "" : " boot_vga=" (card == 0)
			} else {
				what = class[kind] " " id[kind] " 1af4:1100"
				printf "PCI: %s %s %s %d\n", where, what, driver[kind], ++group
			}
			print modalias(what)
			if (kind == 2 && card > 1 && disk < disks) {
				name = "nvme" disk
				namespaces = namespaces sprintf("P: /devices/pci%s:00/%s/nvme/%s/%sn1\nE: SUBSYSTEM=block\n", domain,
					where, name, name)
				mounts = mounts sprintf("%d 1 259:%d / /srv/%s rw - ext4 /dev/%sn1 rw\\n", 30 + disk, disk, name, name)
				disk++
			}
		}
		group++
	}
	if (disks)
		printf "%sF: proc/self/mountinfo=%s\n", namespaces, mounts
	print "D: sys/bus/pci/drivers/vfio-pci"
	print "F: proc/cmdline=root=/dev/vda1 quiet\\n"
	print "F: proc/sys/kernel/osrelease=6.1.0-bench\\n"
	print "F: etc/vfiokit/bind.conf=[device guest-gpu]\\nid = 10de:13c2 10de:0fbb\\ngroup = whole\\n\\n"
	print "F: etc/vfiokit/bind.conf=[device guest-usb]\\naddress = 0000:03:00.1\\n"
}
