# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
# An NVMe controller is not taken from a host that uses it; otherwise it goes to the guest and comes back

machine()
{
	truncate -s 64M "$build/nvme"
	qemu+=(-device pcie-root-port,id=rp1,bus=pcie.0,addr=10,chassis=10
		-drive "file=$build/nvme,if=none,id=nvme,format=raw,snapshot=on" -device nvme,bus=rp1,serial=nvme,drive=nvme)
}

driver() { basename "$(readlink -f "/sys/bus/pci/devices/$1/driver")"; }

guest()
{
	local address bus

	check "there is a disk" wait_for 60 test -b /dev/nvme0n1
	address=$(</sys/class/nvme/nvme0/address)
	bus=${address#*:} bus=${bus%%:*}
	check "a file system is made" mkfs.ext4 -q /dev/nvme0n1
	mkdir -p /mnt/n
	check "it is mounted" mount /dev/nvme0n1 /mnt/n
	define 1 one "" "<hostdev mode='subsystem' type='pci' managed='yes'><source><address domain='0x0000' bus='0x$bus'
		slot='0x00' function='0x0'/></source></hostdev>"
	check_not "it is refused while it is mounted" start 1
	has "the reason" "$(cat /tmp/out)" "/dev/nvme0n1: /dev/nvme0n1 is mounted on /mnt/n; unmount it; it is not started"
	is "its driver" "$(driver "$address")" nvme
	check "the file system is whole" touch /mnt/n/file
	check "nothing is left" is_gone 1
	umount /mnt/n

	check "it starts" start 1
	is "its driver meanwhile" "$(driver "$address")" vfio-pci
	check_not "its claim names no disk that is gone" grep -q nvme "/run/vfiokit/claims/$(uuid_of 1)"
	is "auto: its inhibitor" "$(inhibitors)" "sleep,vfiokit,guest one runs,block"
	check "it ends" destroy 1
	is "its driver behind it" "$(driver "$address")" nvme
	check "it has its name again" wait_for 60 test -b /dev/nvme0n1
	check "it can be mounted" wait_for 30 mount /dev/nvme0n1 /mnt/n
	check "what was written is there" test -e /mnt/n/file
	check "nothing is left at the end" is_gone 1
	check "no inhibitor is left" inhibits_not

	# A device that is not there.
	define 2 two "" "<hostdev mode='subsystem' type='pci' managed='yes'><source><address domain='0x0000' bus='0x77'
		slot='0x00' function='0x0'/></source></hostdev>"
	printf '[guests]\nrequire = devices\n' >"$conf"
	check_not "a device that is not there is refused" start 2
	has "in our words" "$(cat /tmp/out)" "0000:77:00.0: there is no such PCI device on this host; it is not started"
}
