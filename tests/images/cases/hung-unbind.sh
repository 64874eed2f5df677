# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# initramfs-tools, and a driver that does not let go of a third card: vfio-bind's deadline lets the boot go on
checked() { echo trixie; }
extra_machine()
{
	port rp3 6
	device pci-testdev,bus=rp3
}
policy()
{
	cat <<-EOT
		[device held]
		address = 03:00.0
		driver  = pci-stub

		[device guest-gpu]
		id       = 1234:1111
		boot-vga = exclude
	EOT
}
# A script in front of ours gives the card to vfio-pci, and opens it.
prepare()
{
	early_conf_modules
	printf '[device held]\naddress = 03:00.0\n' >"$root/etc/hold.conf"
	install "$(vm_tool vfio-open)" "$root/usr/bin/vfio-open"
	cat >"$root/etc/initramfs-tools/scripts/init-top/00-a-hold" <<-'EOT'
		#!/bin/sh
		[ "$1" != prereqs ] || exit 0
		vfio-bind apply --policy /etc/hold.conf
		rm -rf /run/vfiokit
		group=$(readlink /sys/bus/pci/devices/0000:03:00.0/iommu_group)
		vfio-open -k "${group##*/}" 0000:03:00.0 &
		sleep 2
	EOT
	cat >"$root/etc/initramfs-tools/hooks/hold" <<-'EOT'
		#!/bin/sh
		[ "$1" != prereqs ] || exit 0
		. /usr/share/initramfs-tools/hook-functions
		copy_exec /usr/bin/vfio-open
		copy_file config /etc/hold.conf
	EOT
	chmod 755 "$root/etc/initramfs-tools/scripts/init-top/00-a-hold" "$root/etc/initramfs-tools/hooks/hold"
}
generate() { initramfs_tools_image "$@"; }
guest() {
	check "the root is Debian's" [ -e /etc/debian_version ]
	verdict 03:00.0 "fail stuck"
	verdict 02:00.0 bind
	driver 01:00.0 bochs-drm
	driver 02:00.0 vfio-pci
}
