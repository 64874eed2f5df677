#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# size.sh: the stripped static binary, and what it and its companions add to a compressed initramfs.
set -uo pipefail

# shellcheck source-path=SCRIPTDIR source=table.sh
. "$(dirname "${BASH_SOURCE[0]}")/table.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# packed COMMAND...: size of everything below $work/root as an archive, compressed so.
packed()
{
	(cd "$work/root" && find . | sort | cpio --quiet -o -H newc -R 0:0) | "$@" | wc -c | awk '{ printf "%.0f", $1 / 1024 }'
}

row "vfio-bind, static and stripped (aim: 512)" "$(($(stat -c %s "$build/vfio-bind") / 1024))" KiB 1638

install -D "$build/vfio-bind" "$work/root/usr/sbin/vfio-bind"
printf '[device guest-gpu]\nid = 10de:13c2 10de:0fbb\ngroup = whole\n' |
	install -D -m 644 /dev/stdin "$work/root/etc/vfiokit/bind.conf"
row "an initramfs grows by: binary and policy, gzip" "$(packed gzip -9)" KiB
row "an initramfs grows by: binary and policy, zstd" "$(packed zstd -q -19)" KiB

kernel=$("$top/tests/vm/kernel.sh" bookworm) || exit 1
modprobe -C /dev/null -d "$kernel/tree" -S "$(<"$kernel/release")" -a --show-depends vfio-pci vfio_iommu_type1 |
	sed -n 's/^insmod \([^ ]*\).*/\1/p' | sort -u |
	while read -r file; do install -D -m 644 "$file" "$work/root${file#"$kernel/tree"}"; done
row "an initramfs grows by: the same and vfio's modules (6.1), gzip" "$(packed gzip -9)" KiB
row "an initramfs grows by: the same and vfio's modules (6.1), zstd" "$(packed zstd -q -19)" KiB
