# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
# the only GPU stays with the machine
both_kernels() { :; }

machine() {
	port rp1 2
	device VGA,bus=rp1
}

policy() {
	cat <<-EOT
		[device guest-gpu]
		id = 1234:1111
	EOT
}

guest() {
	counted boot
	result ok
	verdict 01:00.0 "skip boot-vga"
	untouched
	coldplug
	driver 01:00.0 bochs-drm
	check "the console works" [ -e /dev/fb0 ]
}
