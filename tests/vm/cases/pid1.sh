# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
# as PID 1 in front of a strict init, which finds everything as the kernel would have left it
both_kernels() { :; }

cmdline() {
	echo rdinit=/usr/sbin/vfio-bind quux foo=bar -- --extra word
}

policy() {
	cat <<-EOT
		[device guest-gpu]
		id = 1234:1111
	EOT
}

guest() {
	started_like_an_init quux --extra word
	is "environment" "$(fact env)" "HOME=/ TERM=linux foo=bar"
	driver 01:00.0 none
	driver 02:00.0 vfio-pci
	coldplug
	driver 01:00.0 bochs-drm
	driver 02:00.0 vfio-pci
	adopt 0
	verdict 01:00.0 "skip boot-vga"
	verdict 02:00.0 bind
	check "status named the card" grep -q '02:00\.0.*vfio-pci' /tmp/status
	check "the second run has it as bound" reported '\.runs\.0\..*	bound'
	driver 02:00.0 vfio-pci
	opens 02:00.0
}
