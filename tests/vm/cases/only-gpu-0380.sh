# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
# the only GPU stays with the machine, even of a class that has no boot_vga
machine() {
	port rp1 2
	device bochs-display,bus=rp1
}

policy() {
	cat <<-EOT
		[device guest-gpu]
		address = 01:00.0
	EOT
}

guest() {
	check_not "the kernel has no boot_vga for it" [ -e "$(dev 01:00.0)/boot_vga" ]
	counted boot
	result ok
	verdict 01:00.0 "skip boot-vga"
	untouched
	coldplug
	driver 01:00.0 bochs-drm
}
