# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
# forty devices, default limits of the kernel log: each has its line
machine() {
	local slot function

	for slot in 8 9 a b c; do
		for function in 0 1 2 3 4 5 6 7; do
			device "pci-testdev,bus=pcie.0,addr=$slot.$function,multifunction=on"
		done
	done
}

policy() {
	cat <<-EOT
		[device guest-test]
		id    = 1b36:0005
		group = whole
	EOT
}

guest() {
	is "the limit" "$(cat /proc/sys/kernel/printk_devkmsg)" ratelimit
	boot
	result ok
	is "devices bound" "$(find /sys/bus/pci/drivers/vfio-pci/ -name '0000:*' | wc -l)" 40
	is "lines in the kernel log" "$(log | grep -c '0000:00:0[89abc]\.[0-7]')" 40
	is "lines lost" "$(dmesg | grep -c 'suppressed')" 0
}
