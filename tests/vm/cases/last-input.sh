# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
# one USB host of two may be taken, the last one may not
machine() {
	port rp1 2
	port rp2 3
	port rp3 4
	device VGA,bus=rp1
	device qemu-xhci,bus=rp2
	device qemu-xhci,bus=rp3
	option -machine i8042=off
}

policy() {
	cat <<-EOT
		[device every-host]
		class = usb
	EOT
}

image() {
	printf '[device one-host]\naddress = 02:00.0\n' >one.conf
}

guest() {
	counted boot
	result error
	verdict 02:00.0 "refuse last-input"
	verdict 03:00.0 "refuse last-input"
	untouched
	rm -r /run/vfiokit
	boot --policy /one.conf
	verdict 02:00.0 bind
	coldplug
	driver 02:00.0 vfio-pci
	driver 03:00.0 xhci_hcd
}
