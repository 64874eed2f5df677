# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
# a broken rule is disabled and reported with its line, the others and the boot go on
machine() {
	twin_gpus
	port rp3 4
	device pci-testdev,bus=rp3
}

policy() {
	cat <<-EOT
		[device broken]
		id     = 1b36:0005
		colour = blue

		[device guest-gpu]
		address = 02:00.0

		[device empty]
		group = whole
	EOT
}

image() {
	head -c 3000 /dev/urandom >junk.conf
}

guest() {
	boot
	verdict 02:00.0 bind
	check "the unknown key is reported" \
		reported '^\.errors\..*where	etc/vfiokit/bind\.conf:3$'
	check "so is the rule without a selector" \
		reported '^\.errors\..*where	etc/vfiokit/bind\.conf:[89]$'
	check "the log has it, too" logged "bind.conf:3"
	driver 02:00.0 vfio-pci
	driver 03:00.0 none
	override 03:00.0 "(null)"
	counted vfio-bind boot --policy /junk.conf
	untouched
	vfio-bind plan
	is "exit code of plan" $? 2
}
