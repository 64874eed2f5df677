#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# boot.sh: what `vfio-bind boot` costs a boot, in a VM with Debian's 6.1 kernel, for two functions.
#
# Rows: its wall time (medians of 12, same VM, alternating) against the least possible program
# (floor.c) and against the shell loop of the wiki (wiki.sh); its peak memory and that of `plan`. The image
# has the index of its own few modules, as mkinitcpio and dracut make it for one machine.
#
# Twice, by the two clocks of clock.sh. The bounds hold for both: the second is wall time, of which they speak, and the
# first says how much of that is QEMU's.
set -uo pipefail

# shellcheck source-path=SCRIPTDIR source=../tests/vm/cell.sh
. "$(dirname "${BASH_SOURCE[0]}")/../tests/vm/cell.sh"
# shellcheck source-path=SCRIPTDIR source=table.sh
. "$(dirname "${BASH_SOURCE[0]}")/table.sh"
# shellcheck source-path=SCRIPTDIR source=clock.sh
. "$(dirname "${BASH_SOURCE[0]}")/clock.sh"
vm_build=$build/vm

tool ns >/dev/null || exit 1
tool floor >/dev/null || exit 1
export BENCH=$out BENCH_WIKI=$top/bench/wiki.sh

# boot CLOCK
boot()
(
	export BENCH_CLOCK=$1
	build=$vm_build
	log=
	[ "$1" = instructions ] || alone
	cell_boot 6.1 "$top/bench/boot-case.sh" || exit 1
	problems=$(cell_problems)
	[ -z "$problems" ] || { echo "boot.sh: $problems"; echo "boot.sh: see $log"; exit 1; }
)
numbers=$top/build/vm-logs/6.1-boot-case.log.checks

# of NAME FIELD: the median of its times (3) or the largest of its sizes (4).
times() { awk -v n="$1" '$1 == "BENCH" && $2 == n { print $3 }' "$numbers" | median; }
peak() { awk -v n="$1" '$1 == "BENCH" && $2 == n && $4 > m { m = $4 } END { print m }' "$numbers"; }

# measure CLOCK [BOUND BOUND]: against the least possible program, and against the loop.
measure()
{
	local clock=$1 floor=$2 loop=$3 ours least wiki wiki_busybox

	boot "$clock" || { echo "boot.sh: the VM did not measure  BROKEN"; exit 1; }
	ours=$(times binder) least=$(times floor) wiki=$(times wiki) wiki_busybox=$(times wiki-busybox)
	clock_name "$clock"
	row "boot: vfio-bind, two functions" "$(ratio "$ours" 1000000 1)" ms
	row "boot: the least possible program" "$(ratio "$least" 1000000 1)" ms
	row "boot: the shell loop of the wiki" "$(ratio "$wiki" 1000000 1)" ms
	row "boot: the same with busybox' modprobe" "$(ratio "$wiki_busybox" 1000000 1)" ms
	row "  vfio-bind against the least possible program" "$(ratio "$ours" "$least")" x ${floor:+"$floor"}
	row "  vfio-bind against the shell loop" "$(ratio "$ours" "$wiki")" x ${loop:+"$loop"}
	row "  vfio-bind against the shell loop with busybox' modprobe" "$(ratio "$ours" "$wiki_busybox")" x ${loop:+"$loop"}
	row "  the least possible program against the shell loop" "$(ratio "$least" "$wiki")" x
	row "  the least possible program against that with busybox' modprobe" "$(ratio "$least" "$wiki_busybox")" x
	row "  what vfio-bind adds to the least, against what the loop adds" "$(ratio $((ours - least)) $((wiki - least)))" x
}

measure instructions 1.25 0.60
measure host 1.25 0.60
row "peak memory of boot in the VM" "$(peak binder)" KiB 4096
row "peak memory of plan in the VM" "$(peak plan)" KiB 4096
