# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
# a bridge inside the group is left alone, the endpoints below it are bound
both_kernels() { :; }

machine() {
	port rp1 2
	port rp2 3
	device VGA,bus=rp1
	device pcie-pci-bridge,id=pci,bus=rp2
	device VGA,bus=pci,addr=1
	device pci-testdev,bus=pci,addr=2
}

policy() {
	cat <<-EOT
		[device guest-gpu]
		address = 03:01.0
		group   = whole
	EOT
}

guest() {
	is "the bridge is in the group" "$(group 02:00.0)" "$(group 03:01.0)"
	before=$(link 02:00.0 driver)
	boot
	result ok
	verdict 02:00.0 "skip bridge"
	verdict 03:01.0 bind
	verdict 03:02.0 bind
	driver 02:00.0 "$before"
	override 02:00.0 "(null)"
	driver 03:01.0 vfio-pci
	driver 03:02.0 vfio-pci
	opens 03:01.0
}
