# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
# two identical GPUs: the console keeps one, the other is ours before its driver can load
both_kernels() { :; }

policy() {
	cat <<-EOT
		[device guest-gpu]
		id       = 1234:1111
		boot-vga = exclude
	EOT
}

guest() {
	boot
	result ok
	verdict 01:00.0 "skip boot-vga"
	verdict 02:00.0 bind
	driver 01:00.0 none
	driver 02:00.0 vfio-pci
	check "vfio_iommu_type1 was loaded" [ -d /sys/module/vfio_iommu_type1 ]
	opens 02:00.0
	coldplug
	driver 01:00.0 bochs-drm
	driver 02:00.0 vfio-pci
	check "the console works" [ -e /dev/fb0 ]
	override 01:00.0 "(null)"
}
