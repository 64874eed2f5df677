# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash disable=SC2046,SC2086,SC2154
# the VM of boot.sh: two GPUs with audio; three ways to give the second one to vfio-pci
machine() {
	gpu_with_audio rp1 2
	gpu_with_audio rp2 3
	bench_clock
}

policy() {
	printf '[device guest-gpu]\nid = 1234:1111 8086:2668\ngroup = whole\n'
}

# As a distribution boots: with its messages, vfio-bind would also be measured writing to a serial line.
cmdline() {
	echo quiet
}

seconds() {
	echo 240
}

# The modprobe of the wiki's images, and of nearly all others, is that of kmod, with its shared libraries.
use_kmod() {
	local file kmod

	kmod=$(command -v kmod)
	rm usr/bin/modprobe
	mkdir -p lib64
	install -m 755 "$kmod" usr/bin/modprobe
	for file in $(ldd "$kmod" | grep -o '/[^ ]*'); do
		install -D "$file" ".$file"
	done
}

image() {
	use_kmod
	install -m 755 "$BENCH/floor" "$BENCH/ns" usr/bin/
	install -m 755 "$BENCH_WIKI" usr/bin/wiki.sh
	modprobe -C /dev/null -d "$1/tree" -S "$2" -a --show-depends vfio_iommu_type1 vfio-pci |
		sed -n "s|^insmod $1/tree\([^ ]*\).*|\1|p" | awk '!seen[$0]++' >bench-modules
}

functions="0000:02:00.0 0000:02:00.1"

# Back to where the kernel was before: no vfio module, no override, no report.
undo() {
	local f

	for f in $functions; do
		[ ! -e "$pci/$f/driver" ] || echo "$f" >"$pci/$f/driver/unbind"
		echo >"$pci/$f/driver_override"
	done
	rmmod vfio_pci vfio_pci_core vfio_iommu_type1 vfio_virqfd vfio irqbypass 2>/dev/null
	rm -rf /run/vfiokit
}

# once NAME COMMAND...: one measurement, and whether it did the job.
once() {
	local name=$1 f

	shift
	undo
	[ ! -e /sys/module/vfio ] || not_ok "vfio is still loaded before $name"
	echo "BENCH $name $(ns "$@")" >>/tmp/bench
	for f in $functions; do
		[ "$(link "$f" driver)" = vfio-pci ] || not_ok "$name did not bind $f"
	done
	[ -e /sys/module/vfio_iommu_type1 ] || not_ok "$name did not load vfio_iommu_type1"
}

# Knows no -i, and does not follow the softdep, without which no guest starts.
busybox_modprobe="busybox modprobe -a vfio_iommu_type1 vfio-pci"

guest() {
	local i

	for i in 1 2 3 4 5 6 7; do # the order alternates; the first round only warms up
		once binder vfio-bind boot
		once floor floor $functions $(cat /bench-modules)
		once wiki sh /usr/bin/wiki.sh
		once wiki-busybox env MODPROBE="$busybox_modprobe" sh /usr/bin/wiki.sh
		once wiki-busybox env MODPROBE="$busybox_modprobe" sh /usr/bin/wiki.sh
		once wiki sh /usr/bin/wiki.sh
		once floor floor $functions $(cat /bench-modules)
		once binder vfio-bind boot
		[ $i != 1 ] || rm /tmp/bench
	done
	undo
	for i in 1 2 3; do
		echo "BENCH plan $(ns vfio-bind plan)" >>/tmp/bench
	done
	cat /tmp/bench >/dev/ttyS1
	ok "measured"
}
