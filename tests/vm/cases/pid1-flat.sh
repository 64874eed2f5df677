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

image() {
	image_flatten "$2"
	modprobe -C /dev/null -d "$1/tree" -S "$2" --show-depends bochs |
		sed 's|.*/||; s|\.ko.*|.ko|' | tr - _ >guest/bochs
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
