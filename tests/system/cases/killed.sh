# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
# Whoever is killed in the middle of a start, what the guest claimed is given back, or found by whoever comes next

hooks=/etc/libvirt/hooks/qemu.d
disk=/dev/disk/by-id/virtio-free

# The disk that the guest is to have.
machine()
{
	truncate -s 64M "$build/free"
	qemu+=(-drive "file=$build/free,if=none,id=free,format=raw,snapshot=on"
		-device "virtio-blk-pci,drive=free,serial=free")
}

# trouble OPERATION WHOM: at the next call for this, another hook, which is called before ours, kills it.
trouble() { echo "$*" >/tmp/trouble; }

install_trouble()
{
	trouble none
	cat >$hooks/10-trouble <<-'EOT'
		#!/bin/sh
		read -r operation whom </tmp/trouble
		[ "$2" = "$operation" ] || exit 0
		echo none >/tmp/trouble
		case $whom in
		libvirtd) kill -KILL "$(pidof libvirtd)" ;;
		qemu) pkill -KILL -f "uuid 00000000-0000-4000-8000-000000000001" ;;
		esac
	EOT
	chmod 755 $hooks/10-trouble
}

claim_is() { grep -q "^$1 " "/run/vfiokit/claims/$(uuid_of 1)"; }
libvirtd_is_back() { check "libvirtd is back" wait_for 120 virsh -q domstate "$(uuid_of 1)"; }
stop_libvirtd() { systemctl stop libvirtd.socket libvirtd-ro.socket libvirtd-admin.socket libvirtd.service; }

has_ended() { ! qemu_of 1; }

# let_time_pass: what is pending has five more seconds.
let_time_pass()
{
	local claim
	claim=/run/vfiokit/claims/$(uuid_of 1)
	sed "s/^pending .*/pending $(awk '{ printf "%d", $1 * 1000 + 5000 }' /proc/uptime)/" "$claim" >/tmp/claim
	mv /tmp/claim "$claim.x" && mv "$claim.x" "$claim"
}

# held WHAT, nothing_left WHAT: all that the guest claims, or nothing.
held()
{
	is "its inhibitor: $1" "$(inhibitors)" "sleep,vfiokit,guest one runs,block"
	is "the kernel's word: $1" "$(kernel_effective system.slice)" "0-2"
	check_not "its disk cannot be mounted: $1" mount $disk /mnt
}
nothing_left()
{
	check "no claim: $1" wait_for 60 is_gone 1
	check "no inhibitor: $1" wait_for 30 inhibits_not
	is "the kernel's word: $1" "$(kernel_effective system.slice)" "0-3"
	check "its disk can be mounted: $1" mount $disk /mnt
	umount /mnt
}

# libvirtd is killed between "prepare" and "started": nobody ever calls us for this guest again.
killed_in_start()
{
	trouble start libvirtd
	check_not "libvirtd is killed between prepare and started" start 1
	libvirtd_is_back
	is "libvirt knows no guest" "$(virsh domstate "$(uuid_of 1)" | head -n 1)" "shut off"
	check "its claim is pending" claim_is pending
	vfio-hook reconcile
	held "while it is pending"
	check "it can be started all the same" start 1
	check "its claim knows its QEMU" claim_is "running $(qemu_of 1)"
	held "when it was started all the same"
	check "it ends" destroy 1
	nothing_left "when it was started all the same"

	trouble start libvirtd
	check_not "libvirtd is killed there once more" start 1
	libvirtd_is_back
	check "its guard waits" test "$(guard_state 1)" = active
	let_time_pass
	nothing_left "when its time is over"
}

# libvirtd is killed when QEMU runs and we do not know yet.
killed_in_started()
{
	trouble started libvirtd
	check_not "libvirtd is killed at started" start 1
	check "QEMU lives on" wait_for 30 qemu_of 1
	libvirtd_is_back
	check "the daemon that comes back has told us" wait_for 60 claim_is "running $(qemu_of 1)"
	held "behind a reconnect"
	check "it ends" destroy 1
	nothing_left "behind a reconnect"

	mkdir -p /run/systemd/system/libvirtd.service.d
	printf '[Service]\nRestart=no\n' >/run/systemd/system/libvirtd.service.d/50-stay-dead.conf
	systemctl daemon-reload
	trouble started libvirtd
	check_not "libvirtd is killed there, and stays dead" start 1
	stop_libvirtd
	check "its claim is pending, though QEMU runs" claim_is pending
	let_time_pass
	check "it is found when its time is over" wait_for 60 claim_is "running $(qemu_of 1)"
	held "when it was found"
	rm /run/systemd/system/libvirtd.service.d/50-stay-dead.conf
	systemctl daemon-reload
	systemctl start libvirtd
	libvirtd_is_back
	check "it ends" destroy 1
	nothing_left "when it was found"
}

guest()
{
	check "a file system is made" mkfs.ext4 -q $disk
	install_trouble
	printf '[guests]\nisolate-cpus = 3\ninhibit = sleep\n' >"$conf"
	define 1 one "" "<disk type='block' device='disk'><driver name='qemu' type='raw'/><source dev='$disk'/>
		<target dev='vda' bus='virtio'/></disk>"
	killed_in_start
	killed_in_started

	trouble started qemu
	start 1
	is "QEMU was killed at started" "$(cat /tmp/trouble)" none
	nothing_left "QEMU that died at started"

	# Somebody stops the guard of a guest that runs, and then the host takes the guest's disk.
	check "it starts" start 1
	systemctl stop "vfio-guard@$(uuid_of 1)"
	check "without its guard nothing blocks sleep" inhibits_not
	check "without its guard the host may take its disk" mount $disk /mnt
	check "the service makes that good" systemctl start vfio-reconcile.service
	check "it has a guard again" wait_for 30 inhibits
	check "which says loudly what it cannot have" wait_for 30 sh -c 'journalctl -b -t vfio-guard -p err |
		grep "virtio-free.* is mounted on /mnt.*THE GUEST IS USING IT TOO"'
	has "status says so" "$(vfio-hook status)" "disk $disk (missing)"
	check_not "status complains of it" vfio-hook status
	umount /mnt
	check "it takes the disk as soon as it is free" wait_for 30 sh -c "! { mount $disk /mnt && umount /mnt; }"
	held "with a guard anew"
	check "status sees that it is held" wait_for 30 sh -c "vfio-hook status | grep -q 'holds $disk'"

	# Nobody is there when the guest ends: neither libvirtd nor a guard.
	stop_libvirtd
	systemctl stop "vfio-guard@$(uuid_of 1)"
	kill -KILL "$(qemu_of 1)"
	check "it has ended" wait_for 30 has_ended
	is "the kernel's word while nobody looked" "$(kernel_effective system.slice)" "0-2"
	check "the timer is on" systemctl is-active vfio-reconcile.timer
	is "what it starts" "$(systemctl show -P Unit vfio-reconcile.timer)" vfio-reconcile.service
	has "libvirtd's start wants the same" "$(systemctl show -P Wants libvirtd)" vfio-reconcile.service
	check_not "a sandbox without D-Bus would not do" systemd-run -q --wait -p RestrictAddressFamilies=none vfio-hook reconcile
	is "the kernel's word behind that" "$(kernel_effective system.slice)" "0-2"
	check "the service works by itself, and ends what that began" systemctl start vfio-reconcile.service
	nothing_left "what vfio-reconcile.service found"
	check "no record is left" test ! -e /run/vfiokit/cpus
}
