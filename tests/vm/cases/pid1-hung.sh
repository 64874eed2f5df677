# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
# as PID 1 with an unbind that never returns: init is reached when the deadline is over
machine() {
	hold_machine
}

cmdline() {
	echo rdinit=/guest/hold-init
}

policy() {
	hold_policy
}

image() {
	hold_image
}

guest() {
	is "pid" "$(fact pid)" 1
	is "arguments" "$(fact argv)" /init
	started=$(cat /guest/started)
	check "init was started before the deadline" [ $(($(ms) - started)) -lt 13000 ]
	adopt 1
	verdict 03:00.0 "fail stuck"
	driver 02:00.0 vfio-pci
	is "driver before, in the report" "$(field 03:00.0 driver_before)" vfio-pci
	check "the log names the driver that does not let go" logged '03:00\.0.*vfio-pci'
}
