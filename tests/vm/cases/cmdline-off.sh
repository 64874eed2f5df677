# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
# vfiokit=off on the kernel command line: the policy is there, nothing happens
cmdline() {
	echo vfiokit=off
}

policy() {
	cat <<-EOT
		[device guest-gpu]
		id = 1234:1111
	EOT
}

guest() {
	counted boot
	result off
	untouched
	coldplug
	driver 01:00.0 bochs-drm
	driver 02:00.0 bochs-drm
}
