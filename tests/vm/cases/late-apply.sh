# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
# apply on a running system: driverless devices are bound, new ones too, held ones stay
machine() {
	twin_gpus
	port rp3 4
	port rp4 5
	nic rp3
	device pci-testdev,bus=rp4
}

policy() {
	cat <<-EOT
		[device guest-nic]
		address = 03:00.0
		allow   = network

		[device guest-test]
		address = 04:00.0
	EOT
}

guest() {
	coldplug
	outside vfio-bind apply
	is "exit code of apply" $? 0
	truthful
	verdict 03:00.0 "skip on-bound"
	verdict 04:00.0 bind
	driver 03:00.0 e1000e
	driver 04:00.0 vfio-pci
	override 03:00.0 "(null)"

	echo 1 >"$(dev 04:00.0)/remove"
	echo 1 >/sys/bus/pci/rescan
	wait_for 5 [ -e "$(dev 04:00.0)" ]
	driver 04:00.0 none
	chroot /outside vfio-bind apply
	driver 04:00.0 vfio-pci
	check "the report of it is appended" reported '\.runs\.0\..*	bind'
}
