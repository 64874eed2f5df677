#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154
#
# run.sh [--full] [-v] [CELL...]: makes images with the real generators of Debian's suites, and boots them.
#
# A cell is SUITE/CASE, a case without suite is all of its cells; so does CELL= select. Without any: one suite or more for
# each generator, as `make check` wants; --full: every cell. A line "ok SUITE/CASE (SECONDS s): TITLE" or "not ok ..." for
# each, after the latter what was wrong and the end of the serial log. At the end a table and "N passed, N failed"; exit
# code 1 if any failed. A cell of sid that fails stands there in capitals with sid's versions, and is not counted.
# -v: print the checks of the cells that passed, too.
set -uo pipefail

# shellcheck source-path=SCRIPTDIR source=cell.sh
. "$(dirname "${BASH_SOURCE[0]}")/cell.sh"

verbose='' full='' table=''
passed=0 failed=0

indent()
{
	sed 's/^/    /'
}

# run_cell SUITE CASE: the cell and its line. In a subshell, because the case's functions must not outlive it.
run_cell()
(
	name=$1/$2 start=$SECONDS
	! passed_before "$name" || exit 0
	cell_load "$2"
	problems=$(cell_run "$1" "$2")
	log=$(cell_log "$1" "$2")
	what="$name ($((SECONDS - start)) s): $(title_of "$cases/$2.sh"), $(grep -c '^VM-OK\|^VM-FAIL' "$log.checks") checks"
	if [ -z "$problems" ]; then
		echo "ok $what"
		[ -z "$verbose" ] || indent <"$log.checks"
		exit 0
	fi
	if [ "$1" = sid ]; then echo "FAILED ON SID $what"; else echo "not ok $what"; fi
	indent <<<"$problems"
	[ -z "$verbose" ] || indent <"$log.checks"
	echo "    the end of $log:"
	tail -n 60 "$log" | indent
	exit 1
)

# count SUITE CASE COMMAND...: runs it, and keeps what came of it.
count()
{
	local start=$SECONDS verdict=ok

	if run_cell "$1" "$2"; then
		passed=$((passed + 1))
	elif [ "$1" = sid ]; then
		verdict="FAILED ON SID, WITH $(tr '\n' ',' <"$("$images/root.sh" sid)/versions")"
	else
		verdict=failed
		failed=$((failed + 1))
	fi
	table+=$(printf '%6d s  %-40s %s' $((SECONDS - start)) "$1/$2" "$verdict")$'\n'
}

# suites_for CASE: where it is to run.
suites_for()
(
	cell_load "$1"
	if [ -n "$full" ]; then suites; else checked; fi
)

# wanted CELL: "SUITE CASE" a line.
wanted()
{
	local case=${1##*/} suite

	[ -f "$cases/$case.sh" ] || { echo "run.sh: no such case: $case" >&2; return 2; }
	if [ "$case" != "$1" ]; then
		echo "${1%/*} $case"
	else
		for suite in $(suites_for "$case"); do
			echo "$suite $case"
		done
	fi
}

for argument; do
	case $argument in
	--full) full=yes ;;
	-v) verbose=yes ;;
	-*) sed -n 's/^# \(run.sh\)/usage: \1/p' "$0" >&2; exit 2 ;;
	*) CELL="${CELL:-} $argument" ;;
	esac
done

if [ -n "${CELL:-}" ]; then
	[[ $CELL != */* ]] && full=yes
	read -ra names <<<"$CELL"
else
	names=()
	for file in "$cases"/*.sh; do
		names+=("$(basename "$file" .sh)")
	done
fi
list=$(for name in "${names[@]}"; do wanted "$name" || exit; done) || exit
[ -x "$binder" ] || { echo "run.sh: $binder is missing: run make" >&2; exit 2; }

work=$top/build/images
rm -rf "$work"
mkdir -p "$work" "$logs"
while read -r suite case; do
	count "$suite" "$case" </dev/null
done <<<"$list"
rm -rf "$work"
printf '%s' "$table"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" != 0 ]
