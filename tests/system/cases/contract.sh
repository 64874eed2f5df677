# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
# Vetoes of ours and of others, guests that fail, odd names, and a bus that is silent or gone

hooks=/etc/libvirt/hooks/qemu.d

# A disk that is in use.
machine()
{
	truncate -s 64M "$build/used"
	qemu+=(-drive "file=$build/used,if=none,id=used,format=raw,snapshot=on"
		-device "virtio-blk-pci,drive=used,serial=used")
}

# operations: what libvirt called since the last time, in one line.
operations()
{
	tr '\n' ' ' <$hooks.log
	: >$hooks.log
}

# nothing_left WHAT
nothing_left()
{
	check "no claim: $1" is_gone 1
	check "no inhibitor: $1" inhibits_not
	is "the kernel's word: $1" "$(kernel_effective system.slice)" "0-3"
}

# by_hand [VARIABLE=VALUE]: prepare of guest 1 as libvirt does it; its exit code, and whether it took long.
by_hand()
{
	local start=$SECONDS

	env "$@" $hooks/50-vfiokit one prepare begin - </tmp/live.xml >/tmp/out 2>/tmp/err
	echo "exit $? $([ $((SECONDS - start)) -lt 25 ] && echo soon)"
}

guest()
{
	local disk=/dev/disk/by-id/virtio-used name n

	# What was called, and what was in force before QEMU is there.
	cat >$hooks/10-log <<-EOT
		#!/bin/bash
		echo "\$2" >>$hooks.log
		[ "\$2" != start ] || { . /guest/lib.sh; echo "\$(inhibitors) \$(kernel_effective system.slice)"; } >$hooks.start
	EOT
	printf '#!/bin/sh\n[ "$2" != "$(cat /tmp/veto)" ]\n' >$hooks/90-foreign
	chmod 755 $hooks/10-log $hooks/90-foreign
	: >/tmp/veto
	printf '[guests]\nisolate-cpus = 3\ninhibit = sleep\n' >"$conf"
	define 1 one

	echo prepare >/tmp/veto
	: >$hooks.log
	check_not "another hook vetoes prepare" start 1
	is "operations" "$(operations)" "prepare stopped release "
	nothing_left "a veto of another in prepare"
	echo start >/tmp/veto
	check_not "another hook vetoes start" start 1
	is "operations" "$(operations)" "prepare start stopped release "
	nothing_left "a veto of another in start"
	: >/tmp/veto

	printf '[guests]\nisolate-cpus = pinned\nrequire = isolation\ninhibit = sleep\n' >"$conf"
	check_not "we veto" start 1
	has "what the user sees" "$(cat /tmp/out)" "vfio-hook: guest one: isolate-cpus: it is not pinned to any CPU"
	is "operations" "$(operations)" "prepare stopped release "
	nothing_left "a veto of ours"
	printf '[guests]\nisolate-cpus = 3\ninhibit = sleep\n' >"$conf"

	define 1 one "" "<controller type='scsi' model='virtio-scsi'/><serial type='tcp'><source mode='connect' host='127.0.0.1'
		service='1'/></serial>"
	check_not "QEMU ends at once" start 1
	nothing_left "QEMU that ends at once"

	cp $hooks/50-vfiokit $hooks/50-vfiokit.dpkg-old
	define 1 one
	check "a copy beside our hook changes nothing" start 1
	is "what was held before QEMU was there" "$(cat $hooks.start)" "sleep,vfiokit,guest one runs,block 0-2"
	is "the kernel's word with two hooks" "$(kernel_effective system.slice)" "0-2"
	virsh dumpxml one >/tmp/live.xml
	check "the guest ends" destroy 1
	nothing_left "two hooks"
	rm $hooks/50-vfiokit.dpkg-old

	# libvirt saves a guest and takes it up again: with a filter of its description, to which we add nothing.
	check "the guest starts to be saved" start 1
	: >$hooks.log
	check "it is saved" virsh -q managedsave one
	nothing_left "a guest that was saved"
	check "it goes on" start 1
	is "operations" "$(operations)" "stopped release restore prepare start started "
	is "the kernel's word behind a restore" "$(kernel_effective system.slice)" "0-2"
	check "its claim knows its QEMU behind a restore" grep -q "^running $(qemu_of 1) " "/run/vfiokit/claims/$(uuid_of 1)"
	check "it ends" destroy 1
	nothing_left "a guest that was restored"

	for name in "-rf a" "q&quot;'\$(x)" "Grün ✓" "$(printf 'n%.0s' {1..200})"; do
		virsh -q undefine "$(uuid_of 1)"
		define 1 "$name"
		check "starts: $name" start 1
		is "the kernel's word: $name" "$(kernel_effective system.slice)" "0-2"
		check "its claim knows its QEMU: $name" grep -q "^running $(qemu_of 1) " "/run/vfiokit/claims/$(uuid_of 1)"
		check "ends: $name" destroy 1
		nothing_left "$name"
	done

	# Of both names machined takes only "ab".
	virsh -q undefine "$(uuid_of 1)"
	define 1 "a b"
	define 2 "a+b"
	check "a guest starts" start 1
	check "another of nearly the same name starts" start 2
	for n in 1 2; do
		check "its claim knows its QEMU: $n" grep -q "^running $(qemu_of $n) " "/run/vfiokit/claims/$(uuid_of $n)"
	done
	is "how many machined names ab" "$(machinectl list --no-legend | grep -c '^qemu-[0-9]*-ab ')" 2
	check "the first ends" destroy 1
	is "the kernel's word with the other" "$(kernel_effective system.slice)" "0-2"
	is "the other's guard" "$(guard_state 2)" active
	check "the other ends" destroy 2
	nothing_left "two of nearly the same name"

	is "prepare without a bus" "$(by_hand DBUS_SYSTEM_BUS_ADDRESS=unix:path=/nonexistent)" "exit 0 soon"
	is "what it printed" "$(cat /tmp/out /tmp/err)" ""
	mkfs.ext4 -q $disk
	mount $disk /mnt
	sed -i "s|<devices>|&<disk type='block' device='disk'><source dev='$disk'/><target dev='vda'/></disk>|" /tmp/live.xml
	is "a disk in use is refused without a bus" "$(by_hand DBUS_SYSTEM_BUS_ADDRESS=unix:path=/nonexistent)" "exit 1 soon"
	has "the reason" "$(cat /tmp/err)" "is mounted on /mnt"
	systemctl kill -s STOP dbus
	is "a disk in use is refused on a bus that is silent" "$(by_hand)" "exit 1 soon"
	umount /mnt
	is "prepare on a bus that is silent" "$(by_hand)" "exit 0 soon"
	systemctl kill -s CONT dbus
	$hooks/50-vfiokit one release end - </tmp/live.xml
	nothing_left "a bus that was silent"
}
