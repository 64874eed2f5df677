# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
# A USB device follows its guest: plugged before, while and after it starts, while the daemon or libvirtd is away, fifty times

machine() { usb; }

# The emulator itself does what the rest relies on.
proof_of_the_emulator()
{
	local number

	check "a device is plugged into port 1" serial line1 1
	check "it is there" wait_for 60 device_at 1
	udevadm settle
	is "udev's name of its port" "$(udev_of 1 ID_PATH)" "$(path_of 1)"
	number=$(number_of 1)
	check "it is unplugged" unplug line1
	check "it is gone" wait_for 60 is_empty 1
	check "it is plugged in again" serial line1 1
	check "it is there again" wait_for 60 device_at 1
	check "with another number than $number" test "$(number_of 1)" != "$number"
	check "a hub" plug usb-hub hub 2
	check "and another behind it" serial line2 2.1
	check "that is there" wait_for 60 device_at 2.1
	udevadm settle
	is "udev's name of the hub's port" "$(udev_of 2.1 ID_PATH)" "$(path_of 2.1)"
	is "they are equal" "$(cat "$(device_at 2.1)"/id{Vendor,Product})" "$(cat "$(device_at 1)"/id{Vendor,Product})"
	start 1
	# shellcheck disable=SC2046
	printf "<hostdev mode='subsystem' type='usb'><source><address bus='%s' device='%s'/></source></hostdev>" \
		$(number_of 2.1) >/tmp/twin.xml
	check "virsh gives it to a guest" virsh attach-device "$(uuid_of 1)" /tmp/twin.xml
	check "the guest has it" has_port 1 2.1
	check "virsh takes it back" virsh detach-device "$(uuid_of 1)" /tmp/twin.xml
	check "the guest has nothing" wait_for 30 has_nothing 1
	destroy 1
	unplug line2
	unplug hub
	unplug line1
	check "all is as before" wait_for 60 is_empty 1
}

# again: the device of port 1 is unplugged and plugged in once more, and follows.
again()
{
	unplug line1 && wait_for 60 opened_nothing 1 && serial line1 1 && wait_for 60 opened_port 1 1
}

around_a_start()
{
	check "plugged before the start" serial line1 1
	check "the guest starts" start 1
	gets "plugged before the start: the guest has it" 1 1
	check "the journal says what, where, who" wait_for 30 log_has "$(path_of 1)"
	check "unplugged" unplug line1
	loses "unplugged: the guest has nothing" 1
	check "the journal says that, too" wait_for 30 log_has ": detached from guest one: "
	check "plugged after the start" serial line1 1
	gets "plugged after the start: the guest has it" 1 1
	check "the guest is reset" virsh reset "$(uuid_of 1)"
	check "after a reset it still has it" has_port 1 1
	check "the guest ends" destroy 1
	check "the host has it again" wait_for 30 test -e "$(device_at 1)/driver"
	unplug line1

	start 1 &
	until qemu_of 1 >/dev/null; do sleep 0.05; done
	check "plugged while the guest starts" serial line1 1
	wait $!
	gets "plugged while it starts: the guest has it" 1 1
}

while_one_is_away()
{
	local libvirt="libvirtd.socket libvirtd-ro.socket libvirtd-admin.socket libvirtd.service"

	systemctl stop vfio-usbd
	unplug line1
	check "unplugged while the daemon is away" wait_for 60 is_empty 1
	systemctl start vfio-usbd
	loses "unplugged while the daemon was away: the guest has nothing" 1
	systemctl stop vfio-usbd
	check "plugged while the daemon is away" serial line1 1
	check "it is there" wait_for 60 device_at 1
	systemctl start vfio-usbd
	gets "plugged while the daemon was away: the guest has it" 1 1
	kill -KILL "$(systemctl show -P MainPID vfio-usbd)"
	unplug line1
	loses "unplugged just when the daemon was killed: the guest has nothing" 1
	serial line1 1
	gets "plugged behind that: the guest has it" 1 1

	# shellcheck disable=SC2086
	systemctl stop $libvirt
	unplug line1
	check "unplugged while libvirtd is away" wait_for 60 is_empty 1
	systemctl start libvirtd
	loses "unplugged while libvirtd was away: the guest has nothing" 1
	# shellcheck disable=SC2086
	systemctl stop $libvirt
	check "plugged while libvirtd is away" serial line1 1
	check "it is there" wait_for 60 device_at 1
	systemctl start libvirtd
	gets "plugged while libvirtd was away: the guest has it" 1 1
	systemctl restart libvirtd &
	unplug line1
	wait $!
	loses "unplugged while libvirtd restarts: the guest has nothing" 1
	systemctl restart libvirtd &
	serial line1 1
	wait $!
	gets "plugged while libvirtd restarts: the guest has it" 1 1
}

guest()
{
	local i times=0

	usb_guest 1 one
	proof_of_the_emulator
	printf '[usb dongle]\nport = %s\nguest = one\n' "$(path_of 1)" >"$conf"
	check "the daemon starts" systemctl start vfio-usbd
	around_a_start
	while_one_is_away
	for ((i = 0; i < 50; i++)); do
		again && times=$((times + 1))
	done
	is "times that it followed of fifty" "$times" 50
	check "the guest has one device, and one port is taken" wait_for 30 count_is 1 1
	unplug line1
	loses "at the end the guest has nothing" 1
	say "VM-INFO $(journalctl -u vfio-usbd -o cat | wc -l) lines in the journal"
}
