#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# run.sh: what a real libvirtd gives to hooks, and what it makes of their answers, with real guests of QEMU (emulated).
#
# The Debian of tests/system is the root, under an overlay that is thrown away, in name spaces of its own: no service,
# network, process or file of this machine is touched. There is neither systemd nor a bus in it. checks.sh runs inside.
set -uo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd)
logs=$top/build/contract-logs

if [ -z "${IN_NAMESPACE:-}" ]; then
	IN_NAMESPACE=1 exec unshare --mount --net --pid --ipc --uts --fork --kill-child "$0" "$@"
fi

# The first process of the name space: all others end with it, the daemon too.
dir=$("$top/tests/system/root.sh" bookworm) || exit
rm -rf "$logs"
mkdir -p "$logs"
work=$(mktemp -d)
mount -t tmpfs -o size=512m changes "$work"
mkdir "$work"/{upper,work,root}
mount -t overlay -o "lowerdir=$dir/root,upperdir=$work/upper,workdir=$work/work" root "$work/root"
root=$work/root
mount -t proc proc "$root/proc"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t tmpfs run "$root/run"
mount -t tmpfs dev "$root/dev"
mkdir "$root/dev/pts"
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
for node in null zero full random urandom; do
	touch "$root/dev/$node"
	mount --bind "/dev/$node" "$root/dev/$node"
done
make --no-print-directory -C "$top" install INITRAMFS=none DESTDIR="$root" >"$logs/install" 2>&1 || { cat "$logs/install"; exit 1; }
cp "$here/checks.sh" "$root/checks.sh"
hostname contract
timeout 300 chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C bash /checks.sh
code=$?
cp "$root/tmp/libvirtd.log" "$logs" 2>/dev/null
[ "$code" = 0 ] || { echo "the end of build/contract-logs/libvirtd.log:"; tail -n 20 "$logs/libvirtd.log"; } | sed 's/^/    /'
umount -l "$work" && rmdir "$work"
exit "$code"
