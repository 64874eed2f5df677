# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
# vfiokit=plan on the kernel command line: the report says what would be done, nothing is
cmdline() {
	echo vfiokit=plan
}

policy() {
	cat <<-EOT
		[device guest-gpu]
		id = 1234:1111
	EOT
}

guest() {
	counted vfio-bind boot
	untouched
	verdict 01:00.0 "skip boot-vga"
	verdict 02:00.0 bind
	coldplug
	driver 02:00.0 bochs-drm
}
