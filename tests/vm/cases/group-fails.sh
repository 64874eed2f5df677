# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
# one member of a group cannot be bound: the others of it are given back, other groups are not
both_kernels() { :; }

machine() {
	twin_gpus
	port rp3 4
	device pci-serial,bus=rp3,addr=0.0,multifunction=on
	nic rp3 0.1
}

policy() {
	cat <<-EOT
		[device guest-serial]
		address = 03:00.0

		[device misfit]
		address = 03:00.1
		driver  = ahci
		allow   = network

		[device guest-gpu]
		address = 02:00.0
	EOT
}

guest() {
	is "the functions share a group" "$(group 03:00.0)" "$(group 03:00.1)"
	modprobe e1000e
	boot
	result partial
	verdict 03:00.0 "fail group"
	verdict 03:00.1 "fail probe"
	verdict 02:00.0 bind
	driver 03:00.0 serial
	driver 03:00.1 e1000e
	driver 02:00.0 vfio-pci
	override 03:00.0 "(null)"
	override 03:00.1 "(null)"
}
