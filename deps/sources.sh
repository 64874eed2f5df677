# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh disable=SC2154
#
# Functions of the scripts here that build libraries from Debian's source packages. They set $suite, $src (where the sources
# are), and $out (where the libraries go).

die() {
	echo "${0##*/}: $*" >&2
	exit 1
}

# Unpacks a source package, unless it is in the cache.
fetch() {
	mkdir -p "$src"
	exec 7>"$src/lock"
	flock 7
	[ ! -f "$src/$1.version" ] || return 0
	rm -rf "${src:?}/$1"
	deps/apt.sh "$suite" source "$src/$1" "$1" >"$src/$1.new"
	mv "$src/$1.new" "$src/$1.version"
}

# The same, and notes its version.
get() {
	fetch "$1"
	echo "$(cat "$src/$1.version") Debian $suite" >>"$out/versions"
}
