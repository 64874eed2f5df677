#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# kernel.sh SUITE: have that Debian suite's kernel unpacked, and print the directory it is in.
#
#   build/cache/vm/SUITE/release        what uname -r will say
#   build/cache/vm/SUITE/vmlinuz
#   build/cache/vm/SUITE/tree/          its whole /lib/modules, depmod'ed
#   build/cache/vm/busybox/             busybox-static, the same for every kernel
#
# Nothing is installed: deps/apt.sh downloads and unpacks. Done once; delete the directory to renew.
set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
apt=$top/deps/apt.sh
cache=$top/build/cache/vm
suite=${1:?usage: kernel.sh SUITE}
dir=$cache/$suite

unpack_busybox()
{
	[ ! -x "$cache/busybox/bin/busybox" ] || return 0
	rm -rf "$cache/busybox"
	"$apt" bookworm unpack "$cache/busybox" busybox-static >&2
	[ -x "$cache/busybox/bin/busybox" ] || mv "$cache/busybox/usr/bin" "$cache/busybox/bin"
}

unpack_kernel()
{
	local package release

	package=$("$apt" "$suite" kernel)
	release=${package#linux-image-}
	rm -rf "$dir"
	mkdir -p "$dir/tree/lib/modules"
	"$apt" "$suite" unpack "$dir/unpacked" "$package" >&2
	mv "$dir/unpacked/boot/vmlinuz-$release" "$dir/vmlinuz"
	if [ -d "$dir/unpacked/lib/modules/$release" ]; then
		mv "$dir/unpacked/lib/modules/$release" "$dir/tree/lib/modules/"
	else
		mv "$dir/unpacked/usr/lib/modules/$release" "$dir/tree/lib/modules/"
	fi
	rm -rf "$dir/unpacked"
	depmod -b "$dir/tree" "$release"
	echo "$release" >"$dir/release"
}

mkdir -p "$cache"
exec 9>"$cache/lock"
flock 9
unpack_busybox
[ -e "$dir/release" ] || unpack_kernel
echo "$dir"
