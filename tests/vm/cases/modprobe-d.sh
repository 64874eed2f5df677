# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
# modprobe.d: install and blacklist lines are not obeyed, options are, but for ids= that takes twins; no type1
policy() {
	cat <<-EOT
		[device guest-gpu]
		id = 1234:1111
	EOT
}

image() {
	mkdir -p etc/modprobe.d
	cat >etc/modprobe.d/vfio.conf <<-EOT
		install vfio-pci /bin/touch /install-was-run; /bin/false
		install vfio_iommu_type1 /bin/false
		install vfio_pci_core /bin/touch /install-was-run; /bin/false
		install irqbypass /bin/touch /install-was-run; /bin/false
		blacklist vfio-pci
		options vfio-pci disable_vga=1 ids=1234:1111
	EOT
}

guest() {
	boot
	result ok
	driver 02:00.0 vfio-pci
	driver 01:00.0 none
	check_not "the install line was not run" [ -e /install-was-run ]
	check "vfio_iommu_type1 was loaded" [ -d /sys/module/vfio_iommu_type1 ]
	is "disable_vga" "$(cat /sys/module/vfio_pci/parameters/disable_vga)" Y
	check "ids= is not passed on, and that is said" logged \
		'vfio-pci: ids= is set for it in modprobe.d or on the kernel command line; it is not passed on, because it cannot tell twin cards apart: the policy alone names devices'

	# Without the module that guests need beside it.
	rmmod vfio_iommu_type1
	rm /usr/lib/modules/*/kernel/drivers/vfio/vfio_iommu_type1.ko*
	echo 0000:02:00.0 >/sys/bus/pci/drivers/vfio-pci/unbind
	boot
	driver 02:00.0 vfio-pci
	check "what is missing is said" logged \
		'vfio_iommu_type1: cannot load this module; the devices are bound, but no guest starts until it is loaded'
}
