# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
# a coldplug of forty functions starts no process; who may open /dev/vfio/N
machine() {
	local slot function

	port rp1 2
	device VGA,bus=pcie.0,addr=0x10
	device pci-testdev,bus=rp1
	for slot in 8 9 a b c; do
		for function in 0 1 2 3 4 5 6 7; do
			device "pci-testdev,bus=pcie.0,addr=$slot.$function,multifunction=on"
		done
	done
}

policy() {
	cat <<-EOT
		[device test]
		address = 01:00.0
	EOT
}

# owner FILE WANT
owner() {
	is "owner of $1" "$(stat -c %U:%G:%a "$1")" "$2"
}

guest() {
	local node before count

	count=$(find /sys/bus/pci/devices/ -type l | wc -l)
	driver 01:00.0 vfio-pci
	trace_exec
	udevadm trigger --settle --subsystem-match=pci --action=add
	is "processes of a coldplug of $count functions" "$(executed '')" 0
	udevadm trigger --subsystem-match=pci --action=add # systemd asks without waiting for each
	udevadm settle
	is "processes of a coldplug without --settle" "$(executed '')" 0
	is "overrides" "$(grep -l vfio-pci /sys/bus/pci/devices/*/driver_override | wc -l)" 1
	is "late devices by udev's list" "$(find /run/udev/tags/vfiokit-late -type f 2>/dev/null | wc -l)" 0
	echo 1 >"$(dev 01:00.0)/remove"
	echo 1 >/sys/bus/pci/rescan
	sleep 1
	idle
	driver 01:00.0 vfio-pci
	is "vfio-bind ran for a rescan" "$(executed vfio-bind)" 2

	# No policy: not even a real arrival starts a process.
	mv /etc/vfiokit /etc/vfiokit.off
	trace_exec
	echo 1 >"$(dev 01:00.0)/remove"
	echo 1 >/sys/bus/pci/rescan
	sleep 1
	idle
	is "vfio-bind ran without a policy" "$(executed vfio-bind)" 0
	driver 01:00.0 none
	mv /etc/vfiokit.off /etc/vfiokit
	vfio-bind apply --device 01:00.0

	node=/dev/vfio/$(group 01:00.0)
	before=$(stat -c %U:%G:%a /dev/vfio/vfio)
	owner "$node" root:root:600
	printf '# who\nVFIO_GROUP=kvm\nVFIO_MODE=0660\n' >/etc/vfiokit/udev.conf
	udevadm trigger --settle --subsystem-match=vfio
	owner "$node" root:kvm:660
	owner /dev/vfio/vfio "$before"
	chgrp root "$node"
	chmod 600 "$node"
	printf 'VFIO_GROUP=nobody-has-this\nVFIO_MODE=rubbish\n' >/etc/vfiokit/udev.conf
	udevadm trigger --settle --subsystem-match=vfio
	owner "$node" root:root:600
	check "there are still events" udevadm trigger --settle --subsystem-match=pci
	cp /guest/udev.conf /etc/vfiokit/udev.conf
	udevadm trigger --settle --subsystem-match=vfio
	owner "$node" root:root:600
}

image() {
	cp "$top/conf/udev.conf" cell/guest/
}
