# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
# initramfs-tools: init-top

# Not in the virtual machine, which only wants guest().
# shellcheck source-path=SCRIPTDIR source=slot.sh
[ -z "${top:-}" ] || . "$top/bench/slots/slot.sh"

prepare()
{
	bench_program
	cat >"$root/etc/initramfs-tools/hooks/bench" <<-'EOT'
		#!/bin/sh
		[ "$1" != prereqs ] || exit 0
		. /usr/share/initramfs-tools/hook-functions
		for file in /bench/*; do
			copy_file bench "$file"
		done
	EOT
	chmod 755 "$root/etc/initramfs-tools/hooks/bench"
}

generate() { initramfs_tools_image "$@"; }

guest() { driver 02:00.0 vfio-pci; }
