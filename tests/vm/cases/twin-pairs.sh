# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
# two identical cards with audio, by id: the console card stays together, audio included
machine() {
	gpu_with_audio rp1 2
	gpu_with_audio rp2 3
}

policy() {
	cat <<-EOT
		[device guest-gpu]
		id    = 1234:1111 8086:2668
		group = whole
	EOT
}

guest() {
	boot
	result ok
	verdict 01:00.0 "skip boot-vga"
	verdict 01:00.1 "skip boot-vga"
	verdict 02:00.0 bind
	verdict 02:00.1 bind
	coldplug
	driver 01:00.0 bochs-drm
	driver 01:00.1 snd_hda_intel
	driver 02:00.0 vfio-pci
	driver 02:00.1 vfio-pci
	opens 02:00.0
}
