# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154
# All calls for one guest, by vfio-hook and by a shell hook that does the same by the wiki's method

seconds() { echo 1500; }

rounds=6
ours=/etc/libvirt/hooks/qemu.d/50-vfiokit
slice_of_guards='system-vfio\x2dguard.slice'
slice_of_nosleep='system-libvirt\x2dnosleep.slice'

# The wiki's: three times systemctl set-property in either direction, and a unit that runs systemd-inhibit.
install_shell_hook()
{
	cat >/tmp/shell-hook <<-'EOT'
		#!/bin/bash
		cpus() {
			systemctl set-property --runtime -- system.slice AllowedCPUs="$1"
			systemctl set-property --runtime -- user.slice AllowedCPUs="$1"
			systemctl set-property --runtime -- init.scope AllowedCPUs="$1"
		}
		case $2 in
		prepare) cpus 0-2; systemctl start "libvirt-nosleep@$1" ;;
		release) cpus 0-3; systemctl stop "libvirt-nosleep@$1" ;;
		esac
	EOT
	chmod 755 /tmp/shell-hook
	cat >/etc/systemd/system/libvirt-nosleep@.service <<-'EOT'
		[Service]
		ExecStart=systemd-inhibit --what=sleep --why="%i runs" --who=libvirt --mode=block sleep infinity
	EOT
	systemctl daemon-reload
}

# used_by CGROUP: its CPU time so far (us) in $used, with that of groups below it that are gone. Starts no process.
used_by()
{
	local name

	used=0
	[ ! -e "/sys/fs/cgroup$1/cpu.stat" ] || read -r name used <"/sys/fs/cgroup$1/cpu.stat"
}

start_qemu()
{
	qemu-system-x86_64 -machine none -nodefaults -display none -S -uuid "$(uuid_of 1)" -daemonize \
		-pidfile /run/libvirt/qemu/one.pid
	sleep 0.5
}

# libvirt has much to do until it calls for the end, so that our guard is not in the way of that call.
end_qemu()
{
	kill -KILL "$(cat /run/libvirt/qemu/one.pid)"
	rm /run/libvirt/qemu/one.pid
	sleep 1
}

# measure NAME HOOK SLICE: one start and end as libvirt would call for them, QEMU included. A line BENCH NAME with the CPU time of
# the calls and of what they leave in the slice, the time that the calls took, and the CPU time of systemd (us each).
measure()
{
	local own op cpu=0 wall=0 start beside systemd

	own=$(cut -d: -f3 /proc/self/cgroup)
	used_by /init.scope
	systemd=$used
	used_by "/system.slice/$3"
	beside=$used
	for op in "prepare begin" "start begin" "started begin" "stopped end" "release end"; do
		case $op in
		started*) start_qemu ;;
		stopped*) end_qemu ;;
		esac
		used_by "$own"
		start=$used wall=$((wall - ${EPOCHREALTIME/./}))
		# shellcheck disable=SC2086
		"$2" one $op - </tmp/live.xml || not_ok "$2 $op"
		wall=$((wall + ${EPOCHREALTIME/./}))
		used_by "$own"
		cpu=$((cpu + used - start))
		[ "${op% *}" != started ] || is "CPUs while a guest runs, $1" "$(kernel_effective system.slice)" 0-2
	done
	is "CPUs behind it, $1" "$(kernel_effective system.slice)" 0-3
	sleep 1
	used_by "/system.slice/$3"
	cpu=$((cpu + used - beside))
	used_by /init.scope
	say "BENCH $1 $cpu $wall $((used - systemd))"
}

# The shell hook leaves a value behind where there was none; ours would then have less to do.
clean_up()
{
	local unit

	for unit in system.slice user.slice init.scope; do
		systemctl set-property --runtime -- $unit AllowedCPUs=
	done
}

# once [SUFFIX]
once()
{
	measure "ours$1" $ours "$slice_of_guards"
	is "AllowedCPUs behind ours" "$(allowed system.slice)" ""
	measure "shell$1" /tmp/shell-hook "$slice_of_nosleep"
	clean_up
}

# compare [SUFFIX]
compare()
{
	local i

	for ((i = 0; i < rounds; i++)); do
		once "$1"
	done
}

guest()
{
	local pid

	printf '[guests]\nisolate-cpus = 3\ninhibit = sleep\n' >"$conf"
	define 1 one
	check "a guest starts" start 1
	virsh dumpxml one >/tmp/live.xml
	pid=$(guard_of 1)
	say "BENCH memory $(awk '/^Private/ { n += $2 } END { print n }' "/proc/$pid/smaps_rollup") 0 0"
	check "it ends" destroy 1
	check "nothing is left of it" wait_for 30 is_gone 1
	systemctl stop libvirtd.socket libvirtd-ro.socket libvirtd-admin.socket libvirtd.service vfio-reconcile.timer
	install_shell_hook
	once -warm-up
	compare ""
	echo 0 >/proc/sys/kernel/randomize_va_space
	compare -norandmaps
}
