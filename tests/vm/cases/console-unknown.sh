# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
# two GPUs and no sign of which is the console: one may be taken, both may not
machine() {
	port rp1 2
	port rp2 3
	device bochs-display,bus=rp1
	device bochs-display,bus=rp2
}

policy() {
	cat <<-EOT
		[device every-gpu]
		class = display
	EOT
}

image() {
	printf '[device one-gpu]\naddress = 02:00.0\n' >one.conf
}

guest() {
	counted boot
	result error
	verdict 01:00.0 "refuse console"
	verdict 02:00.0 "refuse console"
	untouched
	rm -r /run/vfiokit
	boot --policy /one.conf
	verdict 02:00.0 bind
	coldplug
	driver 01:00.0 bochs-drm
	driver 02:00.0 vfio-pci
}
