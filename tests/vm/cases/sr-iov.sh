# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
# a physical function that has virtual ones is refused, a virtual function can be bound
both_kernels() { :; }

machine() {
	twin_gpus
	port rp3 4
	device nvme-subsys,id=subsys
	device nvme,serial=1,subsys=subsys,bus=rp3,sriov_max_vfs=2,sriov_vq_flexible=4,sriov_vi_flexible=2
}

policy() {
	cat <<-EOT
		[device physical]
		address = 03:00.0
		allow   = storage

		[device virtual]
		address = 03:00.1
		allow   = storage
	EOT
}

guest() {
	modprobe nvme
	check "nvme drives it" wait_for 10 [ -e /sys/bus/pci/drivers/nvme/0000:03:00.0/nvme ]
	echo 0 >"$(dev 03:00.0)/sriov_drivers_autoprobe"
	echo 2 >"$(dev 03:00.0)/sriov_numvfs"
	check "there are virtual functions" [ -e "$(dev 03:00.2)" ]
	boot
	result partial
	verdict 03:00.0 "refuse has-vfs"
	verdict 03:00.1 bind
	driver 03:00.0 nvme
	driver 03:00.1 vfio-pci
	driver 03:00.2 none
	override 03:00.0 "(null)"
}
