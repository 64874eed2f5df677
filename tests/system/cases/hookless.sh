# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
# Without the hook: vfio-hookd gives guests the same when they run, and vfio-hook run becomes QEMU

disk=/dev/disk/by-id/virtio-free
link=/etc/libvirt/hooks/qemu.d/50-vfiokit

# The disk that a guest is to have.
machine()
{
	truncate -s 64M "$build/free"
	qemu+=(-drive "file=$build/free,if=none,id=free,format=raw,snapshot=on"
		-device "virtio-blk-pci,drive=free,serial=free")
}

# by_hand NAME [WORD...]: a QEMU that libvirt knows nothing of; $process is its process.
by_hand()
{
	vfio-hook run "$1" -- qemu-system-x86_64 -name "$1" -nodefaults -display none -S -m 32 "${@:2}" </dev/null >"/tmp/$1.out" 2>&1 &
	process=$!
}
has_none() { [ -z "$(ls "$1")" ]; }
is_qemu() { [ "$(cat "/proc/$1/comm")" = qemu-system-x86 ]; }
# Where systemd does not answer in time, vfio-reconcile.timer puts it right within a minute: waits are longer.
nothing_left()
{
	check "no claim: $1" wait_for 120 has_none /run/vfiokit/claims
	check "no inhibitor: $1" wait_for 60 inhibits_not
	check "all CPUs again: $1" wait_for 120 test ! -e /run/vfiokit/cpus
	is "the kernel's word: $1" "$(kernel_effective system.slice)" "0-3"
}

