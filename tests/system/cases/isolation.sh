# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
# CPUs are isolated for one guest and for two that overlap, and given back in both orders

guest()
{
	printf '[guests]\nisolate-cpus = pinned\ninhibit = sleep\n' >"$conf"
	define 1 one "<cputune><vcpupin vcpu='0' cpuset='2'/></cputune>"
	define 2 two "<cputune><vcpupin vcpu='0' cpuset='2-3'/></cputune>"
	is "former AllowedCPUs of system.slice" "$(allowed system.slice)" ""

	check "one starts" start 1
	for unit in init.scope system.slice user.slice; do
		is "AllowedCPUs of $unit with one" "$(allowed $unit)" "0-1 3"
	done
	is "EffectiveCPUs of system.slice with one" "$(effective system.slice)" "0-1 3"
	is "the kernel's word with one" "$(kernel_effective system.slice)" "0-1,3"
	is "machine.slice stays wide" "$(kernel_effective machine.slice)" "0-3"
	is "a task of the host" "$(taskset -cp $$ | sed 's/.*: //')" "0,1,3"
	is "the guest's own" "$(grep -h Cpus_allowed_list /proc/"$(qemu_of 1)"/task/*/status | sort -u | grep -c '	2$')" 1
	is "its guard" "$(guard_state 1)" active
	is "its inhibitor" "$(inhibitors)" "sleep,vfiokit,guest one runs,block"

	check "two starts" start 2
	is "the kernel's word with two" "$(kernel_effective system.slice)" "0-1"
	systemctl kill -s KILL libvirtd
	systemctl start libvirtd
	check "libvirtd is back" wait_for 120 virsh -q domstate "$(uuid_of 2)"
	is "the kernel's word with two reconnected at once" "$(kernel_effective system.slice)" "0-1"
	is "claims that run" "$(grep -l ^running /run/vfiokit/claims/* | wc -l)" 2
	check "one ends" destroy 1
	is "the kernel's word with the second" "$(kernel_effective system.slice)" "0-1"
	check "the first's guard ends" wait_for 30 is_gone 1
	check "one starts again" start 1
	check "two ends" destroy 2
	is "the kernel's word with the first" "$(kernel_effective system.slice)" "0-1,3"

	check "systemd is reloaded" systemctl daemon-reload
	is "the kernel's word behind a reload" "$(kernel_effective system.slice)" "0-1,3"
	check "systemd is started again" systemctl daemon-reexec
	is "the kernel's word behind that" "$(kernel_effective system.slice)" "0-1,3"
	check "a new slice appears" systemd-run -q --slice=other.slice --unit=other sleep 600
	check "it is confined, too" vfio-hook reconcile
	is "the kernel's word for it" "$(kernel_effective other.slice)" "0-1,3"
	check "status has nothing to complain of" vfio-hook status

	# A delegated scope of libvirt's keeps the cpuset controller on: an empty AllowedCPUs alone would undo nothing.
	sed -i 's/pinned/no/' "$conf"
	define 3 three
	check "a guest without isolation starts" start 3
	check "one ends again" destroy 1
	for unit in init.scope system.slice user.slice other.slice; do
		is "AllowedCPUs of $unit with none" "$(allowed $unit)" ""
		is "the kernel's word with none, for $unit" "$(kernel_effective $unit)" "0-3"
	done
	check "three ends" destroy 3
	check "no claim is left" is_gone 3
	check "no inhibitor is left" inhibits_not
	check "no record is left" test ! -e /run/vfiokit/cpus
}
