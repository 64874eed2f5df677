# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
# What the host uses is never given away: disks in use, the last keyboard, hubs, devices of others; guests without room

machine() { usb stick1; }

# refused TEXT REASON: the guest does not get the stick, even if a person asks for it, and the reason is said.
refused()
{
	check_not "$1: refused" vfio-usb attach one stick
	has "$1: the reason" "$(cat /tmp/out)" "$2"
	check "$1: the guest has nothing" has_nothing 1
	has "$1: list says so, too" "$(vfio-usb list)" "$2"
	check "$1: the host still has it" test -e "$(device_at 1)/driver"
}

# A stick that the host uses in one way after the other.
disks_in_use()
{
	local disk

	printf '[usb stick]\nport = %s\nattach = manual\nguest = one\n' "$(path_of 1)" >"$conf"
	systemctl restart vfio-usbd
	start 1
	check "a stick" stick stick1 1
	check "it has a disk" wait_for 60 disk_at 1
	disk=$(disk_at 1)
	mkswap -q "$disk"
	check "it is swap" swapon "$disk"
	refused "swap" "is swap of this host"
	swapoff "$disk"
	check "it is encrypted" cryptsetup luksFormat -q --type luks1 --pbkdf-force-iterations 1000 "$disk" /etc/hostname
	check "it is open" cryptsetup open --key-file /etc/hostname "$disk" secret
	refused "LUKS" "/dev/mapper/secret is made of it"
	cryptsetup close secret
	wipefs -qa "$disk"
	check "it is a volume of LVM" vgcreate -qq sticks "$disk"
	check "that is active" lvcreate -qq -l 100%FREE -n all sticks
	refused "LVM" "/dev/mapper/sticks-all is made of it"
	vgchange -qq -an sticks
	sfdisk -q "$disk" --wipe always <<<$'label: dos\nsize=8M\nsize=8M'
	wait_for 30 test -e "${disk}2"
	mkfs.ext4 -q "${disk}2"
	check "a partition is mounted" mount "${disk}2" /mnt
	refused "a partition" "is mounted on /mnt"

	sed -i '/^attach/d' "$conf"
	log_from_here
	systemctl restart vfio-usbd
	check "by itself: the journal says why not" wait_for 60 log_has "is mounted on /mnt"
	check "by itself: the guest has nothing" has_nothing 1
	umount /mnt
	gets "when it is unmounted, the guest has it" 1 1
	check_not "the host has not" test -e "$disk"
	destroy 1
	check "then the host has it again" wait_for 60 disk_at 1
	unplug stick1
}

# What a person needs to command the host. The emulated keyboard and mouse of the PC are others, as long as they are there.
inputs()
{
	printf '[usb keys]\nport = %s\nguest = one\n[usb mouse]\nport = %s\nguest = one\n' "$(path_of 4)" "$(path_of 5)" >"$conf"
	systemctl restart vfio-usbd
	plug usb-kbd keys 4
	plug usb-mouse mouse 5
	start 1
	check "there are others: the guest has keyboard and mouse" wait_for 90 count_is 1 2
	destroy 1
	echo i8042 >/sys/bus/platform/drivers/i8042/unbind
	check "the host has its keyboard again" wait_for 60 grep -q "USB Keyboard" /proc/bus/input/devices
	log_from_here
	start 1
	check "the last keyboard is refused" wait_for 60 log_has "last keyboard"
	check "the last pointer is refused" wait_for 60 log_has "last pointer"
	check "the guest has nothing" has_nothing 1
	has "list says so, too" "$(vfio-usb list)" "last keyboard"
	check_not "nor may a person take it" vfio-usb attach one "$(path_of 4)"
	has "the reason" "$(cat /tmp/out)" "last keyboard"
	plug usb-tablet tablet 6
	gets "with a tablet, the guest has the mouse" 1 5
	check "and only that" count_is 1 1
	plug usb-kbd spare 7
	check "with another keyboard, it has both" wait_for 90 count_is 1 2
	destroy 1
	unplug keys && unplug mouse && unplug tablet && unplug spare
}

hubs()
{
	printf '[usb hub]\nport = %s\nguest = one\n' "$(path_of 2)" >"$conf"
	systemctl restart vfio-usbd
	start 1
	# Both at once: a hub without anything behind it falls asleep, and the emulated one does not wake up.
	plug usb-hub hub 2
	serial line1 2.3
	check "a hub is there" wait_for 60 device_at 2
	gets "what is plugged into a hub follows" 1 2.3
	check "the hub does not" count_is 1 1
	destroy 1
	unplug line1 && unplug hub
}

guests_without_room()
{
	usb_guest 2 narrow 1
	define 3 bare
	printf '[usb a]\nport = %s\nguest = narrow\n[usb b]\nport = %s\nguest = narrow\n[usb c]\nport = %s\nguest = bare\n' \
		"$(path_of 1)" "$(path_of 2)" "$(path_of 3)" >"$conf"
	systemctl restart vfio-usbd
	start 2
	serial line1 1
	gets "the first device takes the only port" 2 1
	log_from_here
	serial line2 2
	check "no free port: the journal says so" wait_for 60 log_has "free USB port"
	unplug line1
	gets "when it is free, the next one gets it" 2 2
	unplug line2
	loses "all are gone" 2
	destroy 2

	log_from_here
	start 3
	serial line1 3
	check "no controller: the journal names the guest" wait_for 60 log_has "guest bare"
	sleep 20
	check "and does not go on about it" test "$(journalctl -u vfio-usbd -o cat --since "$log_since" | wc -l)" -lt 12
	check "the host keeps the device" test -e "$(device_at 3)/driver"
	destroy 3

	virsh -q undefine "$(uuid_of 2)"
	usb_guest 2 other
	printf '[usb a]\nport = %s\nguest = one\n' "$(path_of 3)" >"$conf"
	start 2
	# shellcheck disable=SC2046
	printf "<hostdev mode='subsystem' type='usb'><source><address bus='%s' device='%s'/></source></hostdev>" \
		$(number_of 3) >/tmp/other.xml
	check "another guest has it, by hand" virsh attach-device "$(uuid_of 2)" /tmp/other.xml
	systemctl restart vfio-usbd
	log_from_here
	start 1
	check "a device of another guest: the journal names it" wait_for 60 log_has "guest other"
	check "it stays there" has_port 2 3
	check "the guest of the policy has nothing" has_nothing 1
	destroy 1
	destroy 2
}

guest()
{
	usb_guest 1 one
	disks_in_use
	inputs
	hubs
	guests_without_room
}
