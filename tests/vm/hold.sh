# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Functions for cases in which an unbind never returns: before the binder runs, 03:00.0 is on
# vfio-pci and held open by vfio-open (hold in guest/lib.sh), and the policy wants another driver
# for it. Taking vfio-pci away from it blocks in the kernel until the holder is gone.

hold_machine()
{
	twin_gpus
	port rp3 4
	device pci-testdev,bus=rp3
}

hold_policy()
{
	cat <<-EOT
		[device held]
		address = 03:00.0
		driver  = pci-stub

		[device guest-gpu]
		address = 02:00.0
	EOT
}

hold_image()
{
	printf '[device held]\naddress = 03:00.0\n' >guest/hold.conf
}
