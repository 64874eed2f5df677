# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
# group = named leaves the audio function to the host, and names it in a warning
both_kernels() { :; }

machine() {
	gpu_with_audio rp1 2
	gpu_with_audio rp2 3
}

policy() {
	cat <<-EOT
		[device guest-gpu]
		address = 02:00.0
		group   = named
	EOT
}

warned() {
	log | grep '02:00\.0' | grep -q '02:00\.1'
}

guest() {
	boot
	result ok
	verdict 02:00.0 bind
	check "the log line names the other endpoint" warned
	opens 02:00.0
	coldplug
	driver 02:00.0 vfio-pci
	driver 02:00.1 snd_hda_intel
	check_not "the warning was right: half a group cannot be opened" \
		vfio-open "$(group 02:00.0)" 0000:02:00.0
}