run_by_hand()
{
	local uuid guard
	printf '[guest lone]\nisolate-cpus = 2-3\ninhibit = sleep\n' >"$conf"
	by_hand plain
	check "without anything to claim it is just started" wait_for 30 is_qemu $process
	has "in a slice of its own" "$(cat /proc/$process/cgroup)" "/machine.slice/vfiokit-qemu-$process.scope"
	kill $process
	mount $disk /mnt
	by_hand lone -drive "file=$disk,format=raw,if=virtio"
	wait $process
	is "with a disk that is mounted it is refused" "$?" 1
	has "the reason" "$(cat /tmp/lone.out)" "is mounted on /mnt"
	umount /mnt
	nothing_left "it was refused"

	by_hand lone -drive "file=$disk,format=raw,if=virtio"
	check "it starts when the disk is free" wait_for 60 is_qemu $process
	uuid=$(basename /run/vfiokit/claims/*)
	check "its claim knows its process" grep -q "^running $process " "/run/vfiokit/claims/$uuid"
	is "the kernel's word with a QEMU by hand" "$(kernel_effective system.slice)" "0-1"
	is "its CPUs" "$(taskset -cp $process | sed 's/.*: //')" "2,3"
	is "its inhibitor" "$(inhibitors)" "sleep,vfiokit,guest lone runs,block"
	check_not "its disk cannot be mounted" mount $disk /mnt
	check_not "a second one of its name is refused" vfio-hook run lone -- true
	has "that reason" "$(cat /tmp/out)" "it runs already, as process $process"
	check "status has nothing to complain of" vfio-hook status
	define 4 lone2 && sed -i "s/$(uuid_of 4)/$uuid/" /tmp/4.xml && virsh -q undefine lone2 && virsh -q define /tmp/4.xml
	check_not "libvirt cannot start another of its UUID" virsh -q start lone2
	has "the reason of that" "$(cat /tmp/out)" "it runs already, as process $process"
	check "its claim is the same" grep -q "^running $process " "/run/vfiokit/claims/$uuid"
	check_not "its disk cannot be mounted behind that" mount $disk /mnt
	guard=$(systemctl show -P MainPID "vfio-guard@$uuid")
	kill -KILL "$guard"
	check "another guard comes" wait_for 60 sh -c "[ \$(systemctl show -P MainPID vfio-guard@$uuid) -gt 0 ] &&
		[ \$(systemctl show -P MainPID vfio-guard@$uuid) != $guard ]"
	check_not "its disk still cannot be mounted" mount $disk /mnt
	kill -KILL $process
	nothing_left "QEMU was killed"
	check "its disk can be mounted" mount $disk /mnt
	umount /mnt

	vfio-hook run lone -- /none 2>/tmp/none.out
	is "a program that is not there" "$?" 127
	nothing_left "a program was not there"
}

# Which of both is at work, and with what exit code.
mode_is()
{
	is "check says" "$(vfio-hook check --json | sed -n 's/.*"mode":[^"]*"\(.*\)",/\1/p') $(vfio-hook check >/dev/null; echo $?)" "$1 $2"
}
listens() { grep -q connected /run/vfiokit/hookd; }
words_are() { [ "$(kernel_effective system.slice)" = "$1" ]; }
# cpus TEXT LIST: what is done on an event is waited for.
cpus() { check "the kernel's word $1: $2" wait_for 120 words_are "$2"; }
runs() { grep -q ^running "/run/vfiokit/claims/$(uuid_of "$1")" && [ "$(guard_state "$1")" = active ]; }
# tuned: what unbound work and new interrupts may use, as masks.
tuned() { echo "$(cat /sys/devices/virtual/workqueue/cpumask) $(cat /proc/irq/default_smp_affinity)"; }
ended() { check "$1 has ended, and nothing of it is left" wait_for 120 is_gone "$1"; }

# The checks of isolation.sh, with two guests in both orders.
two_guests()
{
	printf '[guests]\nisolate-cpus = pinned\ninhibit = sleep\nworkqueues = away\nirqs = away\n' >"$conf"
	check "one starts" start 1
	cpus "with one" "0-1,3"
	check "its claim runs, with a guard" wait_for 60 runs 1
	is "what is tuned for its CPU" "$(tuned)" "b b"
	check "it blocks sleep" wait_for 60 inhibits
	is "its inhibitor" "$(inhibitors)" "sleep,vfiokit,guest one runs,block"
	check "two starts" start 2
	cpus "with two" "0-1"
	check "one ends" destroy 1
	ended 1
	cpus "with the second" "0-1"
	check "one starts again" start 1
	check "it is met" wait_for 60 runs 1
	check "two ends" destroy 2
	cpus "with the first" "0-1,3"
	check "two starts again" start 2
	cpus "with both again" "0-1"
}

# Two guests run at the beginning, and the first at the end.
restarts()
{
	systemctl restart libvirtd
	check "libvirtd is back" wait_for 120 virsh -q domstate "$(uuid_of 2)"
	check "vfio-hookd listens again" wait_for 60 listens
	cpus "behind a restart of libvirtd" "0-1"
	check "status has nothing to complain of" vfio-hook status
	# Nobody at all is there when a guest ends, and its claim is what nobody removed.
	systemctl stop vfio-hookd
	cp "/run/vfiokit/claims/$(uuid_of 2)" /tmp/claim
	check "two ends meanwhile" destroy 2
	ended 2
	rm "/run/vfiokit/claims/$(uuid_of 1)"
	check "the first has lost its claim" wait_for 120 words_are "0-3"
	cp /tmp/claim "/run/vfiokit/claims/$(uuid_of 2)"
	check "vfio-hookd starts again" systemctl start vfio-hookd
	check "it has found the first" wait_for 60 runs 1
	check "it has dropped the second" wait_for 120 is_gone 2
	cpus "behind that" "0-1,3"
	systemctl kill -s KILL vfio-hookd
	check "it comes back when it is killed" wait_for 60 sh -c 'systemctl is-active vfio-hookd && grep -q connected /run/vfiokit/hookd'
	check_not "a second one is refused" vfio-hookd
	cpus "when it was killed" "0-1,3"
}

# The first runs at the beginning.
a_busy_disk()
{
	mount $disk /mnt
	define 3 three "" "<disk type='block' device='disk'><driver name='qemu' type='raw'/><source dev='$disk'/>
		<target dev='vda' bus='virtio'/></disk>"
	check "a guest whose disk is mounted starts" start 3
	check "that is said loudly" wait_for 60 sh -c 'journalctl -b -t vfio-guard -p err | grep "virtio-free.* is mounted on /mnt.*THE GUEST IS USING IT TOO"'
	umount /mnt
	check "it gets the disk when that is free" wait_for 60 sh -c "! { mount $disk /mnt && umount /mnt; }"
	kill -KILL "$(qemu_of 3)"
	ended 3
	check "its disk can be mounted" mount $disk /mnt
	umount /mnt
}

both_at_once()
{
	ln -s /usr/sbin/vfio-hook $link
	systemctl reload libvirtd
	mode_is both 0
	check "two starts with both" start 2
	cpus "with both at work" "0-1"
	check "a claim for each" test "$(find /run/vfiokit/claims -type f | wc -l)" = 2
	check "one ends with both" destroy 1
	cpus "with the second" "0-1"
	# A guest that starts again at once: the news of its end must not take the claim of its new life.
	destroy 2 && start 2
	sleep 3
	cpus "when it ended and started in a moment" "0-1"
	check "its claim is the new one" grep -q "^running $(qemu_of 2) " "/run/vfiokit/claims/$(uuid_of 2)"
	check "two ends with both" destroy 2
	ended 2
	cpus "with none" "0-3"
	is "what was tuned" "$(tuned)" "f f"
	check "no inhibitor is left" wait_for 60 inhibits_not
	check "no record is left" wait_for 120 test ! -e /run/vfiokit/cpus
	systemctl stop vfio-hookd
	mode_is hook 0
}

guest()
{
	rm $link
	mode_is none 1
	check "a file system is made" mkfs.ext4 -q $disk
	check "vfio-hookd starts" systemctl start vfio-hookd
	check "it listens to libvirt" wait_for 60 listens
	mode_is vfio-hookd 0
	has "what others than root see" "$(setpriv --reuid 65534 --regid 65534 --clear-groups vfio-hook check)" "whether vfio-hookd runs, only root can see"
	define 1 one "<cputune><vcpupin vcpu='0' cpuset='2'/></cputune>"
	define 2 two "<cputune><vcpupin vcpu='0' cpuset='2-3'/></cputune>"
	two_guests
	restarts
	a_busy_disk
	both_at_once
	run_by_hand
}
