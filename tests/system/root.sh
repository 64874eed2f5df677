#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# root.sh SUITE: have a Debian system of that suite with libvirt, systemd and D-Bus, and print the directory it is in.
#
#   build/cache/system/SUITE/root/      the root
#   build/cache/system/SUITE/disk       the same as an ext4 file system with the label vfiokit-root
#   build/cache/system/SUITE/vmlinuz    its kernel
#   build/cache/system/SUITE/release    what uname -r will say
#   build/cache/system/SUITE/versions   of what matters here
#   build/cache/system/SUITE/packages   that were asked for
#
# Done once, by mmdebstrap, and again when other packages are asked for; delete the directory to renew.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd)
apt=$top/deps/apt.sh
suite=${1:?usage: root.sh SUITE}
dir=$top/build/cache/system/$suite

# libvirtd with machined (scopes for guests) and logind (inhibitors), QEMU to run guests in, what our programs link, what puts
# a disk to use in every way that they refuse, what makes images when our package is installed, and who else moves interrupts and
# sets how fast processors run (neither is started at boot).
packages=(systemd systemd-sysv udev kmod mount util-linux e2fsprogs dbus libpam-systemd polkitd systemd-container
	libvirt-daemon-system libvirt-clients qemu-system-x86 apparmor procps dmsetup mdadm lvm2 btrfs-progs fdisk cryptsetup-bin
	libexpat1 libsystemd0 libblkid1 libinih1 libcjson1 libudev1 libvirt0 libpci3 libarchive13 initramfs-tools zstd irqbalance power-profiles-daemon)

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
	INITRD=No mmdebstrap --quiet --mode=root --variant=essential --aptopt="$dir/apt.conf" \
		--aptopt='APT::Install-Recommends "false"' "${options[@]}" \
		--include="$(IFS=,; echo "${packages[*]}"),$kernel" "$suite" "$dir/root" "$dir/deb.sources"
	rm -rf "$dir"/root/var/{cache/apt,lib/apt/lists}/*
	# shellcheck disable=SC2016 # dpkg-query's own
	chroot "$dir/root" dpkg-query -W -f '${Package} ${Version}\n' |
		grep -E '^(systemd|libvirt-daemon|qemu-system-x86|libexpat1|libblkid1) ' >"$dir/versions"
	echo "$kernel" >>"$dir/versions"
	ln -sf "root/boot/vmlinuz-${kernel#linux-image-}" "$dir/vmlinuz"
	echo "${packages[*]}" >"$dir/packages"
	echo "${kernel#linux-image-}" >"$dir/release.part"
}

mkdir -p "$dir"
exec 9>"$dir/lock"
flock 9
if [ ! -e "$dir/release" ] || [ "${packages[*]}" != "$(cat "$dir/packages" 2>/dev/null)" ]; then
	rm -rf "$dir/root" "$dir/release"
	make_root >&2
	mv "$dir/release.part" "$dir/release"
fi
echo "$dir"
