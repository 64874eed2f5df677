# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
# as PID 1 with vfiokit=off: nothing is bound, and the init behind it starts as ever
cmdline() {
	echo rdinit=/usr/sbin/vfio-bind vfiokit=off quux -- --extra word
}

policy() {
	cat <<-EOT
		[device guest-gpu]
		id = 1234:1111
	EOT
}

guest() {
	started_like_an_init quux --extra word
	driver 02:00.0 none
	override 02:00.0 "(null)"
	coldplug
	driver 01:00.0 bochs-drm
	driver 02:00.0 bochs-drm
	vfio-bind status >/tmp/status
	result off
	check "status says so" grep -q 'vfiokit=off' /tmp/status
}
