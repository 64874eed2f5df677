#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# record.sh: the processor time of `vfiokit record` on a host with eight disks, against `lsblk -O` and `lspci -k`, which
# look at the same. Medians of 14, alternating in one VM with Debian's 6.1 kernel.
set -uo pipefail

# shellcheck source-path=SCRIPTDIR source=../tests/vm/cell.sh
. "$(dirname "${BASH_SOURCE[0]}")/../tests/vm/cell.sh"
# shellcheck source-path=SCRIPTDIR source=table.sh
. "$(dirname "${BASH_SOURCE[0]}")/table.sh"
vm_build=$build/vm

tool ns >/dev/null || exit 1
[ -x "$out/pciutils/usr/bin/lspci" ] || "$top/deps/apt.sh" bookworm unpack "$out/pciutils" pciutils >/dev/null || exit 1
export BENCH=$out

# In a subshell, because the case's functions must not outlive it.
boot()
(
	build=$vm_build
	log=
	cell_boot 6.1 "$top/bench/record-case.sh" || exit 1
	problems=$(cell_problems)
	[ -z "$problems" ] || { echo "record.sh: $problems"; echo "record.sh: see $log"; exit 1; }
)
numbers=$top/build/vm-logs/6.1-record-case.log.checks

cpu() { awk -v n="$1" '$1 == "BENCH" && $2 == n { print $5 }' "$numbers" | median; }

boot || { echo "record.sh: the VM did not measure  BROKEN"; exit 1; }
record=$(cpu record) lsblk=$(cpu lsblk) lspci=$(cpu lspci)
row "vfiokit record on a host with eight disks, CPU" "$(ratio "$record" 1000000 1)" ms
row "  lsblk -O" "$(ratio "$lsblk" 1000000 1)" ms
row "  lspci -k" "$(ratio "$lspci" 1000000 1)" ms
row "  vfiokit record against both" "$(ratio "$record" $((lsblk + lspci)))" x 3.00
