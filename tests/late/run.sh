#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# run.sh [-k 6.1|6.12] [-v] [CASE...]: boots a real Debian 12 with systemd and udev for each case of cases/, on the kernels
# that it names (or on this one), one VM at a time, and plugs devices in while it runs.
#
# A line "ok KERNEL/CASE (SECONDS s): TITLE" or "not ok ..." for each, at the end "N passed, N failed". The whole log stays
# in build/late-logs/. CELL=KERNEL/CASE selects a single one. -v: print the checks of the cells that passed, too.
set -uo pipefail

# shellcheck source-path=SCRIPTDIR source=boot.sh
. "$(dirname "${BASH_SOURCE[0]}")/boot.sh"

verbose=
kernel_wanted=
passed=0
failed=0

indent()
{
	sed 's/^/    /'
}

# One cell and its line. In a subshell, because the case's functions must not outlive it.
run_cell()
(
	kernel=$1 casefile=$2 start=$SECONDS
	! passed_before "$kernel/$name" || exit 0
	late_boot "$kernel" "$casefile" || { echo "not ok $kernel/$name: cannot be booted"; exit 1; }
	problems=$(cell_problems)
	count=$(grep -c '^VM-OK\|^VM-FAIL' "$log.checks")
	what="$kernel/$name ($((SECONDS - start)) s): $(title_of "$casefile"), $count checks"
	[ -z "$verbose" ] || grep '^VM-' "$log.checks" | indent
	if [ -z "$problems" ]; then
		echo "ok $what"
		exit 0
	fi
	echo "not ok $what"
	indent <<<"$problems"
	echo "    the end of $log:"
	tail -n 30 "$log" | indent
	exit 1
)

kernels_of()
(
	# shellcheck source=/dev/null
	. "$1"
	kernels
)

# run_case [KERNEL/]CASE
run_case()
{
	local name=${1##*/} wanted=$kernel_wanted kernel casefile

	casefile=$late/cases/$name.sh
	[ -f "$casefile" ] || { echo "run.sh: no such case: $name" >&2; exit 2; }
	[ "$name" = "$1" ] || wanted=${1%/*}
	for kernel in ${wanted:-$(kernels_of "$casefile")}; do
		suite_of "$kernel" >/dev/null || exit 2
		if run_cell "$kernel" "$casefile"; then
			passed=$((passed + 1))
		else
			failed=$((failed + 1))
		fi
	done
}

while getopts k:v option; do
	case $option in
	k) kernel_wanted=$OPTARG ;;
	v) verbose=yes ;;
	*) echo "usage: run.sh [-k 6.1|6.12] [-v] [CASE...]" >&2; exit 2 ;;
	esac
done
shift $((OPTIND - 1))

[ -z "${CELL:-}" ] || set -- "$CELL"
[ -x "$binder" ] || { echo "run.sh: $binder is missing: run make" >&2; exit 2; }
if [ $# = 0 ]; then
	for casefile in "$late"/cases/*.sh; do
		set -- "$@" "$(basename "$casefile" .sh)"
	done
fi
for name; do
	run_case "$name"
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" != 0 ]
