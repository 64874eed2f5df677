# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
# as PID 1 of an image that brings /dev/kmsg, as dracut's do: the report is not lost below the next mount
cmdline() {
	echo rdinit=/usr/sbin/vfio-bind
}

policy() {
	cat <<-EOT
		[device guest-gpu]
		address = 02:00.0
	EOT
}

image() {
	mknod dev/kmsg c 1 11
}

guest() {
	started_like_an_init
	adopt 0
	verdict 02:00.0 bind
	driver 02:00.0 vfio-pci
}
