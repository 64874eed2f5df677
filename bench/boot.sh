#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# boot.sh: what `vfio-bind boot` costs a boot, in a VM with Debian's 6.1 kernel, for two functions.
#
# Rows: its wall time (medians of 12, same VM, alternating) against the least possible program
# (floor.c) and against the shell loop of the wiki (wiki.sh); its peak memory and that of `plan`. The image
# has the index of its own few modules, as mkinitcpio and dracut make it for one machine.
#
# Twice: as a distribution boots, and with norandmaps. The emulator translates code anew for each address at which it
# sees it. No processor does that, and with random addresses it is charged to position-independent programs (vfio-bind,
# floor, kmod's modprobe) at every start, never to busybox. The bounds hold for both.
#
# Waits until no other QEMU runs, because two of them would measure each other.
set -uo pipefail

# shellcheck source-path=SCRIPTDIR source=../tests/vm/cell.sh
. "$(dirname "${BASH_SOURCE[0]}")/../tests/vm/cell.sh"
# shellcheck source-path=SCRIPTDIR source=table.sh
. "$(dirname "${BASH_SOURCE[0]}")/table.sh"
vm_build=$build/vm

tool ns >/dev/null || exit 1
tool floor >/dev/null || exit 1
export BENCH=$out BENCH_WIKI=$top/bench/wiki.sh

for ((i = 0; i < 600; i++)); do
	pgrep -x qemu-system-x86 >/dev/null || break
	sleep 1
done

# boot WORDS: one VM with these words for the kernel.
boot()
(
	export BENCH_WORDS=$1
	build=$vm_build
	log=
	cell_boot 6.1 "$top/bench/boot-case.sh" || exit 1
	problems=$(cell_problems)
	[ -z "$problems" ] || { echo "boot.sh: $problems"; echo "boot.sh: see $log"; exit 1; }
)
numbers=$top/build/vm-logs/6.1-boot-case.log.checks

# of NAME FIELD: the median of its times (3) or the largest of its sizes (4).
times() { awk -v n="$1" '$1 == "BENCH" && $2 == n { print $3 }' "$numbers" | median; }
peak() { awk -v n="$1" '$1 == "BENCH" && $2 == n && $4 > m { m = $4 } END { print m }' "$numbers"; }

# measure WORDS LABEL
measure()
{
	local ours floor wiki wiki_busybox

	boot "$1" || { echo "boot.sh: the VM did not measure  BROKEN"; exit 1; }
	ours=$(times binder) floor=$(times floor) wiki=$(times wiki) wiki_busybox=$(times wiki-busybox)
	row "boot$2: vfio-bind, two functions" "$(ratio "$ours" 1000000 1)" ms
	row "boot$2: the least possible program" "$(ratio "$floor" 1000000 1)" ms
	row "boot$2: the shell loop of the wiki" "$(ratio "$wiki" 1000000 1)" ms
	row "boot$2: the same with busybox' modprobe" "$(ratio "$wiki_busybox" 1000000 1)" ms
	row "  vfio-bind against the least possible program" "$(ratio "$ours" "$floor")" x 1.25
	row "  vfio-bind against the shell loop" "$(ratio "$ours" "$wiki")" x 0.60
	row "  vfio-bind against the shell loop with busybox' modprobe" "$(ratio "$ours" "$wiki_busybox")" x 0.60
	row "  the least possible program against the shell loop" "$(ratio "$floor" "$wiki")" x
}

measure "" ""
measure norandmaps ", norandmaps"
row "peak memory of boot in the VM" "$(peak binder)" KiB 4096
row "peak memory of plan in the VM" "$(peak plan)" KiB 4096
