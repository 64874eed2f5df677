#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# run.sh [-k 6.1|6.12] [-d DIR] [-v] [CASE...]: boots each case of cases/, or of DIR, on each kernel, one VM at a time.
#
# A line "ok KERNEL/CASE (SECONDS s): TITLE" or "not ok ..." for each, after the latter what was
# wrong and the end of the serial log; the whole log stays in build/vm-logs/. At the end
# "N passed, N failed", and exit code 1 if any failed. CELL=KERNEL/CASE, or that as an argument,
# selects a single one.
# -v: print the checks of the cells that passed, too.
set -uo pipefail

# shellcheck source-path=SCRIPTDIR source=cell.sh
. "$(dirname "${BASH_SOURCE[0]}")/cell.sh"

verbose=
kernels="6.1 6.12"
cases=$vm/cases
passed=0
failed=0

usage()
{
	echo "usage: run.sh [-k 6.1|6.12] [-d DIR] [-v] [CASE...]" >&2
	exit 2
}

indent()
{
	sed 's/^/    /'
}

# One cell and its line. In a subshell, because the case's functions must not outlive it.
run_cell()
(
	kernel=$1
	casefile=$2
	start=$SECONDS
	cell_boot "$kernel" "$casefile" || { echo "not ok $kernel/$name: cannot be booted"; exit 1; }
	problems=$(cell_problems)
	count=$(grep -c '^VM-OK\|^VM-FAIL' "$log.checks")
	what="$kernel/$name ($((SECONDS - start)) s): $(title_of "$casefile"), $count checks"
	if [ -z "$problems" ]; then
		echo "ok $what"
		[ -z "$verbose" ] || indent <"$log.checks"
		exit 0
	fi
	echo "not ok $what"
	indent <<<"$problems"
	[ -z "$verbose" ] || indent <"$log.checks"
	echo "    the end of $log:"
	tail -n 40 "$log" | indent
	exit 1
)

# Whether the case wants that kernel.
runs_on()
(
	# shellcheck source=/dev/null
	. "$2"
	[[ " $(kernels) " == *" $1 "* ]]
)

# run_case [KERNEL/]CASE
run_case()
{
	local name=${1##*/} wanted=$kernels kernel casefile

	casefile=$cases/$name.sh
	[ "$name" = "$1" ] || wanted=${1%/*}
	[ -f "$casefile" ] || { echo "run.sh: no such case: $name" >&2; exit 2; }
	for kernel in $wanted; do
		suite_of "$kernel" >/dev/null || exit 2
		runs_on "$kernel" "$casefile" || continue
		if run_cell "$kernel" "$casefile"; then
			passed=$((passed + 1))
		else
			failed=$((failed + 1))
		fi
	done
}

while getopts k:d:v option; do
	case $option in
	k) kernels=$OPTARG ;;
	d) cases=$OPTARG ;;
	v) verbose=yes ;;
	*) usage ;;
	esac
done
shift $((OPTIND - 1))

[ -z "${CELL:-}" ] || set -- "$CELL"
[ -x "$binder" ] || { echo "run.sh: $binder is missing: run make" >&2; exit 2; }

if [ $# = 0 ]; then
	for casefile in "$cases"/*.sh; do
		set -- "$@" "$(basename "$casefile" .sh)"
	done
fi
for name; do
	run_case "$name"
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" != 0 ]
