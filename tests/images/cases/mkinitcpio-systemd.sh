# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
# what our hook adds to a systemd image of mkinitcpio, under systemd in an initramfs that wants the GPU's driver early
checked() { echo bookworm; }
glue() { echo none; }
prepare() { early_modules_load; }

# ours KERNEL FILE: what our build() adds, by mkinitcpio's documented calls.
ours()
{
	local kernel

	kernel=$("$top/tests/vm/kernel.sh" "$suite") || return
	[ "$(<"$kernel/release")" = "$1" ] || { echo "the kernel is not $1"; return 1; }
	policy >"$image.policy"
	KERNELDIR=$kernel POLICY=$image.policy PREPARE="eval echo 'MODULES=(bochs) HOOKS=(systemd)' >etc/mkinitcpio.conf" \
		"$top/tests/images/sandbox.sh" / "$top/tests/mkinitcpio/mkinitcpio" -k "$1" -g "$2"
}

# The rest is dracut's, because Debian has no mkinitcpio: the systemd, its units, and the modules of the disk. There
# /usr/sbin is a link, as in images of mkinitcpio.
generate()
{
	in_root mkdir /tree &&
		dracut_image /stock "$2" --no-hostonly &&
		in_root sh -c 'cd /tree && lsinitrd --unpack /stock && cp -a usr/sbin/. usr/bin/ && rm -r usr/sbin && ln -s bin usr/sbin' &&
		ours "$2" "$image.ours" &&
		(cd "$root/tree" && cpio --quiet -id <"$image.ours") &&
		in_root depmod -b /tree "$2" &&
		(cd "$root/tree" && find . | cpio --quiet -o -H newc -R 0:0) >"$root$1"
}

finished()
{
	expect "vfio-bind is in it" [ -x "$root/tree/usr/bin/vfio-bind" ]
	expect "the unit is the only thing that starts it" [ -L "$root/tree/usr/lib/systemd/system/sysinit.target.wants/vfiokit-initrd.service" ]
	expect_not "no hook of dracut's does" grep -rq vfio-bind "$root/tree/usr/lib/dracut"
	rm -f "$image.ours" "$image.policy"
}

guest() { twin_cards; run_once; }
