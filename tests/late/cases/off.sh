# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
# vfiokit=off: what arrives goes to its native driver, and no virtual functions are made
machine() {
	port rp1 2
	port rp2 3
	device VGA,bus=pcie.0,addr=0x10
	nic rp1
	device nvme-subsys,id=subsys
	device nvme,serial=1,subsys=subsys,bus=rp2,sriov_max_vfs=2,sriov_vq_flexible=4,sriov_vi_flexible=2
}

cmdline() {
	echo vfiokit=off
}

policy() {
	cat <<-EOT
		[device nic]
		id    = 8086:10d3
		allow = network

		[device physical]
		address = 02:00.0
		vfs     = 2
	EOT
}

guest() {
	idle
	driver 02:00.0 nvme
	is "its virtual functions" "$(cat "$(dev 02:00.0)/sriov_numvfs")" 0
	driver 01:00.0 e1000e
	echo 1 >"$(dev 01:00.0)/remove"
	check "it is gone" absent 01:00.0
	echo 1 >/sys/bus/pci/rescan
	check "it is there again" wait_for 10 present 01:00.0
	check "its native driver has it" wait_for 10 has_driver 01:00.0 e1000e
	idle
	driver 01:00.0 e1000e
	override 01:00.0 "(null)"
	echo 0000:02:00.0 >/sys/bus/pci/drivers/nvme/unbind
	echo 0000:02:00.0 >/sys/bus/pci/drivers/nvme/bind
	sleep 0.5
	idle
	is "its virtual functions when it is bound anew" "$(cat "$(dev 02:00.0)/sriov_numvfs")" 0
	is "failed units" "$(systemctl list-units --no-legend --state=failed | wc -l)" 0
}

has_driver() {
	[ "$(link "$1" driver)" = "$2" ]
}
