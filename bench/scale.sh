#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# scale.sh: what `vfio-bind plan` costs on machines of 64, 1,024 and 8,192 functions (machine.awk),
# of which a policy of two rules matches five.
#
# Rows: time (median of 9) and instructions (callgrind) per function; how the instructions per function
# grow; system calls per function that no rule matches: the difference between the two large machines. And the largest
# machine with 256 disks in use, with a record of it and without: medians of 15, alternating. CPU time of list and check.
set -uo pipefail

# shellcheck source-path=SCRIPTDIR source=table.sh
. "$(dirname "${BASH_SOURCE[0]}")/table.sh"
sizes="64 1024 8192"
program=$build/vfio-bind

ns=$(tool ns) || exit 1
trees=$(mktemp -d)
trap 'rm -rf "$trees"' EXIT

# plan N COMMAND...: vfio-bind plan on the machine of N functions, under the command.
plan()
{
	local root=$trees/$1

	shift
	"$@" "$program" --root "$root" plan
}

instructions()
{
	plan "$1" valgrind --tool=callgrind --callgrind-out-file=/dev/null 2>&1 | sed -n 's/.*Collected : //p'
}

system_calls()
{
	plan "$1" strace -f -qq -o "$trees/calls" >/dev/null && wc -l <"$trees/calls"
}

declare -A cost calls
for n in $sizes; do
	awk -v n="$n" -f "$top/bench/machine.awk" >"$trees/text"
	"$build/tests/mktree" "$trees/text" "$trees/$n" || exit 1
	plan "$n" | grep -q 'result ok: 3 to bind' || { echo "scale.sh: the plan is not the expected one  BROKEN"; plan "$n"; exit 1; }
	time=$(for ((i = 0; i < 9; i++)); do plan "$n" "$ns"; done | median)
	cost[$n]=$(instructions "$n")
	calls[$n]=$(system_calls "$n")
	row "plan on $n functions: time per function" "$(ratio "$time" $((n * 1000)))" us
	row "plan on $n functions: instructions per function" "$(ratio "${cost[$n]}" "$n" 0)" ""
done
row "  8,192 against 64 functions, instructions per function" \
	"$(awk -v a="${cost[8192]}" -v b="${cost[64]}" 'BEGIN { printf "%.2f", a / 8192 / (b / 64) }')" x 1.10
row "  the same without start-up: the last 7,168 against 960" \
	"$(awk -v a="${cost[8192]}" -v b="${cost[1024]}" -v c="${cost[64]}" \
		'BEGIN { printf "%.2f", (a - b) / 7168 / ((b - c) / 960) }')" x
row "  system calls per function that no rule matches" \
	"$(ratio $((calls[8192] - calls[1024])) 7168)" "" 5
row "peak memory of plan on 8192 functions" "$(plan 8192 "$ns" | awk '{ print $2 }')" KiB

# What people call, against it: user and system time.
cpu() { # PROGRAM WORD...: microseconds
	local TIMEFORMAT='%U %S'

	{ time "$build/$1" --root "$trees/8192" "${@:2}" >/dev/null 2>&1; } 2>&1 | awk '{ print ($1 + $2) * 1000000 }'
}
for ((i = 0; i < 9; i++)); do
	cpu vfio-bind plan >>"$trees/plan"
	cpu vfiokit list >>"$trees/list"
	cpu vfiokit check >>"$trees/check"
done
row "vfiokit list on 8192 functions, CPU time against plan" "$(ratio "$(median <"$trees/list")" "$(median <"$trees/plan")")" x 4
row "vfiokit check on 8192 functions, CPU time against plan" "$(ratio "$(median <"$trees/check")" "$(median <"$trees/plan")")" x 10

awk -v n=8192 -v disks=256 -f "$top/bench/machine.awk" >"$trees/text"
"$build/tests/mktree" "$trees/text" "$trees/disks" && "$build/vfiokit" --root "$trees/disks" record >/dev/null || exit 1
record=$trees/disks/etc/vfiokit/bind.record
[ "$(grep -c '^storage = mount' "$record")" -ge 256 ] || { echo "scale.sh: the disks are not recorded  BROKEN"; exit 1; }
for ((i = 0; i < 15; i++)); do
	plan disks "$ns" >>"$trees/with"
	mv "$record" "$trees/kept"
	plan disks "$ns" >>"$trees/without"
	mv "$trees/kept" "$record"
done
row "plan on 8192 functions and 256 disks, with a record" "$(ratio "$(median <"$trees/with")" 1000000 1)" ms
row "  against without a record" "$(ratio "$(median <"$trees/with")" "$(median <"$trees/without")")" x 1.30
with=$(instructions disks)
rm "$record"
row "  the same, instructions" "$(ratio "$with" "$(instructions disks)")" x
