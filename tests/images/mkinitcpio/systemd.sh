# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
# the real mkinitcpio, systemd init: our unit is before systemd-modules-load with MODULES=(bochs)
seconds() { echo 120; }

cmdline() {
	echo root=LABEL=vfiokit-root rw
}

policy() {
	printf '[device guest-gpu]\nid = 1234:1111\n'
}

disk() { :; }

# The exit code is 1: its systemd hook names files that Debian 12's systemd does not have yet. None of them is ours.
image() {
	. "$top/tests/images/mkinitcpio-real.sh"
	real_image "$1" "$2" "$3" 'MODULES=(bochs virtio_pci virtio_blk ext4)
		HOOKS=(systemd modconf block filesystems) COMPRESSION=cat' &&
		! grep 'ERROR.*vfio' "$log.build"
}

guest() {
	in_real_root 02:00.0 01:00.0
}
