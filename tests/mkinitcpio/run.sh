#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# run.sh: our glue for mkinitcpio, by what it says and how builds end, with the stand-in for mkinitcpio beside this file, and
# whether that is strict. With the real one: tests/images/mkinitcpio.sh. What such images do is seen by
# tests/vm/cases/mkinitcpio.sh. Needs root.
set -uo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
kernel=$("$here/../vm/kernel.sh" bookworm) || exit
release=$(<"$kernel/release")
passed=0 failed=0

# run COMMAND...: in a root of its own; adds up what its last line says.
run()
{
	local log line

	log=$(mktemp)
	KERNELDIR=$kernel PREPARE="cp $kernel/../busybox/bin/busybox usr/bin/" "$here/../images/sandbox.sh" / "$@" 2>&1 | tee "$log"
	line=$(tail -n 1 "$log")
	rm "$log"
	[[ $line =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed$ ]] || { echo "not ok $1 did not reach its end"; failed=$((failed + 1)); return; }
	passed=$((passed + BASH_REMATCH[1])) failed=$((failed + BASH_REMATCH[2]))
}

run "$here/strict.sh" "$release"
run "$here/glue.sh" "$here/mkinitcpio" "$release"
echo "$passed passed, $failed failed"
[ $failed = 0 ] && [ $passed != 0 ]
