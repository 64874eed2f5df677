# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
# group = whole takes the card's audio function along, and the group can be opened
both_kernels() { :; }

machine() {
	gpu_with_audio rp1 2
	gpu_with_audio rp2 3
}

policy() {
	cat <<-EOT
		[device guest-gpu]
		address = 0000:02:00.0
		group   = whole
	EOT
}

guest() {
	is "the functions share a group" "$(group 02:00.0)" "$(group 02:00.1)"
	boot
	result ok
	verdict 02:00.0 bind
	verdict 02:00.1 bind
	coldplug
	driver 01:00.0 bochs-drm
	driver 01:00.1 snd_hda_intel
	driver 02:00.0 vfio-pci
	driver 02:00.1 vfio-pci
	opens 02:00.0
	opens 02:00.1
}
