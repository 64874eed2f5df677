# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
# Keyboard and mouse go to the guest and back by one command; the host's last keyboard goes only where a way back is named

machine() { usb; }

# keys MORE: the policy for the keyboard in port 4.
keys()
{
	printf '[usb keys]\nport = %s\nguest = one\nattach = manual\n%b[usb mouse]\nport = %s\n[usb spare]\nport = %s\n' \
		"$(path_of 4)" "$1" "$(path_of 5)" "$(path_of 7)" >"$conf"
	log_from_here
	systemctl restart vfio-usbd
	wait_for 60 log_has "connected to libvirt"
}

host_has_keyboard() { grep -q "USB Keyboard" /proc/bus/input/devices; }

toggles()
{
	check "to the guest" vfio-usb toggle one keys mouse
	check "the guest has both" count_is 1 2
	check_not "the host has no USB keyboard" host_has_keyboard
	check "and back" vfio-usb toggle one keys mouse
	check "the guest has nothing" has_nothing 1
	check "the host has its keyboard" wait_for 30 host_has_keyboard
	check "one is given" vfio-usb attach one mouse
	check "the guest has not the first: to the guest" vfio-usb toggle one keys mouse
	check "the guest has both again" count_is 1 2
	check "and back again" vfio-usb toggle one keys mouse
	check "the guest has nothing again" has_nothing 1
}

ways_back()
{
	echo i8042 >/sys/bus/platform/drivers/i8042/unbind
	check_not "the last keyboard" vfio-usb attach one keys
	keys 'allow = keyboard\n'
	check_not "allowed, but without a way back" vfio-usb attach one keys
	check "the host still has it" host_has_keyboard

	keys 'allow = keyboard\nway-back = 20s\n'
	check "with a time" vfio-usb attach one keys
	check "the guest has it" count_is 1 1
	log_from_here
	check "it comes back by itself" wait_for 90 has_nothing 1
	check "the host has it" wait_for 30 host_has_keyboard
	check "the journal says why" wait_for 30 log_has "comes back from guest one"

	keys 'allow = keyboard\nway-back = plug spare\n'
	check "with another device as the way" vfio-usb attach one keys
	check "the guest has it then" count_is 1 1
	check "the other one is plugged in" plug usb-mouse spare 7
	check "it comes back" wait_for 90 has_nothing 1
	check "the host has it then" wait_for 30 host_has_keyboard
}

guest()
{
	usb_guest 1 one
	plug usb-kbd keys 4
	plug usb-mouse mouse 5
	wait_for 60 host_has_keyboard
	keys ''
	check "the guest starts" start 1
	toggles
	ways_back
	destroy 1
}
