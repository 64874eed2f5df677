# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
# no IOMMU: the devices are listed, and nothing is touched
both_kernels() { :; }

machine() {
	no_iommu
	twin_gpus
}

policy() {
	cat <<-EOT
		[device guest-gpu]
		address = 02:00.0
	EOT
}

guest() {
	counted boot
	result nothing
	verdict 02:00.0 "refuse no-iommu"
	untouched
	vfio-bind plan
	is "exit code of plan" $? 3
	coldplug
	driver 01:00.0 bochs-drm
	driver 02:00.0 bochs-drm
}
