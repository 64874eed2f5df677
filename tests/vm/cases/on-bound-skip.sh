# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
# on-bound = skip: what a native driver holds is left to it, what none holds is bound
machine() {
	twin_gpus
	port rp3 4
	port rp4 5
	device pci-serial,bus=rp3
	device pci-testdev,bus=rp4
}

policy() {
	cat <<-EOT
		[policy]
		on-bound = skip

		[device guest-serial]
		id = 1b36:0002

		[device guest-test]
		id = 1b36:0005
	EOT
}

guest() {
	boot
	result ok
	verdict 03:00.0 "skip on-bound"
	verdict 04:00.0 bind
	driver 03:00.0 serial
	driver 04:00.0 vfio-pci
	override 03:00.0 "(null)"
}
