# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
# the image lacks vfio-pci's file: the override is cleared, and the card goes to its own driver
both_kernels() { :; }

policy() {
	cat <<-EOT
		[device guest-gpu]
		address = 02:00.0
	EOT
}

image() {
	rm usr/lib/modules/*/kernel/drivers/vfio/pci/vfio-pci.ko*
}

guest() {
	modprobe bochs
	boot
	result error
	verdict 02:00.0 "fail module"
	override 02:00.0 "(null)"
	driver 01:00.0 bochs-drm
	driver 02:00.0 bochs-drm
	check "the log says so" logged 02:00.0
}
