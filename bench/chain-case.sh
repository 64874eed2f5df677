# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash disable=SC2046,SC2154
# the VM of slot.sh for the chain init: what stands in front of /init (BENCH_FRONT), and how long it takes
machine() {
	gpu_with_audio rp1 2
	gpu_with_audio rp2 3
	bench_clock
}

policy() {
	printf '[device guest-gpu]\nid = 1234:1111\n'
}

modules() {
	modprobe -C /dev/null -d "$1/tree" -S "$2" -a --show-depends vfio_iommu_type1 vfio-pci |
		sed -n "s|^insmod $1/tree\([^ ]*\).*|\1|p" | awk '!seen[$0]++'
}

cmdline() {
	case $BENCH_FRONT in
	binder) echo quiet rdinit=/usr/sbin/vfio-bind ;;
	floor) echo quiet rdinit=/usr/bin/floor -- 0000:02:00.0 $(cat "$BENCH/modules") ;;
	nothing) echo quiet rdinit=/init ;;
	esac
}

# What comes behind says in the kernel log when it begins.
image() {
	modules "$1" "$2" >"$BENCH/modules"
	install -m 755 "$BENCH/floor" usr/bin/
	mv init init.real
	cat >init <<-'EOT'
		#!/bin/sh
		busybox mount -t devtmpfs dev /dev
		echo "init begins" >/dev/kmsg
		busybox umount /dev
		exec /init.real "$@"
	EOT
	chmod 755 init
}

guest() {
	if grep -q rdinit=/init /proc/cmdline; then
		driver 02:00.0 none
	else
		driver 02:00.0 vfio-pci
	fi
	dmesg | sed -n 's/^\[ *\([0-9]*\)\.\([0-9]*\)\] .*\(as init process\|init begins\).*/BENCH chain \1\2/p' >/dev/ttyS1
	ok "measured"
}
