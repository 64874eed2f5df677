# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
# as PID 1 with /proc mounted by someone else and no /init: that mount stays, /sbin/init is started
cmdline() {
	echo rdinit=/guest/mount-init
}

policy() {
	cat <<-EOT
		[device guest-gpu]
		id = 1234:1111
	EOT
}

image() {
	mv init strict-init
	cat >guest/mount-init <<-'EOT'
		#!/bin/sh
		/bin/mount -t proc proc /proc
		exec /usr/sbin/vfio-bind
	EOT
	cat >usr/sbin/init <<-'EOT'
		#!/bin/sh
		[ ! -e /proc/self ] || echo kept >/proc-was
		/bin/umount /proc
		exec /strict-init
	EOT
	chmod 755 guest/mount-init usr/sbin/init
}

guest() {
	is "pid" "$(fact pid)" 1
	is "the mount that was there" "$(cat /proc-was)" kept
	driver 02:00.0 vfio-pci
	opens 02:00.0
}
