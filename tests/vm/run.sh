#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# run.sh [-a] [-k 6.1|6.12] [-d DIR] [-v] [CASE...]: boots cases of cases/, or of DIR, on Debian's kernels, one VM at a time.
#
# Named cases run on each kernel, or on that of -k. Without both: the covering set of `make check`, every case on at
# least one kernel; -a: every cell.
# A line "ok KERNEL/CASE (SECONDS s): TITLE" or "not ok ..." for each, after the latter what was
# wrong and the end of the serial log; the whole log stays in build/vm-logs/. At the end
# "N passed, N failed", and exit code 1 if any failed. CELL=KERNEL/CASE, or that as an argument,
# selects a single one.
# -v: print the checks of the cells that passed, too.
set -uo pipefail

# shellcheck source-path=SCRIPTDIR source=cell.sh
. "$(dirname "${BASH_SOURCE[0]}")/cell.sh"

verbose=
all=
kernels="6.1 6.12"
cases=$vm/cases
passed=0
failed=0

usage()
{
	echo "usage: run.sh [-a] [-k 6.1|6.12] [-d DIR] [-v] [CASE...]" >&2
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
	! passed_before "$kernel/$name" || exit 0
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

# covering CASE: the kernels of a case in the covering set: both, or one by its name, so that a new case moves no other.
covering()
(
	# shellcheck source=/dev/null
	. "$cases/$1.sh"
	read -ra own < <(kernels)
	if is_function both_kernels; then
		echo "${own[@]}"
	else
		echo "${own[$(cksum <<<"$1" | cut -d ' ' -f 1) % ${#own[@]}]}"
	fi
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

while getopts ak:d:v option; do
	case $option in
	a) all=yes ;;
	k) kernels=$OPTARG all=yes ;;
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
		name=$(basename "$casefile" .sh)
		if [ -n "$all" ]; then
			set -- "$@" "$name"
		else
			for kernel in $(covering "$name"); do set -- "$@" "$kernel/$name"; done
		fi
	done
fi
for name; do
	run_case "$name"
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" != 0 ]
