#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# boot.sh: what `vfio-bind boot` costs a boot, in a VM with Debian's 6.1 kernel, for two functions.
#
# Rows: its wall time (medians of 12, same VM, alternating) against the least possible program
# (floor.c) and against the shell loop of the wiki (wiki.sh); its peak memory and that of `plan`. The image
# has the index of its own few modules, as mkinitcpio and dracut make it for one machine.
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
(
	build=$vm_build
	log=
	cell_boot 6.1 "$top/bench/boot-case.sh" || exit 1
	problems=$(cell_problems)
	[ -z "$problems" ] || { echo "boot.sh: $problems"; echo "boot.sh: see $log"; exit 1; }
) || { echo "boot.sh: the VM did not measure  BROKEN"; exit 1; }
numbers=$top/build/vm-logs/6.1-boot-case.log.checks

# of NAME FIELD: the median of its times (3) or the largest of its sizes (4).
times() { awk -v n="$1" '$1 == "BENCH" && $2 == n { print $3 }' "$numbers" | median; }
peak() { awk -v n="$1" '$1 == "BENCH" && $2 == n && $4 > m { m = $4 } END { print m }' "$numbers"; }

binder=$(times binder) floor=$(times floor) wiki=$(times wiki) wiki_busybox=$(times wiki-busybox)
row "boot in the VM: vfio-bind, two functions" "$(ratio "$binder" 1000000 1)" ms
row "boot in the VM: the least possible program" "$(ratio "$floor" 1000000 1)" ms
row "boot in the VM: the shell loop of the wiki" "$(ratio "$wiki" 1000000 1)" ms
row "boot in the VM: the same with busybox' modprobe" "$(ratio "$wiki_busybox" 1000000 1)" ms
row "  vfio-bind against the least possible program" "$(ratio "$binder" "$floor")" x 1.25
row "  vfio-bind against the shell loop" "$(ratio "$binder" "$wiki")" x 0.60
row "  vfio-bind against the shell loop with busybox' modprobe" "$(ratio "$binder" "$wiki_busybox")" x
row "  the least possible program against the shell loop" "$(ratio "$floor" "$wiki")" x
row "peak memory of boot in the VM" "$(peak binder)" KiB 4096
row "peak memory of plan in the VM" "$(peak plan)" KiB 4096
