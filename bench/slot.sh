#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# slot.sh: what vfio-bind adds to the boot of a real image, where the glue starts it, for one card; and the least possible
# program (floor.c) in the same place. Medians of 9, alternating in one boot, Debian 12's kernel, by both clocks of
# clock.sh. mkinitcpio is measured where MKINITCPIO_SRC names a checkout of it.
# shellcheck disable=SC2030,SC2031 # measure and chain are subshells on purpose
set -uo pipefail

# shellcheck source-path=SCRIPTDIR source=table.sh
. "$(dirname "${BASH_SOURCE[0]}")/table.sh"
# shellcheck source-path=SCRIPTDIR source=clock.sh
. "$(dirname "${BASH_SOURCE[0]}")/clock.sh"
tool ns >/dev/null || exit 1
tool floor >/dev/null || exit 1
export IMAGE_CASES=$top/bench/slots

# measure CASE: by BENCH_CLOCK; prints where its numbers are.
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

# measure_mkinitcpio CASE: by BENCH_CLOCK; prints where its numbers are.
measure_mkinitcpio()
(
	# shellcheck source-path=SCRIPTDIR source=../tests/vm/cell.sh
	. "$top/tests/vm/cell.sh"
	log=
	cell_boot 6.1 "$top/bench/slots/mkinitcpio/$1.sh" || exit 1
	problems=$(cell_problems)
	[ -z "$problems" ] || { echo "slot.sh: mkinitcpio, $1: $problems; see $log" >&2; exit 1; }
	echo "$log.checks"
)

# chain FRONT: the nanoseconds from the kernel's last word to the first of /init, in the image of tests/vm.
chain()
(
	export BENCH_FRONT=$1 BENCH=$out
	# shellcheck source-path=SCRIPTDIR source=../tests/vm/cell.sh
	. "$top/tests/vm/cell.sh"
	log=
	cell_boot 6.1 "$top/bench/chain-case.sh" || exit 1
	problems=$(cell_problems)
	[ -z "$problems" ] || { echo "slot.sh: in front of init: $problems; see $log" >&2; exit 1; }
	awk '$2 == "chain" { last = now; now = $3 } END { print (now - last) * 1000 }' "$log.checks"
)

# against WHERE BINDER FLOOR: the rows of one place.
against()
{
	row "$1, a boot takes longer by" "$(ratio "$2" 1000000 1)" ms
	row "  with the least possible program, by" "$(ratio "$3" 1000000 1)" ms
	row "  vfio-bind against it" "$(ratio "$2" "$3")" x 1.25
}

# measured WHERE COMMAND...: the rows of the place that the command measures.
measured()
{
	local where=$1 file

	shift
	file=$("$@") || { echo "slot.sh: $where was not measured  BROKEN"; return 1; }
	against "in the image of $where" "$(awk '$2 == "binder" { print $3 }' "$file" | median)" \
		"$(awk '$2 == "floor" { print $3 }' "$file" | median)"
}

# slots CLOCK: every place, by that clock.
slots()
{
	local case nothing binder floor
	export BENCH_CLOCK=$1

	[ "$1" = instructions ] || alone
	clock_name "$1"
	for case in initramfs-tools dracut dracut-shell; do
		measured $case measure $case
	done
	for case in busybox systemd; do
		[ -z "${MKINITCPIO_SRC:-}" ] || measured "mkinitcpio ($case)" measure_mkinitcpio $case
	done

	nothing=$(chain nothing) binder=$(chain binder) floor=$(chain floor)
	if [ -z "$nothing" ] || [ -z "$binder" ] || [ -z "$floor" ]; then
		echo "slot.sh: the chain init was not measured  BROKEN"
		return 1
	fi
	against "in front of any init" $((binder - nothing)) $((floor - nothing))
}

slots instructions
slots host
