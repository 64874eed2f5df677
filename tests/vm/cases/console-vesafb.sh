# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
# the card under vesafb is the console, its twin is bound, and the console stays alive
machine() {
	device VGA,bus=pcie.0,addr=2
	port rp1 3
	device VGA,bus=rp1
}

cmdline() {
	echo vga=791
}

policy() {
	cat <<-EOT
		[device guest-gpu]
		id = 1234:1111
	EOT
}

guest() {
	check "vesafb drives the console" grep -q VESA /proc/fb
	boot
	result ok
	verdict 00:02.0 "skip boot-vga"
	verdict 01:00.0 bind
	is "the report's mark of the console" "$(field 00:02.0 console)" true
	driver 01:00.0 vfio-pci
	check "vesafb still drives it" grep -q VESA /proc/fb
	coldplug
	driver 00:02.0 bochs-drm
}
