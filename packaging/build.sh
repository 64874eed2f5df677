#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# usage: packaging/build.sh          (KMOD_SRC=DIR takes libkmod from there instead of Debian)
#
# Builds the Debian package into build/package, from a copy of this tree with the sources of the static libraries. What
# deps/static.sh has fetched once is not fetched again: then it needs no network. Environment: DEB_BUILD_OPTIONS, for
# instance "nocheck" (no unit tests) or "parallel=4"; OUT, another directory.
set -eu

top=$(cd "$(dirname "$0")/.." && pwd)
[ -z "${KMOD_SRC:-}" ] || { KMOD_SRC=$(cd "$KMOD_SRC" && pwd); export KMOD_SRC; }
cd "$top"
out=${OUT:-$top/build/package}
version=$(sed -n 's/^VERSION *:= *//p' Makefile)
tree=$out/vfiokit-$version

[ "vfiokit ($version)" = "$(head -n 1 packaging/debian/changelog | cut -d ' ' -f 1-2)" ] || {
	echo "build.sh: the Makefile says version $version, packaging/debian/changelog another; nothing was built" >&2
	exit 1
}

# What belongs to the project: all that git knows and does not ignore, or, of a tarball, all but build/.
project() {
	if [ -e .git ]; then
		git ls-files --cached --others --exclude-standard | while read -r file; do
			[ ! -f "$file" ] || echo "$file"
		done
	else
		find . -path ./build -prune -o -type f -print
	fi
}

deps/static.sh fetch
rm -rf "$out"
mkdir -p "$tree/build/cache"
project | tar -cf - -T - | tar -xf - -C "$tree"
cp -r packaging/debian "$tree/debian"
mkdir "$tree/build/cache/src"
tar -C build/cache/src --exclude='./systemd*' -cf - . | tar -xf - -C "$tree/build/cache/src" # the hooks of packages are shared

cd "$tree"
DEB_BUILD_OPTIONS="parallel=$(nproc) ${DEB_BUILD_OPTIONS:-}"
export DEB_BUILD_OPTIONS
# Of what "essential for building" means we need the C compiler and make, not C++.
dpkg-buildpackage --build=binary --no-sign --ignore-builtin-builddeps
ls "$out"/*.deb
