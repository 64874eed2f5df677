# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
# as PID 1 with a FIFO for a policy and no modules at all: init is reached all the same
cmdline() {
	echo rdinit=/usr/sbin/vfio-bind
}

image() {
	mkfifo etc/vfiokit/bind.conf
	rm -r "usr/lib/modules/$2/kernel/drivers/vfio"
}

guest() {
	check "init was started before the deadline" [ "$(ms)" -lt 15000 ]
	started_like_an_init
	driver 02:00.0 none
	override 02:00.0 "(null)"
	adopt 1
	check "the report has the error" reported '^\.errors\..*bind\.conf'
	coldplug
	driver 02:00.0 bochs-drm
}
