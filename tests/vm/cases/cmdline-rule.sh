# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
# a rule on the kernel command line instead of a policy file
machine() {
	gpu_with_audio rp1 2
	gpu_with_audio rp2 3
}

cmdline() {
	echo vfiokit.id=1234:1111 vfiokit.group=whole
}

guest() {
	boot
	result ok
	verdict 01:00.0 "skip boot-vga"
	verdict 02:00.0 bind
	verdict 02:00.1 bind
	is "the rule's name" "$(field 02:00.0 rule)" cmdline
	coldplug
	driver 01:00.1 snd_hda_intel
	driver 02:00.0 vfio-pci
	driver 02:00.1 vfio-pci
}
