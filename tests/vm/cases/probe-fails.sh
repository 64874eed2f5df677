# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
# the new driver does not want the card, after the old one has let go: the old one gets it back
both_kernels() { :; }

machine() {
	twin_gpus
	port rp3 4
	nic rp3
}

policy() {
	cat <<-EOT
		[device misfit]
		address = 03:00.0
		driver  = ahci
		allow   = network

		[device guest-gpu]
		address = 02:00.0
	EOT
}

guest() {
	modprobe e1000e
	driver 03:00.0 e1000e
	boot
	result partial
	verdict 03:00.0 "fail probe"
	verdict 02:00.0 bind
	driver 03:00.0 e1000e
	override 03:00.0 "(null)"
	driver 02:00.0 vfio-pci
	check "the NIC works again" [ -d "$(dev 03:00.0)/net" ]
}
