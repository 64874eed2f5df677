# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
# boot-vga = allow: the only GPU is given away, and the firmware framebuffer on it goes
machine() {
	device VGA,bus=pcie.0,addr=2
}

cmdline() {
	echo vga=791
}

policy() {
	cat <<-EOT
		[device guest-gpu]
		id       = 1234:1111
		boot-vga = allow
	EOT
}

guest() {
	check "vesafb drives the console" grep -q VESA /proc/fb
	boot
	result ok
	verdict 00:02.0 bind
	driver 00:02.0 vfio-pci
	is "framebuffers left" "$(cat /proc/fb)" ""
	opens 00:02.0
}
