# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
# an image without any vfio module: nothing can be bound, and nothing is touched
policy() {
	cat <<-EOT
		[device guest-gpu]
		address = 02:00.0
	EOT
}

image() {
	rm -r usr/lib/modules/*/kernel/drivers/vfio
	image_depmod "$1" .
}

guest() {
	counted boot
	result nothing
	verdict 02:00.0 "refuse no-driver"
	untouched
	vfio-bind plan
	is "exit code of plan" $? 3
	coldplug
	driver 02:00.0 bochs-drm
}
