# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# update-initramfs: the same image twice, without policy, with a broken one, without vfiokit, with our script too late
checked() { echo bookworm trixie; }
update() { in_root "$@" update-initramfs -c -k "$release"; }

# The least image that is one: it is not booted.
prepare()
{
	sed -i 's/^MODULES=.*/MODULES=list/' "$root/etc/initramfs-tools/initramfs.conf"
	rm -f "$root"/usr/share/initramfs-tools/hooks/crypt*
}

# Our files in an image, with modes and sums.
ours()
{
	rm -rf "$root/unpacked"
	in_root unmkinitramfs "/boot/initrd.img-$release" /unpacked
	our_files "$root/unpacked"
}

builds()
{
	builds_checks
	mv "$root"/usr/share/initramfs-tools/scripts/init-top/{00-,zz-}vfiokit
	says "a script that sorts after udev's is complained about" 'does not run /scripts/init-top/00-vfiokit' update
	mv "$root"/usr/share/initramfs-tools/scripts/init-top/{zz-,00-}vfiokit
	sed -i 's/^PREREQ=""/PREREQ="udev"/' "$root/usr/share/initramfs-tools/scripts/init-top/00-vfiokit"
	says "a script with a prerequisite is complained about" 'runs /scripts/init-top/udev before 00-vfiokit' update
	expect_not "which with VFIOKIT_STRICT=1 is an error" update VFIOKIT_STRICT=1
}
