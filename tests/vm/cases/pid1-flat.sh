# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
# as PID 1 in an image like booster's: modules in one flat directory, no index of them
cmdline() {
	echo rdinit=/usr/sbin/vfio-init
}

policy() {
	cat <<-EOT
		[device guest-gpu]
		id = 1234:1111
	EOT
}

# What booster does with modules: all in one directory, decompressed, underscores in their names.
image() {
	local file name

	find "usr/lib/modules/$2" -name '*.ko.xz' -exec xz -d {} +
	find "usr/lib/modules/$2" -name '*.ko' | while read -r file; do
		name=$(basename "$file" | tr - _)
		mv "$file" "usr/lib/modules/$name"
	done
	modprobe -C /dev/null -d "$1/tree" -S "$2" --show-depends bochs |
		sed 's|.*/||; s|\.ko.*|.ko|' | tr - _ >guest/bochs
	rm -r "usr/lib/modules/$2"
	: >usr/lib/modules/booster.alias
	echo "kernel: $2" >etc/booster.init.yaml
	: >etc/initrd-release
	ln -s vfio-bind usr/sbin/vfio-init
}

guest() {
	started_like_an_init
	driver 02:00.0 vfio-pci
	check "vfio_iommu_type1 was loaded" [ -d /sys/module/vfio_iommu_type1 ]
	while read -r module; do
		insmod "/usr/lib/modules/$module"
	done </guest/bochs
	driver 01:00.0 bochs-drm
	driver 02:00.0 vfio-pci
	opens 02:00.0
}
