# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
# only the chain init, on a stock image: its report is found in the real root
machine() {
	twin_gpus
}

policy() {
	cat <<-EOT
		[device gpu]
		id = 1234:1111
	EOT
}

cmdline() {
	echo rdinit=/usr/lib/vfiokit/vfio-bind
}

image() {
	install -D -m 755 "$binder" usr/lib/vfiokit/vfio-bind
	mkdir -p etc/vfiokit cell/etc/modules-load.d
	mv cell/etc/vfiokit/bind.conf etc/vfiokit/
	echo bochs >cell/etc/modules-load.d/gpu.conf
}

guest() {
	driver 02:00.0 vfio-pci
	driver 01:00.0 bochs-drm
	is "the first report" "$(value .command)" boot
	verdict 02:00.0 bind
	verdict 01:00.0 "skip boot-vga"
	is "the service is behind it" "$(value .runs.0.command)" apply
	check_not "nothing is left in /dev" [ -e /dev/.vfiokit ]
	is "lines in the journal" "$(journalctl -b -o cat _SYSTEMD_UNIT=vfiokit-bind.service | grep -c .)" 1
	vfio-bind status
	is "exit code of status" $? 0
}
