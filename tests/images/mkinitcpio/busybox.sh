# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
# the real mkinitcpio, busybox init: our early hook is before MODULES=(bochs) and udev
seconds() { echo 180; }

cmdline() {
	echo root=LABEL=vfiokit-root rw
}

policy() {
	printf '[device guest-gpu]\nid = 1234:1111\n'
}

disk() { :; }

image() {
	. "$top/tests/images/mkinitcpio-real.sh"
	real_image "$1" "$2" "$3" 'MODULES=(bochs virtio_pci virtio_blk ext4)
		BINARIES=(/usr/lib/systemd/systemd-udevd /usr/bin/systemd-tmpfiles)
		HOOKS=(base udev modconf block filesystems) COMPRESSION=cat' &&
		grep -qx 'exit code 0' "$log.build"
}

guest() {
	in_real_root 02:00.0 01:00.0
}
