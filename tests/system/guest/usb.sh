# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What a case may call, whose machine() has called usb(): plugs USB devices into this system from outside, and says who has them.

usb_bus=/sys/bus/usb/devices
usb_controller=0000:00:10.0
usb_host=/sys/bus/pci/devices/$usb_controller
qmp_id=0

# qmp COMMAND [ARGUMENTS]: tells it the QEMU in which this system runs, and waits for the answer.
qmp() {
	local line

	qmp_answer=
	if [ "$qmp_id" = 0 ]; then
		modprobe virtio_console
		wait_for 60 test -e /dev/virtio-ports/qmp || return
		exec 7<>/dev/virtio-ports/qmp
		qmp_id=1
		qmp qmp_capabilities || return
	fi
	qmp_id=$((qmp_id + 1))
	echo "{\"execute\": \"$1\", \"arguments\": {${2:-}}, \"id\": $qmp_id}" >&7
	while read -r -t 60 line <&7; do
		[[ $line == *"\"id\": $qmp_id"[,}]* ]] || continue
		qmp_answer=$line
		[[ $line == *'"error":'* ]] || return 0
		echo "QEMU: $1: $line"
		return 1
	done
	echo "no answer from QEMU to $1"
	return 1
}

# plug DRIVER NAME PORT [MORE]: into that port of the controller, or of a hub in it (3.1). serial NAME PORT [MORE]: a serial
# adapter; stick NAME PORT [MORE]: a stick. Both names are among those that usb() has.
# What an unplugged device used is free only some time after QEMU said that it is gone.
plug() {
	local i

	for ((i = 0; i < 100; i++)); do
		qmp device_add "\"driver\": \"$1\", \"id\": \"$2\", \"bus\": \"usb.0\", \"port\": \"$3\"${4:+, $4}" && return
		[[ $qmp_answer == *"is in use"* ]] || return 1
		sleep 0.1
	done
	return 1
}
serial() { plug usb-serial "$1" "$2" "\"chardev\": \"$1\", \"always-plugged\": true${3:+, $3}"; }
stick() { plug usb-storage "$1" "$2" "\"drive\": \"$1\", \"removable\": true${3:+, $3}"; }
unplug() { qmp device_del "\"id\": \"$1\""; }

# device_at PORT: its directory, or nothing; below the controller usb_host. path_of PORT: the port as policies name it.
device_at() {
	local bus

	for bus in "$usb_host"/usb*; do
		[ -e "$usb_bus/${bus##*/usb}-$1" ] && echo "$usb_bus/${bus##*/usb}-$1" && return
	done
	return 1
}
path_of() { echo "pci-$usb_controller-usb-0:$1"; }
is_empty() { ! device_at "$1"; }
# number_of PORT: bus and device, as libvirt and QEMU name them.
number_of() {
	local device
	device=$(device_at "$1") && echo "$(<"$device/busnum") $(<"$device/devnum")"
}
# disk_at PORT: the block device of the stick in it.
disk_at() {
	local disk

	for disk in "$(device_at "$1")"/*/host*/target*/*/block/*; do
		[ -e "$disk" ] && [ "$(<"$disk/size")" != 0 ] && echo "/dev/${disk##*/}" && return
	done
	return 1
}
udev_of() { udevadm info -q property "$(device_at "$1")" | sed -n "s/^$2=//p"; }

# usb_guest N NAME [PORTS]: a guest with a USB controller, of 15 ports if not said otherwise.
usb_guest() { guest_usb="<controller type='usb' model='qemu-xhci' ports='${3:-15}'/>" define "$1" "$2"; }

# strange PORT VENDOR PRODUCT [HEX...]: usb-device in the background, in port 1 to 8 of vhci_hcd, whose pid is then $strange.
# wide TEXT: it in hexadecimal, as descriptors have it; TEXT is a format of printf.
strange() {
	modprobe vhci_hcd
	./usb-device $(($1 - 1)) "${@:2}" &
	strange=$!
	usb_host=/sys/devices/platform/vhci_hcd.0 wait_for 60 device_at "$1"
}
# shellcheck disable=SC2059
wide() { printf "$1" | od -An -v -tx1 | tr -d ' \n' | sed 's/../&00/g'; }

# given N: what libvirt says that guest N has, "BUS DEVICE" a line. held N: what its QEMU has, an alias a line. opened N: the
# device nodes that QEMU has open, as "BBB/DDD": at once, while virsh takes seconds under emulation.
given() {
	virsh -q dumpxml "$(uuid_of "$1")" |
		sed -n "/<hostdev/,/<\/hostdev/s/.*<address bus='\([0-9]*\)' device='\([0-9]*\)'.*/\1 \2/p"
}
held() { virsh -q qemu-monitor-command "$(uuid_of "$1")" --hmp info usb | sed -n 's/.*, ID: \(.*\)/\1/p' | tr -d '\r'; }
opened() { find "/proc/$(qemu_of "$1")/fd" -lname '/dev/bus/usb/*' -printf '%l\n' | sed 's|.*/usb/||'; }
# opened_port N PORT: QEMU has opened what is in that port now. has_port N PORT: libvirt says so, too. has_nothing N.
opened_port() {
	local number
	# shellcheck disable=SC2086
	number=$(number_of "$2") && opened "$1" | grep -qx "$(printf '%03d/%03d' $number)"
}
opened_nothing() { [ -z "$(opened "$1")" ]; }
has_port() { opened_port "$1" "$2" && given "$1" | grep -qx "$(number_of "$2")"; }
has_nothing() { opened_nothing "$1" && [ -z "$(given "$1")" ]; }
# count_is N COUNT: of devices, by the word of both.
count_is() { [ "$(given "$1" | wc -l)" = "$2" ] && [ "$(held "$1" | wc -l)" = "$2" ]; }

# log_from_here: log_has TEXT looks at what the daemon has said since then.
log_from_here() { log_since=$(date "+%F %T.%N"); }
log_has() { journalctl -u vfio-usbd -o cat --all ${log_since:+--since "$log_since"} | grep -qF -- "$1"; }

# gets TEXT N PORT: in the time that a slow machine may need. loses TEXT N: the same, and QEMU has no port taken.
gets() { check "$1" wait_for 90 has_port "$2" "$3"; }
loses() { check "$1" wait_for 90 has_nothing "$2" && is "$1, QEMU" "$(held "$2")" ""; }
