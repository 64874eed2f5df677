# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
# Without hooks: vfio-hook run becomes QEMU, with all that a guest gets

disk=/dev/disk/by-id/virtio-free

# The disk that a guest is to have.
machine()
{
	truncate -s 64M "$build/free"
	qemu+=(-drive "file=$build/free,if=none,id=free,format=raw,snapshot=on"
		-device "virtio-blk-pci,drive=free,serial=free")
}

# by_hand NAME [WORD...]: a QEMU that libvirt knows nothing of; $qemu is its process.
by_hand()
{
	vfio-hook run "$1" -- qemu-system-x86_64 -name "$1" -nodefaults -display none -S -m 32 "${@:2}" </dev/null >"/tmp/$1.out" 2>&1 &
	qemu=$!
}
is_qemu() { [ "$(cat "/proc/$1/comm")" = qemu-system-x86 ]; }
nothing_left()
{
	check "no claim: $1" wait_for 60 sh -c '[ -z "$(ls /run/vfiokit/claims)" ]'
	check "no inhibitor: $1" wait_for 30 inhibits_not
	check "all CPUs again: $1" wait_for 30 sh -c '[ ! -e /run/vfiokit/cpus ]'
	is "the kernel's word: $1" "$(kernel_effective system.slice)" "0-3"
}

run_by_hand()
{
	local uuid guard
	printf '[guest lone]\nisolate-cpus = 2-3\ninhibit = sleep\n' >"$conf"
	by_hand plain
	check "without anything to claim it is just started" wait_for 30 is_qemu $qemu
	has "in a slice of its own" "$(cat /proc/$qemu/cgroup)" "/machine.slice/vfiokit-qemu-$qemu.scope"
	kill $qemu
	check "a file system is made" mkfs.ext4 -q $disk
	mount $disk /mnt
	by_hand lone -drive "file=$disk,format=raw,if=virtio"
	wait $qemu
	is "with a disk that is mounted it is refused" "$?" 1
	has "the reason" "$(cat /tmp/lone.out)" "is mounted on /mnt"
	umount /mnt
	nothing_left "it was refused"

	by_hand lone -drive "file=$disk,format=raw,if=virtio"
	check "it starts when the disk is free" wait_for 60 is_qemu $qemu
	uuid=$(basename /run/vfiokit/claims/*)
	check "its claim knows its process" grep -q "^running $qemu " "/run/vfiokit/claims/$uuid"
	is "the kernel's word with a QEMU by hand" "$(kernel_effective system.slice)" "0-1"
	is "its CPUs" "$(taskset -cp $qemu | sed 's/.*: //')" "2,3"
	is "its inhibitor" "$(inhibitors)" "sleep,vfiokit,guest lone runs,block"
	check_not "its disk cannot be mounted" mount $disk /mnt
	check_not "a second one of its name is refused" vfio-hook run lone -- true
	has "that reason" "$(cat /tmp/out)" "it runs already, as process $qemu"
	check "status has nothing to complain of" vfio-hook status
	guard=$(systemctl show -P MainPID "vfio-guard@$uuid")
	kill -KILL "$guard"
	check "another guard comes" wait_for 60 sh -c "[ \$(systemctl show -P MainPID vfio-guard@$uuid) -gt 0 ] &&
		[ \$(systemctl show -P MainPID vfio-guard@$uuid) != $guard ]"
	check_not "its disk still cannot be mounted" mount $disk /mnt
	kill -KILL $qemu
	nothing_left "QEMU was killed"
	check "its disk can be mounted" mount $disk /mnt
	umount /mnt

	vfio-hook run lone -- /none 2>/tmp/none.out
	is "a program that is not there" "$?" 127
	nothing_left "a program was not there"
}

guest()
{
	run_by_hand
}
