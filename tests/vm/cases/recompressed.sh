# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
# vfio modules as .gz, .xz and .zst, whatever the running kernel can decompress
# Debian's depmod does not see modules in .gz, so their index is made from one of .xz.
both_kernels() { :; }

xz_to_gz() {
	find "$1" -name '*.ko.xz' -exec xz -d {} +
	find "$1" -name '*.ko' -exec gzip {} +
	LC_ALL=C sed -i 's/\.ko\.xz/.ko.gz/g' "$1/modules.dep" "$1/modules.dep.bin"
}

# Three module trees with nothing but vfio in them: /gz, /xz and /zst.
image() {
	local modules=usr/lib/modules/$2 format

	find "$modules" -name '*.ko.xz' -exec xz -d {} +
	find "$modules" -name '*.ko' ! -path '*/vfio/*' ! -name 'irqbypass*' -delete
	mv "$modules" plain
	for format in gz xz zst; do
		cp -a plain "$modules"
		case $format in
		zst) find "$modules" -name '*.ko' -exec zstd -q --rm {} + ;;
		# As Debian does it: the kernel cannot read all that xz can write.
		*) find "$modules" -name '*.ko' -exec xz --check=crc32 --lzma2=dict=1MiB {} + ;;
		esac
		image_depmod "$1" .
		[ $format != gz ] || xz_to_gz "$modules"
		mkdir $format
		mv "$modules" $format/
	done
	rm -r plain
}

policy() {
	cat <<-EOT
		[device guest-gpu]
		id = 1234:1111
	EOT
}

guest() {
	say "the kernel decompresses: $(cat /sys/module/compression 2>/dev/null || echo nothing)"
	for format in gz xz zst; do
		mv /$format/* /lib/modules/
		boot
		driver 02:00.0 vfio-pci
		check "$format: vfio_iommu_type1 was loaded" [ -d /sys/module/vfio_iommu_type1 ]
		echo >"$(dev 02:00.0)/driver_override"
		for module in vfio_pci vfio_pci_core vfio_virqfd vfio_iommu_type1 vfio irqbypass; do
			rmmod $module 2>/dev/null
		done
		check_not "$format: and everything unloaded" [ -d /sys/module/vfio ]
		rm -r /lib/modules/* /run/vfiokit
	done
}
