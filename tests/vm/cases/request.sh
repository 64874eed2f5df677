# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash disable=SC2154,SC2217
# vfiokit bind and release: what is open is named and left alone, a driver that hangs holds nobody up; check --rom
machine() {
	twin_gpus
	port rp3 4
	port rp4 5
	head -c 4096 /dev/zero >"$build/request.rom"
	device intel-hda,id=hda,bus=rp3,romfile="$build/request.rom"
	device hda-duplex,bus=hda.0,audiodev=none
	option -audiodev none,id=none
	nic rp4
	port rp5 6
	truncate -s 16M "$build/request.data"
	mkfs.ext4 -q -F -O ^has_journal "$build/request.data"
	option -drive "if=none,id=data,file=$build/request.data,format=raw,snapshot=on"
	device nvme,serial=1,bus=rp5,drive=data
	port rp6 7
	device nvme-subsys,id=subsys
	device nvme,serial=2,subsys=subsys,bus=rp6,sriov_max_vfs=2,sriov_vq_flexible=4,sriov_vi_flexible=2
}

seconds() { echo 240; }

# vfiokit is a dynamic program.
image() {
	image_copy_modules "$1" "$PWD" ext4
	find usr/lib/modules -name '*.ko.xz' ! -name 'vfio*' -exec xz -d {} +
	image_depmod "$1" "$PWD"
	image_dynamic "$top/build/vfiokit"
}

# ask WANT WORD...: vfiokit's exit code is WANT; its report is what the checks read from now on.
ask() {
	local want=$1 start

	shift
	start=$(ms)
	report=/tmp/answer
	chroot /outside vfiokit "$@" --json >$report 2>/tmp/error
	is "exit code of '$*'" $? "$want"
	took=$(($(ms) - start))
	say "'$*' took $took ms"
	cat /tmp/error
	truthful
}

# said ADDRESS TEXT: its message has it.
said() {
	case $(field "$1" message) in
	*"$2"*) ok "of $1 it says '$2'" ;;
	*) not_ok "of $1 it says '$(field "$1" message)', not '$2'" ;;
	esac
}

# rom ADDRESS WANT STATE [TEXT]: check --rom exits like that and says so, and leaves the ROM switched off.
rom() {
	chroot /outside vfiokit check --rom "$1" --json >/tmp/rom 2>/tmp/error
	is "exit code of check --rom $1" $? "$2"
	cat /tmp/error
	flatten /tmp/rom >/tmp/rom.flat
	check "the option ROM of $1 is $3" grep -q "^.roms.0.state	$3\$" /tmp/rom.flat
	[ -z "$4" ] || check "check says '$4'" grep -qF "$4" /tmp/rom.flat
	[ ! -e "$(dev "$1")/rom" ] || check "the option ROM of $1 is off" switched_off "$(dev "$1")/rom"
}

# What the kernel says to a ROM that nobody has switched on.
switched_off() {
	cat "$1" 2>&1 >/dev/null | grep -q 'Invalid argument'
}

asleep() {
	[ "$(cat "$(dev "$1")/power_state")" = D3hot ]
}

