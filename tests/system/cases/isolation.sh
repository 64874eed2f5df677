# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
# CPUs are isolated for one guest and for two that overlap, and given back in both orders

# affinity UNIT: of its process.
affinity() { taskset -cp "$(systemctl show -P MainPID "$1")" | sed 's/.*: //'; }

is_pinned() { [ "$(affinity pinned)" = 1 ]; }

# by_kernel BEFORE-6.2 LATER: kernels before 6.2 reset the affinity of tasks when the CPUs of their slice change.
by_kernel() { if [ "$(printf '6.2\n%s\n' "$(uname -r)" | sort -V | head -n 1)" = 6.2 ]; then echo "$2"; else echo "$1"; fi; }

online() { echo "$2" >"/sys/devices/system/cpu/cpu$1/online"; }

# CPUs that go while they are isolated, and come back: of the guest, and of the host.
offline()
{
	online 3 0
	is "the kernel's word without CPU 3" "$(kernel_effective system.slice)" "0-1"
	check "status has nothing to complain of without CPU 3" vfio-hook status
	online 3 1
	is "the kernel's word with CPU 3 again" "$(kernel_effective system.slice)" "0-1"
	online 1 0
	is "the kernel's word without CPU 1" "$(kernel_effective system.slice)" "0"
	check "a call then has nothing to complain of" vfio-hook reconcile
	online 1 1
	is "the kernel's word with CPU 1 again" "$(kernel_effective system.slice)" "0-1"
	online 3 0
	check "two ends while a CPU of it is offline" destroy 2
	online 3 1
}

guest()
{
	systemd-run -q --slice=user.slice --unit=pinned taskset -c 1 sleep 3600
	wait_for 30 is_pinned
	is "a task of the host that pinned itself" "$(affinity pinned)" "1"
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
	is "what pinned itself" "$(affinity pinned)" "$(by_kernel 0,1,3 1)"
	systemd-run -q --unit=login -p User=root -p PAMName=login sleep 3600
	check "somebody logs in" wait_for 60 systemctl is-active user@0
	has "a slice that is new" "$(cat "/proc/$(systemctl show -P MainPID user@0)/cgroup")" "/user.slice/user-0.slice/"
	is "what a new user's tasks may use" "$(affinity user@0)" "0,1,3"
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
	offline
	is "the kernel's word with the first" "$(kernel_effective system.slice)" "0-1,3"

	check "systemd is reloaded" systemctl daemon-reload
	is "the kernel's word behind a reload" "$(kernel_effective system.slice)" "0-1,3"
	check "systemd is started again" systemctl daemon-reexec
	is "the kernel's word behind that" "$(kernel_effective system.slice)" "0-1,3"
	is "its guard and its inhibitor behind that" "$(guard_state 1) $(inhibitors)" "active sleep,vfiokit,guest one runs,block"
	check "a new slice appears" systemd-run -q --slice=other.slice --unit=other sleep 600
	check "it is confined, too" vfio-hook reconcile
	is "the kernel's word for it" "$(kernel_effective other.slice)" "0-1,3"
	check "status has nothing to complain of" vfio-hook status

	# Two words, which libvirt escapes in the name of the slice.
	check "the slice of a partition appears" systemd-run -q --slice='lab\x2da.slice' --unit=lab sleep 600
	check "it is confined before a guest is in it" vfio-hook reconcile
	is "the kernel's word for it before" "$(kernel_effective 'lab\x2da.slice')" "0-1,3"
	define 3 three "<resource><partition>/lab-a</partition></resource><cputune><vcpupin vcpu='0' cpuset='2'/></cputune>"
	check "a guest in a partition of its own starts" start 3
	has "its slice" "$(cat "/proc/$(qemu_of 3)/cgroup")" '/lab\x2da.slice/'
	is "the kernel's word for its slice" "$(kernel_effective 'lab\x2da.slice')" "0-3"
	check "it ends" destroy 3
	is "the kernel's word for its slice behind it" "$(kernel_effective 'lab\x2da.slice')" "0-1,3"

	# A delegated scope of libvirt's keeps the cpuset controller on: an empty AllowedCPUs alone would undo nothing.
	printf '[guests]\nisolate-cpus = 1\n' >"$conf"
	define 3 three
	check "a guest with other CPUs starts" start 3
	is "the kernel's word with two that share none" "$(kernel_effective system.slice)" "0,3"
	check "it ends" destroy 3
	is "the kernel's word with the first alone" "$(kernel_effective system.slice)" "0-1,3"
	printf '[guests]\nisolate-cpus = 0-3\nrequire = isolation\n' >"$conf"
	refused 3 "a guest that would have all CPUs is refused" "the guests would have every CPU, and the host none"
	rm "$conf"
	check "a guest without isolation starts" start 3
	check "one ends again" destroy 1
	for unit in init.scope system.slice user.slice other.slice; do
		is "AllowedCPUs of $unit with none" "$(allowed $unit)" ""
		is "the kernel's word with none, for $unit" "$(kernel_effective $unit)" "0-3"
	done
	check "three ends" destroy 3
	is "what pinned itself, at the end" "$(affinity pinned)" "$(by_kernel 0-3 1)"
	check "no claim is left" is_gone 3
	check "no inhibitor is left" inhibits_not
	check "no record is left" test ! -e /run/vfiokit/cpus
}
