# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
# what is open or in use is not torn away from the driver that was first
machine() {
	port rp1 2
	port rp2 3
	device VGA,bus=pcie.0,addr=0x10
	option -drive if=none,id=data,file=null-co://,format=raw
}

policy() {
	cat <<-EOT
		[device disk]
		address = 01:00.0
		allow   = storage
	EOT
}

# interface up|down
interface() {
	local name flags=0

	[ "$1" = down ] || flags=1
	name=$(basename "$(dev 02:00.0)"/net/*)
	perl -MSocket -e 'socket(S, AF_INET, SOCK_DGRAM, 0); ioctl(S, 0x8914, pack("a16sx14", @ARGV)) or die $!' "$name" $flags
}

guest() {
	plug 01:00.0 nvme,bus=rp1,serial=1,drive=data,id=first
	driver 01:00.0 vfio-pci
	said 01:00.0 bind
	unplug 01:00.0 first

	check "nvme is loaded now" [ -e /sys/module/nvme ]
	monitor drive_add 0 if=none,id=data2,file=null-co://,format=raw
	policy_is ''
	plug 01:00.0 nvme,bus=rp1,serial=1,drive=data2,id=again
	driver 01:00.0 nvme
	check "its disk is there" wait_for 10 [ -e /dev/nvme0n1 ]
	policy_is '[device disk]\naddress = 01:00.0\nallow = storage\n'
	sleep 1000 </dev/nvme0n1 &
	vfio-bind apply --device 01:00.0
	is "exit code while something has it open" $? 1
	said 01:00.0 "refuse storage"
	because 01:00.0 "sleep (pid $!) has /dev/nvme0n1 open"
	driver 01:00.0 nvme
	override 01:00.0 "(null)"
	kill $!
	wait $!
	vfio-bind apply --device 01:00.0
	is "exit code for an idle disk" $? 0
	said 01:00.0 bind
	driver 01:00.0 vfio-pci

	policy_is ''
	plug 02:00.0 e1000e,bus=rp2,id=nic
	driver 02:00.0 e1000e
	is "no unit was started" "$(last 02:00.0 verdict)" "no such device in any report"
	policy_is '[device nic]\naddress = 02:00.0\n'
	interface up
	vfio-bind apply --device 02:00.0
	is "exit code" $? 1
	said 02:00.0 "refuse network"
	because 02:00.0 "the host uses its network ("
	driver 02:00.0 e1000e
	policy_is '[device nic]\naddress = 02:00.0\nallow = network\n'
	interface down
	vfio-bind apply --device 02:00.0
	driver 02:00.0 vfio-pci
	said 02:00.0 bind
}
