#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# sandbox.sh LOWER COMMAND...: runs it, as root, in a root directory like LOWER in which this project is installed with its
# glue for mkinitcpio. What the command changes there is gone afterwards, but not below this project's build/.
#
# KERNELDIR in the environment (of tests/vm/kernel.sh): its modules are /lib/modules. POLICY: a file that becomes
# /etc/vfiokit/bind.conf. PREPARE: a command that runs before, in the root directory, but not below it.
set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
lower=$1

# What make install does, if mkinitcpio is what it finds.
install_project()
{
	local kind

	for kind in install hooks post; do
		install -D -m 755 "$top/mkinitcpio/$kind/vfiokit" "usr/lib/initcpio/$kind/vfiokit"
	done
	install -D -m 644 "$top/mkinitcpio/vfiokit.conf" etc/mkinitcpio.conf.d/vfiokit.conf
	install -D -m 644 "$top/systemd/vfiokit-initrd.service" usr/lib/systemd/system/vfiokit-initrd.service
	install -D -m 755 "${VFIO_BIND:-$top/build/vfio-bind}" usr/sbin/vfio-bind
	install -D -m 755 "${VFIOKIT:-$top/build/vfiokit}" usr/bin/vfiokit
	mkdir -p etc/vfiokit/bind.conf.d
	[ -z "${POLICY:-}" ] || cp "$POLICY" etc/vfiokit/bind.conf
}

if [ "${SANDBOX:-}" != inside ]; then
	SANDBOX=inside exec unshare -m --propagation private "$0" "$@"
fi
unset SANDBOX
shift
mount -t tmpfs sandbox /mnt
mkdir /mnt/upper /mnt/work /mnt/root
mount -t overlay sandbox -o "lowerdir=$lower,upperdir=/mnt/upper,workdir=/mnt/work" /mnt/root
cd /mnt/root
for dir in dev proc sys; do
	mount --rbind "/$dir" "$dir"
done
mount -t tmpfs tmp tmp
mkdir -p ".$top"
mount --bind "$top" ".$top"
install_project
if [ -n "${KERNELDIR:-}" ]; then
	mkdir -p usr/lib/modules
	mount --bind "$KERNELDIR/tree/lib/modules" usr/lib/modules
fi
[ -z "${PREPARE:-}" ] || $PREPARE
exec chroot . "$@"
