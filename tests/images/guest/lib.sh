# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
#
# More of what guest() of a case may call, in the root that the image has mounted.

# Nothing but the image has loaded a driver: its own GPU is on its driver, the other one is ours, and was nobody's before.
twin_cards() {
	check "the root is Debian's" [ -e /etc/debian_version ]
	result ok
	verdict 01:00.0 "skip boot-vga"
	verdict 02:00.0 bind
	is "driver before, in the report" "$(field 02:00.0 driver_before)" null
	is "driver after, in the report" "$(field 02:00.0 driver_after)" vfio-pci
	driver 01:00.0 bochs-drm
	driver 02:00.0 vfio-pci
	override 01:00.0 "(null)"
	check "vfio_iommu_type1 is loaded" [ -d /sys/module/vfio_iommu_type1 ]
	opens 02:00.0
	twice=$(flatten "$report" | grep -c '^\.runs\.[0-9]*\.result')
}

# How often vfio-bind has run: a chain init and the hook behind it are two runs, and the second one had nothing to do.
run_once() {
	is "runs behind the first" "$twice" 0
}

run_twice() {
	is "runs behind the first" "$twice" 1
	is "result of the second" "$(value .runs.0.result)" ok
	check_not "no report is left in /dev" [ -e /dev/.vfiokit/bind.json ]
}
