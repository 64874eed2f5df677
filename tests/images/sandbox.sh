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

if [ "${SANDBOX:-}" != inside ]; then
	SANDBOX=inside exec unshare -m --propagation private "$0" "$@"
fi
unset SANDBOX
shift
mount -t tmpfs sandbox /mnt
mkdir /mnt/upper /mnt/work /mnt/root
mount -t overlay sandbox -o "lowerdir=$lower,upperdir=/mnt/upper,workdir=/mnt/work" /mnt/root
cd /mnt/root
# The hardware may be looked at, not touched.
mount -t proc -o ro proc proc
mount -t sysfs -o ro sys sys
mount --bind /dev dev
mount -t tmpfs tmp tmp
mkdir -p ".$top"
mount --bind "$top" ".$top"
make --no-print-directory -s -C "$top" install INITRAMFS=mkinitcpio DESTDIR="$PWD" >/dev/null
if [ -n "${POLICY:-}" ]; then
	cp "$POLICY" etc/vfiokit/bind.conf
fi
if [ -n "${KERNELDIR:-}" ]; then
	mkdir -p usr/lib/modules
	mount --bind "$KERNELDIR/tree/lib/modules" usr/lib/modules
fi
[ -z "${PREPARE:-}" ] || $PREPARE
exec chroot . "$@"
