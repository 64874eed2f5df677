# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
# the VM of record.sh: a host with eight disks, of which four swap; vfiokit record against lsblk -O and lspci -k
machine() {
	local n

	twin_gpus
	for n in 3 4 5 6 7 8 9 10; do
		port rp$n $((n + 1))
		truncate -s 16M "$build/bench-record-$n"
		option -drive "file=$build/bench-record-$n,if=none,id=disk$n,format=raw,snapshot=on"
		device "nvme,serial=$n,drive=disk$n,bus=rp$n"
	done
}

policy() {
	printf '[device guest-gpu]\naddress = 02:00.0\n'
	printf '[device disk]\naddress = 0a:00.0\nallow = storage\n'
}

cmdline() { echo quiet; }
seconds() { echo 300; }

# lspci with its names, as it is on any system.
image() {
	install -m 755 "$BENCH/ns" usr/bin/
	image_dynamic "$top/build/vfiokit"
	image_dynamic "$(command -v lsblk)"
	image_dynamic "$BENCH/pciutils/usr/bin/lspci"
	install -D -m 644 /usr/share/misc/pci.ids usr/share/misc/pci.ids
}

guest() {
	local n i

	real_root
	coldplug
	check "there are disks" wait_for 60 test -b /dev/nvme7n1
	for n in 0 1 2 3; do
		mkswap /dev/nvme${n}n1 >/dev/null
		swapon /dev/nvme${n}n1
	done
	for i in 1 2 3 4 5 6 7 8; do # the first round only warms up
		for n in record lsblk lspci lspci lsblk record; do
			case $n in
			record) set -- vfiokit record ;;
			lsblk) set -- lsblk -O ;;
			lspci) set -- lspci -k ;;
			esac
			echo "BENCH $n $(ns "$@")" >>/tmp/bench || not_ok "$n failed"
		done
		[ $i != 1 ] || rm /tmp/bench
	done
	is "disks that are recorded" "$(grep -c '^storage = swap on nvme.n1$' /etc/vfiokit/bind.record)" 8 # and their ports
	check "lsblk shows them" sh -c 'lsblk -O | grep -q nvme7n1'
	check "lspci shows drivers" sh -c 'lspci -k | grep -q "driver in use: nvme"'
	cat /tmp/bench >/dev/ttyS1
}
