#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# root.sh SUITE: have a disk with a small Debian 12 (systemd, udev, kmod, logind) and the modules of that suite's kernel, and
# print its name. Made once, below build/cache/late; nothing of ours is on it. Delete it to renew.
set -euo pipefail

late=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$late/../.." && pwd)
cache=$top/build/cache/late
suite=${1:?usage: root.sh SUITE}
disk=$cache/$suite.img

# shellcheck source-path=SCRIPTDIR source=../vm/image.sh
. "$top/tests/vm/image.sh"

make_root()
{
	rm -rf "$cache/root"
	mmdebstrap --quiet --variant=essential --include=systemd,systemd-sysv,udev,kmod,dbus,libpam-systemd \
		--dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
		--dpkgopt='path-exclude=/usr/share/locale/*' bookworm "$cache/root" "$("$top/deps/apt.sh" bookworm sources)" >&2
	touch "$cache/root.made"
}

make_disk()
{
	local dir=$1 root=$cache/$suite

	rm -rf "$root"
	cp -a "$cache/root" "$root"
	mkdir -p "$root/usr/lib/modules"
	image_copy_modules "$dir" "$root" "${native_modules[@]}" "${vfio_modules[@]}"
	image_depmod "$dir" "$root"
	rm -f "$root"/etc/{fstab,machine-id}
	: >"$root/etc/machine-id"
	truncate -s 600M "$disk.part"
	mkfs.ext4 -q -F -O ^has_journal -d "$root" "$disk.part"
	mv "$disk.part" "$disk"
	rm -rf "$root"
}

mkdir -p "$cache"
exec 9>"$cache/lock"
flock 9
[ "$cache/root.made" -nt "${BASH_SOURCE[0]}" ] || make_root
[ "$disk" -nt "${BASH_SOURCE[0]}" ] || make_disk "$("$top/tests/vm/kernel.sh" "$suite")"
echo "$disk"
