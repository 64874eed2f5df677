# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
# vfio-pci's file is damaged, no driver is loaded yet: the override is cleared, udev has its way
policy() {
	cat <<-EOT
		[device guest-gpu]
		address = 02:00.0
	EOT
}

image() {
	truncate -s 1000 usr/lib/modules/*/kernel/drivers/vfio/pci/vfio-pci.ko*
}

guest() {
	boot
	result error
	verdict 02:00.0 "fail module"
	override 02:00.0 "(null)"
	coldplug
	driver 02:00.0 bochs-drm
}
