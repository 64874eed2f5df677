# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
# a card with two functions: both or none, and never left without a driver
machine() {
	port rp1 2
	port rp2 3
	device VGA,bus=pcie.0,addr=0x10
}

policy() {
	cat <<-EOT
		[device card]
		id    = 8086:10d3
		group = whole
		allow = network
	EOT
}

# The kernel looks at the slot when function 0 comes.
plug_card() {
	plug "$1:00.0" "$3,bus=$2,addr=0.1,multifunction=on,id=$2b" "e1000e,bus=$2,addr=0.0,multifunction=on,id=$2a"
}

guest() {
	plug_card 01 rp1 intel-hda
	is "one group" "$(group 01:00.1)" "$(group 01:00.0)"
	driver 01:00.0 vfio-pci
	driver 01:00.1 vfio-pci
	unplug 01:00.0 rp1a
	check "the other function is gone, too" absent 01:00.1

	check "e1000e is loaded now" [ -e /sys/module/e1000e ]
	check "snd_hda_intel is loaded now" [ -e /sys/module/snd_hda_intel ]
	plug_card 01 rp1 intel-hda
	driver 01:00.0 vfio-pci
	driver 01:00.1 vfio-pci
	override 01:00.1 vfio-pci

	# The second function is storage: no rule allows to take it, and half a group is of no use.
	plug_card 02 rp2 nvme,serial=1
	said 02:00.0 "refuse group"
	said 02:00.1 "refuse storage"
	driver 02:00.0 e1000e
	driver 02:00.1 nvme
	override 02:00.0 "(null)"

	# As if the event of the first function had come before the second was there.
	echo 0000:02:00.0 >/sys/bus/pci/drivers/e1000e/unbind
	echo vfio-pci >"$(dev 02:00.0)/driver_override"
	vfio-bind apply --device 02:00.0
	is "exit code" $? 1
	driver 02:00.0 e1000e
	override 02:00.0 "(null)"
	because 02:00.0 "the override that udev wrote was taken back; e1000e holds it"
}
