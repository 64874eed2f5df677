# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
# vfiokit.skip= on the kernel command line spares one device of the policy
machine() {
	twin_gpus
	port rp3 4
	device pci-testdev,bus=rp3
}

cmdline() {
	echo vfiokit.skip=02:00.0
}

policy() {
	cat <<-EOT
		[device guest-gpu]
		address = 02:00.0

		[device guest-test]
		address = 03:00.0
	EOT
}

guest() {
	boot
	result ok
	verdict 02:00.0 "skip cmdline"
	verdict 03:00.0 bind
	coldplug
	driver 02:00.0 bochs-drm
	driver 03:00.0 vfio-pci
}
