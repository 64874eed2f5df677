# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
# cards that modular drivers hold already: a GPU and a NIC change hands, guarded ones do not
both_kernels() { :; }

machine() {
	twin_gpus
	port rp3 4
	port rp4 5
	nic rp3
	nic rp4
}

policy() {
	cat <<-EOT
		[device guest-gpu]
		id = 1234:1111

		[device guest-nic]
		address = 03:00.0
		allow   = network

		[device unguarded-nic]
		address = 04:00.0
	EOT
}

guest() {
	coldplug
	driver 02:00.0 bochs-drm
	driver 03:00.0 e1000e
	boot
	result partial
	verdict 01:00.0 "skip boot-vga"
	verdict 02:00.0 bind
	verdict 03:00.0 bind
	verdict 04:00.0 "refuse network"
	driver 01:00.0 bochs-drm
	driver 02:00.0 vfio-pci
	driver 03:00.0 vfio-pci
	driver 04:00.0 e1000e
	is "driver before, in the report" "$(field 03:00.0 driver_before)" e1000e
	opens 02:00.0
	opens 03:00.0
}
