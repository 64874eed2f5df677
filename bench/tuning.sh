#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# tuning.sh: what the options that tune the host cost in the calls for a guest that wants none of them: begin and end, on a
# folder with eight CPUs, with isolation.
#
# Rows: system calls and instructions (callgrind) with each of these options written as off, against a file that does not name
# them; instructions of all that is called for them, as a part of those of the whole; and, to see that the calls do something
# where they are wanted, system calls with interrupts, workqueues and governor on.
set -uo pipefail

# shellcheck source-path=SCRIPTDIR source=table.sh
. "$(dirname "${BASH_SOURCE[0]}")/table.sh"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root
program=$build/vfio-hook
xml='<domain type="kvm" id="1"><name>win</name><uuid>4dea22b3-1d52-d8f3-2516-782e98ab3fa0</uuid></domain>'

file() { mkdir -p "$root/$(dirname "$1")" && echo "$2" >"$root/$1"; }
machine()
{
	rm -rf "$root"
	mkdir -p "$root/sys/fs/cgroup/system.slice" "$root/dev/shm"
	file sys/fs/cgroup/cgroup.controllers "cpuset cpu"
	file sys/devices/system/cpu/possible 0-7
	file sys/devices/system/cpu/online 0-7
	file proc/irq/default_smp_affinity ff
	file proc/irq/24/smp_affinity_list 0-7
	file sys/kernel/irq/24/actions ahci
	file sys/devices/virtual/workqueue/cpumask ff
	file sys/devices/system/cpu/cpufreq/policy2/related_cpus "2 3"
	file sys/devices/system/cpu/cpufreq/policy2/scaling_governor schedutil
}

# calls LINES COMMAND...: the calls for one guest with these settings, each under the command.
calls()
{
	local operation

	machine
	file etc/vfiokit/hooks.conf "$(printf '[guests]\nisolate-cpus = 2-3\n%b' "$1")"
	shift
	for operation in "prepare begin" "release end"; do
		# shellcheck disable=SC2086
		"$@" "$program" --root "$root" call win $operation - <<<"$xml" 2>>"$work/said" || echo "tuning.sh: $operation failed  BROKEN"
	done
}

system_calls()
{
	rm -f "$work"/calls*
	calls "$1" strace -f -qq -A -o "$work/calls" >&2
	wc -l <"$work/calls"
}

instructions()
{
	rm -f "$work"/callgrind*
	calls "$1" valgrind -q --tool=callgrind --callgrind-out-file="$work/callgrind.%p" >&2
	sed -n 's/^totals: //p' "$work"/callgrind.* | awk '{ n += $1 } END { print n }'
}

# What is called for tuning, huge pages and shared memory, with all that it calls, in the last of these.
spent()
{
	local profile

	for profile in "$work"/callgrind.*; do
		callgrind_annotate --inclusive=yes --threshold=100 --show-percs=no "$profile"
	done | awk '/[: ](tuning_apply|memory_apply|memory_want|memory_is_taken)( |$)/ { gsub(",", "", $1); n += $1 } END { print n + 0 }'
}

off='irqs = no\nworkqueues = no\ngovernor = no\nhugepages = no\nshm = no\n'
on='irqs = away\nworkqueues = away\ngovernor = performance\n'
unnamed=$(system_calls '')
row "calls for a guest with tuning off: system calls" "$(system_calls "$off")" ""
row "  against a file that does not name it" "$(ratio "$(system_calls "$off")" "$unnamed" 3)" x 1
row "  instructions, against it" "$(ratio "$(instructions "$off")" "$(instructions '')")" x 1.05
all=$(instructions "$off")
mine=$(spent)
[ "$mine" -gt 0 ] || echo "tuning.sh: no tuning code in the profile  BROKEN"
row "  instructions of what tunes, of all" "$(ratio "$((mine * 100))" "$all" 2)" % 1
row "  system calls with interrupts, workqueues, governor on" "$(ratio "$(system_calls "$on")" "$unnamed")" x
[ "$(system_calls "$on")" -gt "$unnamed" ] || echo "tuning.sh: nothing was tuned  BROKEN"
