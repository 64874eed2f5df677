# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
# UEFI console on a GPU of class 0380: found by its framebuffer, its twin is bound
both_kernels() { :; }

machine() {
	uefi
	port rp1 2
	port rp2 3
	device bochs-display,bus=rp1
	device bochs-display,bus=rp2
}

policy() {
	cat <<-EOT
		[device guest-gpu]
		id = 1234:1111
	EOT
}

guest() {
	check "efifb drives the console" grep -q EFI /proc/fb
	check_not "the kernel has no boot_vga for it" [ -e "$(dev 01:00.0)/boot_vga" ]
	boot
	result ok
	verdict 01:00.0 "skip boot-vga"
	verdict 02:00.0 bind
	is "the report's mark of the console" "$(field 01:00.0 console)" true
	is "and of the other card" "$(field 02:00.0 console)" false
	check "efifb still drives it" grep -q EFI /proc/fb
	coldplug
	driver 01:00.0 bochs-drm
	driver 02:00.0 vfio-pci
	opens 02:00.0
}
