# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
# rescan, removal, and new virtual functions
machine() {
	port rp1 2
	port rp2 3
	device VGA,bus=pcie.0,addr=0x10
	nic rp1
	device nvme-subsys,id=subsys
	device nvme,serial=1,subsys=subsys,bus=rp2,sriov_max_vfs=2,sriov_vq_flexible=4,sriov_vi_flexible=2
}

seconds() { echo 300; }

policy() {
	cat <<-EOT
		[device nic]
		id    = 8086:10d3
		allow = network

		[device physical]
		address = 02:00.0
		vfs     = 2

		[device virtual]
		address = 02:00.1
		allow   = storage
	EOT
}

rescan() {
	echo 1 >/sys/bus/pci/rescan
	check "$1 is there" wait_for 10 present "$1"
	sleep 0.5
	idle
}

guest() {
	# Made when nvme came, by udev's rule, and then bound as they arrived.
	driver 02:00.0 nvme
	check "there are virtual functions" wait_for 20 present 02:00.2
	sleep 0.5
	idle
	said 02:00.0 "skip vfs"
	driver 02:00.1 vfio-pci
	said 02:00.1 bind
	driver 02:00.2 none

	driver 01:00.0 vfio-pci
	modprobe e1000e
	echo 1 >"$(dev 01:00.0)/remove"
	check "it is gone" absent 01:00.0
	vfio-bind apply --device 01:00.0 >/tmp/out
	is "exit code of apply" $? 1
	check "it says so" grep -q 'no device is at this address (it may have been removed again)' /tmp/out
	systemctl start vfiokit-late@0000:01:00.0
	is "its unit does not fail" $? 0
	rescan 01:00.0
	driver 01:00.0 vfio-pci
	said 01:00.0 bind

	# Now and then it goes while we are at it: nothing hangs, nothing fails.
	for i in 1 2 3 4 5; do
		echo 1 >"$(dev 01:00.0)/remove"
		echo 1 >/sys/bus/pci/rescan
		sleep 0.$i
	done
	idle
	present 01:00.0 || rescan 01:00.0
	is "failed units" "$(systemctl list-units --no-legend --state=failed | wc -l)" 0
	driver 01:00.0 vfio-pci
}
