#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# check.sh [--full]: all tests, as `make check` and CI run them. Each step is a program that ends with "N passed, N failed";
# at the end stand what each step took and the sum. --full: the fuzzers for longer, and the table of tests/RESULTS.md.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

full=
[ "${1:-}" != --full ] || full=1
passed=0 failed=0
table=

# Runs a step, adds up what its last line says. A step that says nothing, or ends badly without a failure, counts as one.
step() { # NAME COMMAND...
	local name=$1 start=$SECONDS code p f line
	shift
	echo "== $name"
	"$@" </dev/null 2>&1 | tee "build/check.log"
	code=${PIPESTATUS[0]}
	line=$(grep -E '^[0-9]+ passed, [0-9]+ failed$' build/check.log | tail -n 1)
	p=${line%% *} f=${line##*, } f=${f%% *}
	[ -n "$line" ] || { p=0 f=1; echo "not ok $name: it did not say how many passed"; }
	[ "$code" = 0 ] || [ "$f" != 0 ] || { f=1; echo "not ok $name: it ended with $code"; }
	passed=$((passed + p)) failed=$((failed + f))
	table+=$(printf '%6d s  %5d passed  %3d failed  %s' $((SECONDS - start)) "$p" "$f" "$name")$'\n'
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

mkdir -p build
step "build gcc, static" build all tests
step "build gcc, shared" build STATIC=0 programs
step "build clang, static" build CC=clang programs
step "build clang, shared" build CC=clang STATIC=0 programs tests
step "build with sanitizers" build SAN=1 programs tests
step lint tests/lint.sh
step "unit, gcc" build/tests/unit
step "unit, clang" build/clang-shared/tests/unit
step "unit, sanitizers" build/san/tests/unit
step machines tests/machines/run.sh
step "machines, sanitizers" env BUILD=build/san tests/machines/run.sh
step cli tests/cli/run.sh
step "cli, shared libraries" tests/cli/run.sh -b build/shared
step "cli, sanitizers" tests/cli/run.sh -b build/san
step install tests/install.sh
step fuzz tests/fuzz/run.sh "${full:+120}"
step "virtual machines" tests/vm/run.sh

echo "== what took the time"
printf '%s' "$table"
[ -z "$full" ] || {
	echo "# Results of \`make check-full\`"
	printf '\n%s, %s\n\n' "$(date -u +%F)" "$(git rev-parse --short HEAD)"
	printf '%s' "$table" | sed 's/^/    /'
} >tests/RESULTS.md
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
