# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
# Two hundred plugs as fast as they come, twins, other ids, another controller in front, hostile words: each device finds its guest

# With --full only: it takes two minutes.
suites() { :; }

machine()
{
	usb
	qemu+=(-device qemu-xhci,id=other,addr=0x11)
}

pid_of_daemon() { systemctl show -P MainPID vfio-usbd; }

# policy PORT GUEST...
policy()
{
	: >"$conf"
	while [ $# != 0 ]; do
		printf '[usb rule%s]\nport = %s\nguest = %s\n' "$#" "$1" "$2" >>"$conf"
		shift 2
	done
	systemctl restart vfio-usbd
}

twins()
{
	policy "$(path_of 1)" one "$(path_of 2)" two
	serial line1 1 '"serial": "same"'
	serial line2 2 '"serial": "same"'
	gets "the first of two equal devices" 1 1
	gets "the second of two equal devices" 2 2
	check_not "by their id, a person cannot tell them apart" vfio-usb attach one 0403:6001
	has "the reason names both" "$(cat /tmp/out)" "$(basename "$(device_at 2)")"
	unplug line1
	unplug line2
	loses "the first is gone" 1
	loses "the second is gone" 2
	serial line1 2 '"serial": "same"'
	serial line2 1 '"serial": "same"'
	gets "the other one in the first port" 1 1
	gets "the other one in the second port" 2 2
	unplug line1
	unplug line2
	loses "one is gone" 1
	loses "the other is gone" 2
}

storm()
{
	local i pid

	pid=$(pid_of_daemon)
	for ((i = 0; i < 50; i++)); do
		plug usb-mouse "first$i" 1
		plug usb-tablet "second$i" 2
		unplug "first$i"
		unplug "second$i"
	done >/tmp/storm
	is "what QEMU refused of two hundred" "$(wc -l </tmp/storm)" 0
	serial line1 1
	serial line2 2
	gets "after the storm, the first" 1 1
	gets "after the storm, the second" 2 2
	check "each has one device" count_is 1 1
	check "each has one device" count_is 2 1
	unplug line1
	loses "after the storm and its last device" 1
	is "the daemon is the same" "$(pid_of_daemon)" "$pid"
	say "VM-INFO private memory after the storm: $(private) KiB, $(journalctl -u vfio-usbd -o cat | wc -l) lines in the journal"
}

private() { awk '/^Private/ { n += $2 } END { print n }' "/proc/$(pid_of_daemon)/smaps_rollup"; }

# The controllers find their driver in the other order: buses and kernel's names change, the port does not.
another_controller_first()
{
	local name drivers=/sys/bus/pci/drivers/xhci_hcd

	name=$(basename "$(device_at 2)")
	echo 0000:00:10.0 >$drivers/unbind
	echo 0000:00:11.0 >$drivers/unbind
	loses "the controller is gone" 2
	echo 0000:00:11.0 >$drivers/bind
	echo 0000:00:10.0 >$drivers/bind
	check "the device is there again" wait_for 60 device_at 2
	check "its name is not $name any more" test "$(basename "$(device_at 2)")" != "$name"
	gets "another controller in front: the guest has it" 2 2
}

# clean COMMAND...: what it prints holds no control character but tabs and line feeds.
clean() { ! "$@" | tr -d '\n\t' | LC_ALL=C grep -aqP '[\x00-\x1f\x7f]|\xc2[\x80-\x9f]'; }
log() { journalctl -u vfio-usbd -o cat --all; }

hostile()
{
	local first evil='\033]0;x\007\033[31m$(touch /tmp/evil)`touch /tmp/evil`;touch /tmp/evil' n

	usb_host=/sys/devices/platform/vhci_hcd.0
	policy platform-vhci_hcd.0-usb-0:1 one platform-vhci_hcd.0-usb-0:2 two
	vfio-usb watch >/tmp/watch 2>&1 &
	first=$!
	strange 1 1209 0001 "$(wide "$evil")" "00d800d84100ffdf$(wide "'/><x y=\"&\\\\n[usb evil]\\\\nguest = two\\\\n")"
	gets "a hostile one" 1 1
	n=$strange
	strange 2 1209 0001 "$(wide '\302\233\302\20531m')" "$(wide "$(printf '%%s\\033[%.0s' {1..42})")" "$(printf '9b00%.0s' {1..126})"
	gets "a longer one" 2 2
	check "list is clean" clean vfio-usb list
	check "its JSON is clean" clean vfio-usb list --json
	check "the journal is clean" clean log
	kill "$n"
	loses "the hostile one is gone" 1
	strange 1 1209 0002 "$(wide 'Other')" "$(wide 'Mode')" "$(printf '9b00%.0s' {1..126})"
	gets "the same port with other ids" 1 1
	is "its ids" "$(cat "$(device_at 1)/idProduct")" 0002
	kill $strange
	loses "it is gone" 1
	kill $first
	check "watch is clean" clean cat /tmp/watch
	check "watch has seen it" grep -q 1209:0001 /tmp/watch
	check "nobody has run what they say" test ! -e /tmp/evil
	check_not "nobody has read it as policy" grep -q evil <(vfio-usb list --json | grep -o '"rule": *"[^"]*"')
}

guest()
{
	usb_guest 1 one
	usb_guest 2 two
	start 1
	start 2
	twins
	storm
	another_controller_first
	hostile
}
