# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
# a unified kernel image of ukify and systemd-stub, with our add-on and rdinit= in it, started by UEFI

# The one with this systemd: Debian 12 has no ukify.
kernels() { echo 6.12; }

seconds() { echo 240; }

machine() {
	uefi
	twin_gpus
}

policy() {
	printf '[device guest-gpu]\nid = 1234:1111\n'
}

disk() {
	image_copy_modules "$1" "$PWD" efivarfs
	find usr/lib/modules -name 'efivarfs.ko.xz' -exec xz -d {} +
	image_depmod "$1" "$PWD"
}

# uki_tools: systemd's part of it, unpacked; prints where.
uki_tools() {
	local dir=$top/build/cache/vm/ukify

	[ -e "$dir/made" ] || {
		"$top/deps/apt.sh" trixie unpack "$dir" systemd-ukify systemd-boot-efi python3-pefile >&2 && touch "$dir/made"
	} || return
	echo "$dir"
}

# An image that knows nothing of vfiokit and gets as far as the real root, and the add-on behind it.
image() {
	local tools kit=${VFIOKIT:-$top/build/vfiokit}

	tools=$(uki_tools) || return
	"$kit" --root "$PWD" image --kernel "$2" --output "$3.addon" >"$log.addon" || return
	rm -r usr/sbin/vfio-bind etc/vfiokit
	find usr/lib/modules -name 'vfio*.ko*' -exec rm {} +
	image_like_booster "$1" "$2"
	find . | cpio --quiet -o -H newc | zstd -q >"$3.stock"
	PYTHONPATH=$tools/usr/lib/python3/dist-packages python3 "$tools/usr/bin/ukify" build --linux="$1/vmlinuz" --uname="$2" \
		--initrd="$3.stock" --initrd="$3.addon" --os-release=ID=vfiokit-test \
		--stub="$tools/usr/lib/systemd/boot/efi/linuxx64.efi.stub" \
		--cmdline="$machine_words rdinit=/root/.vfiokit-addon/vfio-bind" --output="$3.efi" >"$log.ukify" 2>&1 || {
		cat "$log.ukify"
		return 1
	}
	rm -f "$3.stock" "$3.addon"
	: >"$3.whole" # all of it is in the unified image
}

guest() {
	modprobe efivarfs
	mount -t efivarfs efivarfs /sys/firmware/efi/efivars
	check "systemd-stub has started this kernel" [ -e /sys/firmware/efi/efivars/StubInfo-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f ]
	check_not "the report is not in /run yet" [ -e "$report" ]
	check "status finds it" vfio-bind status
	is "image" "$(value .image)" add-on
	adopt 0
	in_real_root 02:00.0 01:00.0
}
