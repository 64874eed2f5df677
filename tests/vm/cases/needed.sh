# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
# two NICs, one with the default route, and a keyboard on each of two USB hosts, then on one: what the host needs stays
kernels() {
	echo 6.12 # it is a matter of our own
}

seconds() { echo 120; }

machine() {
	port rp1 2
	port rp2 3
	port rp3 4
	port rp4 5
	port rp5 6
	device VGA,bus=rp1
	nic rp2
	nic rp3
	device qemu-xhci,id=usb4,bus=rp4
	device usb-kbd,bus=usb4.0
	device qemu-xhci,id=usb5,bus=rp5
	device usb-kbd,bus=usb5.0
	option -machine i8042=off
}

policy() {
	cat <<-EOT
		[device nic]
		address = 02:00.0
		[device other-nic]
		address = 03:00.0
		allow   = network
	EOT
}

image() {
	image_dynamic "$top/build/vfiokit"
	printf '[device usb]\naddress = 04:00.0\n' >etc/one.conf
	printf '[device usb]\naddress = 04:00.0 05:00.0\n' >etc/both.conf
}

# planned PART: a line of the plan has it.
planned() {
	check "planned: $1" grep -qF -- "$1" /tmp/plan
}

keyboards() {
	[ "$(grep -c 'QEMU USB Keyboard' /proc/bus/input/devices)" = "$1" ]
}

# ask WANT WORD...: the exit code of vfiokit is WANT; its report is what the checks read from now on.
ask() {
	local want=$1

	shift
	report=/tmp/answer
	vfiokit "$@" --json >$report
	is "exit code of '$*'" $? "$want"
}

guest() {
	local name

	real_root
	coldplug
	modprobe -a usbhid hid-generic
	check "there are two keyboards" wait_for 40 keyboards 2
	name=$(ls "$(dev 02:00.0)/net")
	ifconfig "$name" 10.0.2.15 up
	route add default gw 10.0.2.2

	vfio-bind plan >/tmp/plan
	cat /tmp/plan
	planned "0000:02:00.0: refuse network: the host uses its network (route: default via $name)"
	planned "0000:03:00.0: bind"
	vfio-bind plan --policy /etc/one.conf >/tmp/plan
	planned "0000:04:00.0: bind"
	vfio-bind plan --policy /etc/both.conf >/tmp/plan
	planned "0000:04:00.0: refuse last-input"
	planned "0000:05:00.0: refuse last-input"
	vfiokit record --needs
	is "exit code of record" $? 0
	cat /etc/vfiokit/bind.record
	check "the route is recorded" grep -qx "network = route: default via $name" /etc/vfiokit/bind.record
	check_not "the other NIC is not" grep -q '^.need 0000:03:00.0' /etc/vfiokit/bind.record
	is "keyboards that are recorded" "$(grep -c '^keyboard = .*QEMU USB Keyboard' /etc/vfiokit/bind.record)" 2

	# Of two keyboards one may go, and of one none.
	ask 0 bind 04:00.0
	driver 04:00.0 vfio-pci
	check "there is one keyboard" wait_for 20 keyboards 1
	ask 1 bind 05:00.0
	verdict 05:00.0 "refuse last-input"
	check "it is named" reported 'last keyboard.*QEMU USB Keyboard'
	driver 05:00.0 xhci_hcd
	ask 1 bind 02:00.0
	verdict 02:00.0 "refuse network"
	driver 02:00.0 e1000e
	ask 0 bind 03:00.0
	driver 03:00.0 vfio-pci
	ask 0 release 04:00.0
	check "there are two keyboards again" wait_for 40 keyboards 2
	ask 0 bind 05:00.0
	driver 05:00.0 vfio-pci
}
