#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# check.sh [--full|--vm]: all tests, as `make check` and CI run them. Each step is a program that ends with "N passed, N failed";
# at the end stand what each step took and the sum.
#
# --full: the fuzzers for longer, every cell instead of a covering set, and the table of tests/RESULTS.md. Steps and cells that
# have passed on this very commit are not run again, so that it can be resumed; build/results holds them. CELL=STEP or CELL=STEP/CELL runs
# only that and puts it into the table, for instance CELL=vm/6.1/twin-gpus.
#
# --vm: only the boots: every image of real generators, the running system's units and rules, cases of the virtual machine.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

# shellcheck source-path=SCRIPTDIR source=results.sh
. tests/results.sh

full='' only_boots=''
case ${1:-} in
--full) full=--full ;;
--vm) only_boots=yes ;;
esac
cell=${CELL:-}
unset CELL
logs=build/check
sums=$logs/sums

# run_step COMMAND...: shows its output, and leaves it in $log. Sets $p and $f from its last line. A step that says nothing,
# or ends badly without a failure, counts as a failure.
run_step() {
	local code line

	"$@" </dev/null 2>&1 | tee -a "$log"
	code=${PIPESTATUS[0]}
	line=$(grep -E '^[0-9]+ passed, [0-9]+ failed$' "$log" | tail -n 1)
	p=${line%% *} f=${line##*, } f=${f%% *}
	[ -n "$line" ] || { p=0 f=1; echo "not ok $slug: it did not say how many passed"; }
	[ "$code" = 0 ] || [ "$f" != 0 ] || { f=1; echo "not ok $slug: it ended with $code"; }
}

# step SLUG COMMAND...: runs it, or takes what it said on this commit before, and adds a line to the sums.
step() {
	local slug=$1 start=$SECONDS p f only='' log=$logs/$1
	shift
	[ -z "$cell" ] || [ "${cell%%/*}" = "$slug" ] || return 0
	[[ $cell != */* ]] || only=${cell#*/}
	echo "== $slug${only:+, only $only}"
	if [ -n "$full" ] && [ -z "$cell" ] && results_passed "$slug"; then
		echo "passed before on this commit, see build/results/$slug"
	else
		[ -z "$full" ] || [ -n "$cell" ] || results_begin "$slug"
		run_step ${only:+env CELL="$only"} "$@"
		[ -z "$full" ] || results_keep "$slug" "$only" "$p" "$f" $((SECONDS - start)) "$log"
	fi
	[ -z "$full" ] || read -r p f < <(results_count "$slug")
	echo "$((SECONDS - start)) $p $f $slug" >>"$sums"
}

# A build is a test: no warning with either compiler.
build() { # MAKE-ARGUMENT...
	if make -j"$(nproc)" --no-print-directory WERROR=1 "$@"; then
		echo "1 passed, 0 failed"
	else
		echo "0 passed, 1 failed"
		return 1
	fi
}

# All but the first, which everything else needs.
other_builds() {
	step build-shared build STATIC=0 programs
	step build-clang build CC=clang programs
	step build-clang-shared build CC=clang STATIC=0 programs tests
	step build-sanitizers build SAN=1 programs tests
}

# What needs no virtual machine.
on_this_machine() {
	step lint tests/lint.sh
	step unit build/tests/unit
	step unit-clang build/clang-shared/tests/unit
	step unit-sanitizers build/san/tests/unit
	step machines tests/machines/run.sh
	step machines-sanitizers env BUILD=build/san tests/machines/run.sh
	step golden tests/golden/run.sh
	step cli tests/cli/run.sh
	step cli-shared tests/cli/run.sh -b build/shared
	step cli-sanitizers tests/cli/run.sh -b build/san
	step install tests/install.sh
	step package tests/package/run.sh
	step mkinitcpio tests/mkinitcpio/run.sh
	step contract tests/contract/run.sh
	step fuzz tests/fuzz/run.sh ${full:+120}
}

# One virtual machine at a time.
in_virtual_machines() {
	step system tests/system/run.sh ${full:+--full}
	boots
}

boots() {
	step images tests/images/run.sh ${full:-${only_boots:+--full}}
	[ -z "${MKINITCPIO_SRC:-}" ] || step mkinitcpio-real tests/images/mkinitcpio.sh
	step units tests/late/units.sh
	step late tests/late/run.sh
	step vm tests/vm/run.sh ${full:+-a}
}

# A virtual machine keeps one processor busy, so the rest runs beside it; what it says comes after.
everything() {
	local machines

	in_virtual_machines >"$logs/virtual-machines" 2>&1 &
	machines=$!
	other_builds
	on_this_machine
	tail -n +1 -f --pid="$machines" "$logs/virtual-machines"
	wait "$machines"
}

rm -rf "$logs"
mkdir -p "$logs"
: >"$sums"
step build build all tests
if [ -n "$only_boots" ]; then
	boots
else
	everything
fi

if [ ! -s "$sums" ]; then
	echo "check.sh: no such step: ${cell%%/*}" >&2
	exit 2
fi
echo "== what took the time, $((SECONDS / 60)) minutes in all"
awk '{ printf "%6d s  %5d passed  %3d failed  %s\n", $1, $2, $3, $4 }' "$sums"
[ -z "$full" ] || results_table >tests/RESULTS.md
read -r passed failed < <(awk '{ p += $2; f += $3 } END { print p, f }' "$sums")
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
