#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# hooks.sh: what all calls of libvirt for one guest cost, with isolation of CPUs and an inhibitor, against a shell hook that
# does the same by the wiki's method; in one VM (Debian 12, systemd, libvirt), medians of 6, alternating.
#
# CPU time is that of the calls and of what they leave running (vfio-guard; systemd-inhibit and its sleep), by their cgroups;
# what systemd itself takes stands beside it. The time that passes is that of the calls. Once as a distribution boots, and once
# with addresses that are not random: QEMU translates code anew for each address at which it sees it, and charges that to
# position-independent programs at every start, which ours are not. No processor does that. And the memory that is a guard's own.
#
# Waits until no other QEMU runs, because two of them would measure each other.
set -uo pipefail

# shellcheck source-path=SCRIPTDIR source=table.sh
. "$(dirname "${BASH_SOURCE[0]}")/table.sh"
# shellcheck source-path=SCRIPTDIR source=clock.sh
. "$(dirname "${BASH_SOURCE[0]}")/clock.sh"

alone
SYSTEM_CASES=$top/bench/hooks "$top/tests/system/run.sh" cost >"$out/hooks.log" 2>&1 ||
	{ cat "$out/hooks.log"; echo "hooks.sh: the VM did not measure  BROKEN"; exit 1; }
numbers=$top/build/system-logs/bookworm-cost.log.checks

# of NAME FIELD: 3 CPU, 4 wall, 5 systemd
of() { awk -v n="$1" -v f="$2" '$1 == "BENCH" && $2 == n { print $f }' "$numbers" | median; }

# compare LABEL SUFFIX [BOUND-OF-CPU BOUND-OF-WALL]
compare()
{
	local ours=ours$2 shell=shell$2

	row "calls for a guest$1: CPU time of vfio-hook and vfio-guard" "$(ratio "$(of "$ours" 3)" 1000 1)" ms
	row "calls for a guest$1: CPU time of a shell hook" "$(ratio "$(of "$shell" 3)" 1000 1)" ms
	row "  vfio-hook and vfio-guard against it" "$(ratio "$(of "$ours" 3)" "$(of "$shell" 3)")" x "${@:3:1}"
	row "  the time that passes, against it" "$(ratio "$(of "$ours" 4)" "$(of "$shell" 4)")" x "${@:4:1}"
	row "  CPU time of systemd meanwhile, against it" "$(ratio "$(of "$ours" 5)" "$(of "$shell" 5)")" x
}

compare "" "" 0.20 0.50
compare ", norandmaps" -norandmaps
row "memory of a guard's own" "$(of memory 3)" KiB 2048
