# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
# a driver that does not let go: reported as stuck before the deadline, the next card is served
both_kernels() { :; }

machine() {
	hold_machine
}

policy() {
	hold_policy
}

image() {
	hold_image
}

guest() {
	hold 03:00.0
	boot
	verdict 03:00.0 "fail stuck"
	is "driver before, in the report" "$(field 03:00.0 driver_before)" vfio-pci
	check "the log names the driver that does not let go" logged '03:00\.0.*vfio-pci'
	verdict 02:00.0 bind
	driver 02:00.0 vfio-pci

	vfio-bind plan >/tmp/plan &
	check "plan does not hang behind it" wait_for 5 grep -q 02:00.0 /tmp/plan
	boot
	quicker_than 2500
	check "a second run reports it, too" reported '^\.runs\.0\..*	stuck'
	driver 02:00.0 vfio-pci

	let_go
	check "once released, it is nobody else's" wait_for 10 \
		grep -qx pci-stub "$(dev 03:00.0)/driver_override"
}
