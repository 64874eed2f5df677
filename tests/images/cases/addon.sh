# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
# an add-on beside a stock image of initramfs-tools, which knows nothing of vfiokit and wants the GPU's driver early
checked() { echo bookworm; }
glue() { echo none; }
prepare() { early_conf_modules; }

# As a boot loader does with two files.
generate()
{
	initramfs_tools_image "$1.stock" "$2" && in_root vfiokit image --kernel "$2" --output "$1.addon" &&
		cat "$root$1.addon" "$root$1.stock" >"$root$1"
}

finished()
{
	expect_not "the stock image has nothing of ours" grep -a vfio-bind "$root/image.stock"
	expect_not "nor does it bring vfio-pci" in_root sh -c 'lsinitramfs /image.stock | grep vfio-pci.ko'
}

cmdline() { echo rdinit=/root/.vfiokit-addon/vfio-bind; }

# Nothing of ours is in the image behind it: the report waits in /dev until one of ours runs in the real root.
guest()
{
	check "the report waits in /dev" [ -e /dev/.vfiokit/bind.json ]
	vfio-bind status
	twin_cards
	is "image" "$(value .image)" add-on
	run_once
}
