# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
# a card is plugged in, its native driver loaded or not
kernels() {
	echo 6.1 6.12
}

machine() {
	port rp1 2
	port rp2 3
	port rp3 4
	port rp4 5
	device VGA,bus=pcie.0,addr=0x10
}

policy() {
	cat <<-EOT
		[policy]
		on-bound = unbind

		[device nic]
		id    = 8086:10d3
		allow = network
	EOT
}

guest() {
	trace_exec
	check_not "e1000e is not loaded" [ -e /sys/module/e1000e ]
	plug 01:00.0 e1000e,bus=rp1,id=first
	driver 01:00.0 vfio-pci
	is "vfio-bind ran" "$(executed vfio-bind)" 2
	override 01:00.0 vfio-pci
	said 01:00.0 bind
	check "udev loaded the native driver all the same" [ -e /sys/module/e1000e ]

	# Released while vfio-pci has it, and again: now the native driver is there first.
	unplug 01:00.0 first
	plug 01:00.0 e1000e,bus=rp1,id=again
	driver 01:00.0 vfio-pci
	said 01:00.0 bind

	# Another slot, another device.
	plug 02:00.0 e1000e,bus=rp2,id=second
	driver 02:00.0 vfio-pci
	override 02:00.0 vfio-pci
	said 02:00.0 bind

	# It stays, and that is reported.
	policy_is '[device nic]\nid = 8086:10d3\nallow = network\non-bound = skip\n'
	plug 03:00.0 e1000e,bus=rp3,id=third
	said 03:00.0 "skip on-bound"
	driver 03:00.0 e1000e
	override 03:00.0 "(null)"
	because 03:00.0 "on-bound = skip leaves it there"
	is "failed units" "$(systemctl list-units --no-legend --state=failed | wc -l)" 0
}
