# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
# one device by each kind of selector, and the driver "auto"
machine() {
	local n

	twin_gpus
	for n in 3 4 5 6; do
		port rp$n $((n + 1))
	done
	device pci-testdev,bus=rp3
	device pci-testdev,bus=rp4
	device pci-serial,bus=rp5
	device qemu-xhci,bus=rp6
	device qemu-xhci,bus=pcie.0,addr=8
}

policy() {
	cat <<-EOT
		[policy]
		driver = auto

		[device by-path]
		path = 0000:00:05.0/00.0

		[device by-subsystem]
		id = 1b36:0002:1af4:1100

		[device by-class]
		class = 0c0330

		[device with-serial]
		address = 03:00.0
		serial  = 00-11-22-33-44-55-66-77

		[device nowhere]
		id       = dead:beef
		optional = yes
	EOT
}

guest() {
	boot
	result partial
	verdict 03:00.0 "refuse identity"
	verdict 04:00.0 bind
	verdict 05:00.0 bind
	driver 03:00.0 none
	driver 04:00.0 vfio-pci
	driver 05:00.0 vfio-pci
	verdict null "skip absent"
}
