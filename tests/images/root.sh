#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# root.sh SUITE: have a Debian root of that suite, with its kernel and its generators of initramfs images, and print the
# directory it is in.
#
#   build/cache/debian/SUITE/root/      the root
#   build/cache/debian/SUITE/disk       the same as an ext4 file system with the label vfiokit-root
#   build/cache/debian/SUITE/vmlinuz    its kernel
#   build/cache/debian/SUITE/release    what uname -r will say
#   build/cache/debian/SUITE/versions   of what matters here
#
# Done once for a version of this file, by mmdebstrap; delete the directory to renew.
set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
apt=$top/deps/apt.sh
suite=${1:?usage: root.sh SUITE}
dir=$top/build/cache/debian/$suite
init=$top/tests/images/guest/init

# What an image is made with. dracut-core and initramfs-tools can be installed together, dracut and initramfs-tools not.
packages=(systemd systemd-sysv udev kmod mount e2fsprogs zstd cpio dmsetup)
case $suite in
sid) packages+=(dracut util-linux-extra) ;; # for switch_root
*) packages+=(dracut-core initramfs-tools cryptsetup cryptsetup-initramfs busybox) ;;
esac

# Neither these drivers nor documentation matter here, and without them everything is several times faster.
unwanted=(usr/share/{doc,man,locale,info}
	lib/modules/'*'/kernel/{sound,drivers/{media,net,infiniband,staging,iio,bluetooth,isdn,edac,hwmon,comedi}}
	lib/modules/'*'/kernel/drivers/gpu/drm/{amd,i915,nouveau,radeon,xe,gma500,mgag200,ast})

make_root()
{
	local options=() path kernel

	for path in "${unwanted[@]}"; do
		options+=("--dpkgopt=path-exclude=*/$path/*")
	done
	kernel=$("$apt" "$suite" kernel)
	sed 's/^Types: .*/Types: deb/' "$("$apt" "$suite" sources)" >"$dir/deb.sources"
	# mmdebstrap does not know what this machine's apt is told about proxies and mirrors that stand still.
	apt-config dump Acquire >"$dir/apt.conf"
	# INITRD: the kernel's own installation makes no image, the cells do.
	INITRD=No mmdebstrap --quiet --mode=root --variant=essential --aptopt="$dir/apt.conf" "${options[@]}" \
		--include="$(IFS=,; echo "${packages[*]}"),$kernel" "$suite" "$dir/root" "$dir/deb.sources"
	rm -rf "$dir"/root/var/{cache/apt,lib/apt/lists}/*
	rm -f "$dir"/root/boot/initrd.img-* "$dir"/root/boot/initramfs-*
	chroot "$dir/root" dpkg -l dracut-core initramfs-tools systemd kmod | awk '$1 == "ii" { print $2, $3 }' >"$dir/versions" || :
	echo "$kernel" >>"$dir/versions"
	ln -sf "root/boot/vmlinuz-${kernel#linux-image-}" "$dir/vmlinuz"
	echo "${kernel#linux-image-}" >"$dir/release.part"
}

# With a mount point for a cell's checks, and what starts them.
make_disk()
{
	local megabytes

	mkdir -p "$dir/root/guest"
	install -m 755 "$init" "$dir/root/vfiokit-test"

	megabytes=$(du -sm --apparent-size "$dir/root" | cut -f 1)
	rm -f "$dir/disk.part"
	truncate -s "$((megabytes * 5 / 4 + 64))M" "$dir/disk.part"
	mkfs.ext4 -q -F -L vfiokit-root -O ^has_journal -d "$dir/root" "$dir/disk.part"
	mv "$dir/disk.part" "$dir/disk"
}

mkdir -p "$dir"
exec 9>"$dir/lock"
flock 9
if ! [ "$dir/release" -nt "${BASH_SOURCE[0]}" ]; then
	rm -rf "$dir/root"
	make_root >&2
	rm -f "$dir/disk"
	mv "$dir/release.part" "$dir/release"
fi
[ "$dir/disk" -nt "$init" ] || make_disk >&2
echo "$dir"
