#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# disk.sh SUITE DISK INITRD: the Debian system of root.sh with vfiokit installed (BARE=yes: without), as a disk, and what finds it
# at boot.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd)
suite=$1 disk=$2 initrd=$3

if [ -z "${IN_NAMESPACE:-}" ]; then
	IN_NAMESPACE=1 exec unshare -m "$0" "$@"
fi

dir=$("$here/root.sh" "$suite")
release=$(<"$dir/release")
work=$disk.work
rm -rf "$work"
mkdir -p "$work"
mount -t tmpfs -o size=512m changes "$work"
mkdir "$work"/{upper,work,root}
mount -t overlay -o "lowerdir=$dir/root,upperdir=$work/upper,workdir=$work/work" root "$work/root"
root=$work/root

if [ -z "${BARE:-}" ]; then
	make --no-print-directory -C "$top" install INITRAMFS=none DESTDIR="$root" >/dev/null
	systemctl --quiet --root="$root" enable vfio-reconcile.service vfio-reconcile.timer
fi
mkdir -p "$root/guest"

# The checks run as a service, when everything else does.
cat >"$root/etc/systemd/system/checks.service" <<-'EOT'
	[Unit]
	Description=checks
	After=multi-user.target libvirtd.service dbus.service systemd-logind.service
	[Service]
	Type=oneshot
	StandardOutput=journal+console
	StandardError=journal+console
	ExecStart=/bin/sh -c 'mount -o ro LABEL=vfiokit-test /guest && /guest/main; poweroff -f'
EOT
systemctl --quiet --root="$root" enable libvirtd.service
systemctl --quiet --root="$root" disable irqbalance.service power-profiles-daemon.service
systemctl --quiet --root="$root" mask getty@tty1 serial-getty@ttyS0 \
	libvirt-guests.service e2scrub_reap.service systemd-timesyncd.service apt-daily.timer apt-daily-upgrade.timer
ln -sf /etc/systemd/system/checks.service "$root/etc/systemd/system/multi-user.target.wants/checks.service"
ln -sf /usr/lib/systemd/system/multi-user.target "$root/etc/systemd/system/default.target"
echo vfiokit >"$root/etc/hostname"
echo "LABEL=vfiokit-root / ext4 defaults 0 1" >"$root/etc/fstab"
sed -i '/^After=/s/multi-user.target //' "$root/etc/systemd/system/checks.service"
# libvirtd without what takes time and is of no use here.
printf 'stdio_handler = "file"\nuser = "root"\ngroup = "root"\n' >>"$root/etc/libvirt/qemu.conf"

megabytes=$(du -sm --apparent-size "$root" | cut -f 1)
rm -f "$disk.part"
truncate -s "$((megabytes * 5 / 4 + 256))M" "$disk.part"
mkfs.ext4 -q -F -L vfiokit-root -O ^has_journal -d "$root" "$disk.part"
mv "$disk.part" "$disk"

# The initramfs: busybox, the modules of a virtio disk, and a switch of the root.
image=$work/image
mkdir -p "$image"/{bin,dev,proc,sys,new,modules}
cp "$("$top/tests/vm/kernel.sh" "$suite")/../busybox/bin/busybox" "$image/bin"
modprobe -C /dev/null -d "$dir/root" -S "$release" -a --show-depends virtio_pci virtio_blk ext4 crc32c_generic |
	sed -n 's/^insmod \([^ ]*\).*/\1/p' | awk '!seen[$0]++' | while read -r file; do
	cp "$file" "$image/modules"
	basename "$file" >>"$image/modules/order"
done
find "$image/modules" -name '*.xz' -exec xz -d {} +
sed -i 's/\.xz$//' "$image/modules/order"
cat >"$image/init" <<-'EOT'
	#!/bin/busybox sh
	/bin/busybox --install -s /bin
	mount -t proc proc /proc
	mount -t sysfs sys /sys
	mount -t devtmpfs dev /dev
	while read -r file; do insmod "/modules/$file"; done </modules/order
	until mount -o rw "$(findfs LABEL=vfiokit-root)" /new 2>/dev/null; do sleep 0.2; done
	umount /proc /sys
	mount --move /dev /new/dev
	exec switch_root /new /sbin/init
EOT
chmod 755 "$image/init"
(cd "$image" && find . | cpio --quiet -o -H newc -R 0:0) >"$initrd"
umount "$root" "$work"
rmdir "$work"
