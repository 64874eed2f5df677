# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
# a record, and then a card more, so that all bus numbers shift: no newcomer is bound, what moved is followed only on demand
kernels() {
	echo 6.12 # it is a matter of our own
}

seconds() {
	echo 120
}

# 1: the machine as it is recorded. 2: with a card more, and the record in the image; then the image is made again.
steps() {
	echo 2
}

# The card more sits between the console and the card of the guest, and is of the same kind.
machine() {
	port rp1 2
	[ "$step" = 1 ] || port newcomer 3
	port rp2 4
	port rp3 5
	port rp4 6
	port rp5 7
	port rp6 8
	device VGA,bus=rp1
	[ "$step" = 1 ] || device VGA,bus=newcomer
	device VGA,bus=rp2
	truncate -s 16M "$build/record-moved.nvme"
	option -drive "file=$build/record-moved.nvme,if=none,id=swap,format=raw,snapshot=on"
	device nvme,serial=swap,drive=swap,bus=rp3
	nic rp4
	device qemu-xhci,id=usb5,bus=rp5
	device qemu-xhci,bus=rp6
	device usb-kbd,bus=usb5.0
	option -machine i8042=off
	[ "$step" = 1 ] || step_image
}

# What the first boot recorded, in the image.
step_image() {
	local more=$build/record-moved.more

	mkdir -p "$more/etc/vfiokit"
	sed -n 's/^VM-RECORD //p' "$all.checks" | tr -d '\r' >"$more/etc/vfiokit/bind.record"
	(cd "$more" && echo etc/vfiokit/bind.record | cpio --quiet -o -H newc) >>"$image"
}

policy() {
	cat <<-EOT
		[device guest-gpu]
		address = 02:00.0

		[device disk]
		path  = 0000:00:05.0/00.0
		allow = storage

		[device nic]
		address = 04:00.0
		allow   = network
		follow  = yes

		[device usb]
		path = 0000:00:07.0/00.0
	EOT
}

image() {
	image_copy_program "$top/build/vfiokit"
}

record=/etc/vfiokit/bind.record

# as_udev: all drivers, and the swap that the host has.
as_udev() {
	coldplug
	modprobe -a usbhid hid-generic
	check "there is a disk" wait_for 40 test -b /dev/nvme0n1
	check "there is a keyboard" wait_for 40 grep -q 'QEMU USB Keyboard' /proc/bus/input/devices
	mkswap /dev/nvme0n1 >/dev/null
	check "it is swap" swapon /dev/nvme0n1
}

# What is bound on the machine as it was recorded, and how it looks there.
step1() {
	real_root
	as_udev
	vfiokit record >/tmp/said
	is "exit code of record" $? 0
	sed 's/^/VM-RECORD /' $record >/dev/ttyS1
	check "the swap is recorded" grep -qx 'storage = swap on nvme0n1' $record
	check "the keyboard is recorded" grep -q '^keyboard = .*QEMU USB Keyboard' $record
	vfio-bind plan >/tmp/plan
	cat /tmp/plan
	check "the card would be bound" grep -q '02:00.0.*bind' /tmp/plan
}

# Without a record the slots are all that is known: so it is the record that refuses below.
without_record() {
	mv $record /tmp/record
	vfio-bind plan >/tmp/plan
	cat /tmp/plan
	for address in 02:00.0 04:00.0 06:00.0; do
		check "without a record $address would be bound" grep -q "$address: bind" /tmp/plan
	done
	check_not "and nothing would be followed" grep -q 05:00.0 /tmp/plan
	mv /tmp/record $record
}

moved() {
	without_record
	boot
	verdict 01:00.0 "no such device in the report no such device in the report"
	verdict 02:00.0 "refuse identity"
	check "both identities are told" reported 'path 0000:00:04.0/00.0.*path 0000:00:03.0/00.0'
	verdict 04:00.0 "refuse storage"
	check "what it is needed for is told" reported 'swap on nvme0n1'
	verdict 05:00.0 bind
	verdict 06:00.0 "refuse last-input"
	check "the keyboard is told" reported 'last keyboard.*QEMU USB Keyboard'
	as_udev
	driver 02:00.0 bochs-drm
	driver 03:00.0 bochs-drm
	driver 04:00.0 nvme
	driver 05:00.0 vfio-pci
	driver 06:00.0 xhci_hcd
}

# What the glue does when the image is made again: the needs are those of now, and the newcomer is still one.
rebuilt() {
	sed -n '/^\[device/,/^$/p' $record >/tmp/before
	vfiokit record --needs >/tmp/said
	is "exit code of record --needs" $? 0
	cat /tmp/said
	check "it says what is another device" grep -q '02:00.0: changed.*not accepted' /tmp/said
	sed -n '/^\[device/,/^$/p' $record >/tmp/after
	check "no identity has changed" cmp /tmp/before /tmp/after
	check "the disk is recorded where it is now" grep -qx '\[need 0000:04:00.0\]' $record
	vfio-bind plan >/tmp/plan
	check "the newcomer is still refused" grep -q '02:00.0: refuse identity' /tmp/plan
}

step2() {
	[ -e /real-root ] || moved
	real_root
	rebuilt
}

guest() {
	"step$(sed 's/.*vm.step=//; s/ .*//' /proc/cmdline)"
}