guest() {
	local user sound

	mkdir -p /outside
	outside vfiokit list >/dev/null
	is "exit code of list" $? 0

	# Option ROMs, real ones.
	rom 02:00.0 1 no-efi BIOS
	coldplug
	wait_for 20 [ -e /dev/dri/card1 ]
	rom 02:00.0 1 no-efi BIOS
	rom 01:00.0 1 in-use "the GPU of the console"
	rom 04:00.0 0 efi "EFI for x86-64"
	rom 03:00.0 1 unreadable "the device shows none"
	rom 05:00.0 0 none ""

	# A display device that is open.
	sleep 1000 </dev/dri/card1 &
	user=$!
	rom 02:00.0 1 in-use "sleep (pid $user) has /dev/dri/card1 open"
	ask 1 bind 02:00.0
	verdict 02:00.0 "refuse open"
	said 02:00.0 "sleep (pid $user) has /dev/dri/card1 open"
	driver 02:00.0 bochs-drm
	override 02:00.0 "(null)"
	ask 1 bind 01:00.0
	verdict 01:00.0 "refuse console"
	ask 0 bind 02:00.0 --even-if-open
	verdict 02:00.0 bind
	driver 02:00.0 vfio-pci
	kill $user
	opens 02:00.0

	# A sound device that is open: its driver waits, the next device does not.
	wait_for 20 [ -e /dev/snd/controlC0 ]
	sleep 1001 </dev/snd/controlC0 &
	sound=$!
	ask 1 bind 03:00.0
	verdict 03:00.0 "refuse open"
	said 03:00.0 "sleep (pid $sound) has /dev/snd/controlC0 open"
	driver 03:00.0 snd_hda_intel
	ifconfig "$(ls "$(dev 04:00.0)/net")" 10.0.2.15 up
	route add default gw 10.0.2.2
	ask 1 bind 04:00.0
	verdict 04:00.0 "refuse network"
	said 04:00.0 "route: default via $(ls "$(dev 04:00.0)/net")"
	driver 04:00.0 e1000e
	ask 1 bind 03:00.0 04:00.0 --allow network --even-if-open
	check "it took no longer than it may" [ $took -lt 10500 ]
	verdict 03:00.0 "fail stuck"
	said 03:00.0 "snd_hda_intel is still busy with it"
	verdict 04:00.0 bind
	ask 1 bind 03:00.0
	check "what hangs is not touched again" [ $took -lt 3000 ]
	verdict 03:00.0 "fail stuck"
	kill $sound

	# What the host uses, whatever may be waived.
	modprobe ext4
	wait_for 10 [ -e /dev/nvme0n1 ]
	mkdir -p /outside/home
	mount -t ext4 /dev/nvme0n1 /outside/home
	ask 1 bind 05:00.0 --allow storage --even-if-open
	verdict 05:00.0 "refuse storage"
	said 05:00.0 "mount /home on nvme0n1"
	driver 05:00.0 nvme
	umount /outside/home
	ask 1 bind 05:00.0
	verdict 05:00.0 "refuse storage"
	ask 0 bind 05:00.0 --allow storage
	verdict 05:00.0 bind
	driver 05:00.0 vfio-pci

	# Virtual functions.
	echo 0 >"$(dev 06:00.0)/sriov_drivers_autoprobe"
	echo 2 >"$(dev 06:00.0)/sriov_numvfs"
	ask 1 bind 06:00.0 06:00.1 --allow storage
	verdict 06:00.0 "refuse has-vfs"
	verdict 06:00.1 bind
	driver 06:00.0 nvme
	driver 06:00.1 vfio-pci

	# What vfio-pci let fall asleep is woken, and falls asleep again.
	check "04:00.0 sleeps" wait_for 10 asleep 04:00.0
	rom 04:00.0 0 efi "EFI for x86-64"
	is "control of its power" "$(cat "$(dev 04:00.0)/power/control")" auto
	check "04:00.0 sleeps again" wait_for 10 asleep 04:00.0

	# A guest has one of them.
	vfio-open -k "$(group 04:00.0)" 0000:04:00.0 >/tmp/guest &
	user=$!
	check "a VFIO user holds it" wait_for 10 grep -q '^regions' /tmp/guest
	rom 04:00.0 1 in-use "vfio-open (pid $user) has /dev/vfio/$(group 04:00.0) open"
	ask 1 release 04:00.0
	verdict 04:00.0 "refuse open"
	said 04:00.0 "vfio-open (pid $user) has /dev/vfio/$(group 04:00.0) open"
	driver 04:00.0 vfio-pci
	ask 1 release --all
	verdict 02:00.0 release
	driver 02:00.0 bochs-drm
	override 02:00.0 "(null)"
	verdict 05:00.0 release
	driver 05:00.0 nvme
	verdict 06:00.1 release
	said 06:00.1 "sriov_drivers_autoprobe keeps its own driver away"
	verdict 04:00.0 "refuse open"
	driver 04:00.0 vfio-pci

	# Nobody sees that it is open: the driver hangs, and the other one is given back all the same.
	ask 0 bind 05:00.0 --allow storage
	mkdir /empty
	mount --bind /empty "/outside/proc/$user/fd"
	ask 1 release 04:00.0 05:00.0
	check "it took no longer than it may" [ $took -lt 10500 ]
	verdict 04:00.0 "fail stuck"
	said 04:00.0 "vfio-pci is still busy with it"
	verdict 05:00.0 release
	driver 05:00.0 nvme
	ask 1 release 04:00.0
	check "what hangs is not touched again" [ $took -lt 3000 ]
	kill $user

	report=/run/vfiokit/bind.json
	check "every run is kept" reported '^\.runs\.14\.command'
	check "a release among them" reported '^\.runs\..*\.command	release'
	ask 0 release 01:00.0
	verdict 01:00.0 "skip not-bound"
	ask 1 release 09:00.0
	verdict 09:00.0 "skip absent"
}
