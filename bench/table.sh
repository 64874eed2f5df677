# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034
#
# Functions that the scripts of bench/ share: rows of the table, tools, medians.

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=$top/build
out=$build/bench
mkdir -p "$out"

# row WHAT VALUE UNIT [BOUND]: a line of the table. A value above its bound breaks it.
row()
{
	local verdict=

	if [ $# = 4 ]; then
		verdict=ok
		awk -v v="$2" -v b="$4" 'BEGIN { exit !(v != "" && v <= b) }' || verdict=BROKEN
	fi
	printf '%-62s %12s %-5s %8s %s\n' "$1" "${2:-?}" "$3" "${4:+<= $4}" "$verdict"
}

# tool NAME: compiles bench/NAME.c as a small static program; prints where it is.
tool()
{
	[ "$out/$1" -nt "$top/bench/$1.c" ] || "$top/deps/musl-cc" -Os -o "$out/$1" "$top/bench/$1.c" >&2
	echo "$out/$1"
}

# ratio A B [DIGITS]
ratio()
{
	awk -v a="$1" -v b="$2" -v d="${3:-2}" 'BEGIN { if (b > 0) printf "%.*f\n", d, a / b }'
}

# The middle of the numbers on stdin.
median()
{
	sort -n | awk '{ v[NR] = $1 } END { if (NR) print NR % 2 ? v[(NR + 1) / 2] : int((v[NR / 2] + v[NR / 2 + 1]) / 2) }'
}
