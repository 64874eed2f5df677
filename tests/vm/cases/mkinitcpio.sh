# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
# mkinitcpio's busybox init, with our hooks and its order: before MODULES=(bochs), and into the real root
seconds() { echo 120; }

policy() {
	printf '[device guest-gpu]\nid = 1234:1111\n'
}

disk() { :; }

# The image is what our build() makes of it, by the documented API only.
image() {
	local policy=$PWD.policy tree=$PWD.tree config

	cp etc/vfiokit/bind.conf "$policy"
	rm -rf "$tree" ./*
	config='MODULES=(bochs virtio_pci virtio_blk ext4) HOOKS=(base udev)'
	KERNELDIR=$1 POLICY=$policy TREE=$tree PREPARE="eval cp $1/../busybox/bin/busybox usr/bin/; echo '$config' >etc/mkinitcpio.conf" \
		"$top/tests/images/sandbox.sh" / "$top/tests/mkinitcpio/mkinitcpio" -k "$2" -g /tmp/image >"$log.build" 2>&1 || {
		cat "$log.build"
		return 1
	}
	cp -a "$tree"/. .
	rm -rf "$tree" "$policy"
}

guest() {
	in_real_root 02:00.0 01:00.0
}
