# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
# another card sits in the slot that the rule names: it is refused, whatever other rules say
both_kernels() { :; }

policy() {
	cat <<-EOT
		[device guest-gpu]
		address = 02:00.0
		id      = 10de:13c2

		[device any-of-them]
		id = 1234:1111
	EOT
}

guest() {
	counted boot
	result error
	verdict 01:00.0 "skip boot-vga"
	verdict 02:00.0 "refuse identity"
	untouched
	coldplug
	driver 02:00.0 bochs-drm
}
