# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# initramfs-tools, and the kernel has no vfio_iommu_type1: the hook says so, the boot, too
checked() { echo bookworm; }
prepare()
{
	early_conf_modules
	rm "$root/usr/lib/modules/$release"/kernel/drivers/vfio/vfio_iommu_type1.ko*
	depmod -b "$root" "$release"
}
generate() { initramfs_tools_image "$@"; }
finished() { expect "the hook names the missing module" grep -q 'has no module vfio_iommu_type1' "$image.log"; }
guest() {
	check_not "vfio_iommu_type1 is not loaded" [ -d /sys/module/vfio_iommu_type1 ]
	verdict 02:00.0 bind
	driver 02:00.0 vfio-pci
	check "the report says that no guest starts" reported '^\.errors\.0\.where	vfio_iommu_type1'
}
