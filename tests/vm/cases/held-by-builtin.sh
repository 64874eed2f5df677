# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
# a card that a built-in driver has held since before /init
both_kernels() { :; }

machine() {
	twin_gpus
	port rp3 4
	device pci-serial,bus=rp3
}

policy() {
	cat <<-EOT
		[device guest-serial]
		id = 1b36:0002
	EOT
}

guest() {
	driver 03:00.0 serial
	boot
	result ok
	verdict 03:00.0 bind
	driver 03:00.0 vfio-pci
	is "driver before, in the report" "$(field 03:00.0 driver_before)" serial
	opens 03:00.0
}
