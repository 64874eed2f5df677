# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
#
# Functions: a case whose image measures. bench_program puts measure.sh in place of vfio-bind.

bench_program()
{
	local release

	release=$(<"$dir/release")
	mkdir "$root/bench"
	mv "$root/usr/sbin/vfio-bind" "$root/bench/"
	cp "$top/build/bench/ns" "$top/build/bench/floor" "$root/bench/"
	install -m 755 "$top/bench/slots/measure.sh" "$root/usr/sbin/vfio-bind"
	modprobe -C /dev/null -d "$root" -S "$release" -a --show-depends vfio_iommu_type1 vfio-pci |
		sed -n "s|^insmod $root\([^ ]*\).*|\1|p" | awk '!seen[$0]++' | tr '\n' ' ' >"$root/bench/modules"
}

# Under systemd the shell that measures writes where the unit may not, and takes longer than vfio-bind may.
bench_unit()
{
	local dir=$root/usr/lib/systemd/system/vfiokit-initrd.service.d

	mkdir -p "$dir"
	printf '[Service]\nDevicePolicy=auto\nDeviceAllow=\nTimeoutStartSec=300\n' >"$dir/bench.conf"
}

# shellcheck source-path=SCRIPTDIR source=../clock.sh
[ -z "${top:-}" ] || . "$top/bench/clock.sh"
extra_machine() { bench_clock; }

# As a distribution boots.
cmdline() { echo quiet; }
seconds() { echo 600; }
