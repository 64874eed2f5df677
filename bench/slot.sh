#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# slot.sh: what vfio-bind adds to the boot of a real image, where the glue starts it, for one card; and the least possible
# program (floor.c) in the same place. Medians of 9, alternating in one boot, Debian 12's kernel.
# shellcheck disable=SC2031 # measure is a subshell on purpose
set -uo pipefail

# shellcheck source-path=SCRIPTDIR source=table.sh
. "$(dirname "${BASH_SOURCE[0]}")/table.sh"
tool ns >/dev/null || exit 1
tool floor >/dev/null || exit 1
export IMAGE_CASES=$top/bench/slots

# measure CASE: prints where its numbers are.
measure()
(
	# shellcheck source-path=SCRIPTDIR source=../tests/images/cell.sh
	. "$top/tests/images/cell.sh"
	mkdir -p "$build" "${logs:?}"
	cell_load "$1"
	problems=$(cell_run bookworm "$1")
	rm -f "$build/bookworm-$1.img"*
	[ -z "$problems" ] || { echo "slot.sh: $1: $problems" >&2; exit 1; }
	echo "$(cell_log bookworm "$1").checks"
)

for case in initramfs-tools dracut-shell; do
	file=$(measure $case) || { echo "slot.sh: $case was not measured  BROKEN"; continue; }
	binder=$(awk '$2 == "binder" { print $3 }' "$file" | median)
	floor=$(awk '$2 == "floor" { print $3 }' "$file" | median)
	row "in the image of $case, a boot takes longer by" "$(ratio "$binder" 1000000 1)" ms
	row "  with the least possible program, by" "$(ratio "$floor" 1000000 1)" ms
	row "  vfio-bind against it" "$(ratio "$binder" "$floor")" x 1.25
done
