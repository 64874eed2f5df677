# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
#
# Functions: a case of tests/vm with an image of the real mkinitcpio, the checkout MKINITCPIO_SRC, which measures.

# shellcheck source-path=SCRIPTDIR source=slot.sh
. "$top/bench/slots/slot.sh"

machine()
{
	twin_gpus
	bench_clock
}

policy() { printf '[device guest-gpu]\nid = 1234:1111\nboot-vga = exclude\n'; }
cmdline() { echo quiet root=LABEL=vfiokit-root rw; }
disk() { :; }

# Run in the root that is being prepared (real_image): mkinitcpio's hook "bench" brings what measure.sh calls.
bench_prepare()
{
	root=$PWD dir=$KERNELDIR
	bench_program
	bench_unit
	cat >usr/lib/initcpio/install/bench <<-'EOT'
		build() {
			local file

			for file in /bench/*; do
				add_file "$file" "$file" "$(stat -c %a "$file")"
			done
			add_file /usr/lib/systemd/system/vfiokit-initrd.service.d/bench.conf
			in_array systemd "${_hooks[@]}" || return 0
			add_binary /usr/bin/dash /usr/bin/sh
			for file in rmmod mv readlink; do
				add_binary "$file"
			done
		}
	EOT
}

# bench_image KERNELDIR RELEASE OUT HOOKS. The exit code with systemd is 1, see tests/images/mkinitcpio/systemd.sh.
bench_image()
{
	# shellcheck source-path=SCRIPTDIR source=../../tests/images/mkinitcpio-real.sh
	. "$top/tests/images/mkinitcpio-real.sh"
	MORE=". $top/bench/slots/mkinitcpio.sh; bench_prepare" \
		real_image "$1" "$2" "$3" "MODULES=(virtio_pci virtio_blk ext4)
			BINARIES=(/usr/lib/systemd/systemd-udevd /usr/bin/systemd-tmpfiles)
			HOOKS=$4 COMPRESSION=cat" && ! grep 'ERROR.*\(vfio\|bench\)' "$log.build"
}
