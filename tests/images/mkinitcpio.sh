#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# mkinitcpio.sh [OPTION...] [CASE...]: our glue in the real mkinitcpio, a checkout of v41 or newer in MKINITCPIO_SRC: what it says, and
# the cases of mkinitcpio/, booted. Needs root. Options and cases are those of tests/vm/run.sh.
#
# Debian has no mkinitcpio. Without a checkout, tests/vm/cases/mkinitcpio.sh has to do, with a stand-in.
set -uo pipefail

images=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
: "${MKINITCPIO_SRC:?names no checkout of mkinitcpio}"
[ -f "$MKINITCPIO_SRC/functions" ] || { echo "mkinitcpio.sh: $MKINITCPIO_SRC is no checkout of mkinitcpio" >&2; exit 2; }
export MKINITCPIO_SRC

kernel=$("$images/../vm/kernel.sh" bookworm) || exit
# shellcheck source-path=SCRIPTDIR source=mkinitcpio-real.sh
. "$images/mkinitcpio-real.sh"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
{
	[ $# != 0 ] || real_sandbox "$kernel" "$images/../mkinitcpio/glue.sh" mkinitcpio "$(<"$kernel/release")"
	"$images/../vm/run.sh" -d "$images/mkinitcpio" "$@"
} 2>&1 | grep --line-buffered -v ' passed, ' | tee "$log"
passed=$(grep -c '^ok ' "$log") failed=$(grep -c '^not ok ' "$log")
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" != 0 ]
