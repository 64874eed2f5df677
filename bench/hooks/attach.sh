# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
# From the udev event to libvirt's attach: vfio-usbd and the usual script; what the daemon takes while nothing happens

machine() { usb; }

seconds() { echo 1500; }

rounds=10
libvirt_log=/var/log/libvirt/libvirtd.log

# The usual script: from a rule of udev, with the numbers of the device in hand, and virsh.
usual_script()
{
	cat >/usr/local/bin/usb-attach <<-'EOT'
		#!/bin/bash
		virsh attach-device one /dev/stdin <<END
		<hostdev mode='subsystem' type='usb'>
		  <source><address bus='$((10#$BUSNUM))' device='$((10#$DEVNUM))'/></source>
		</hostdev>
		END
	EOT
	chmod 755 /usr/local/bin/usb-attach
	echo "ACTION==\"add\", SUBSYSTEM==\"usb\", ENV{DEVTYPE}==\"usb_device\", ENV{ID_PATH}==\"$(path_of 2)\"," \
		'RUN+="/usr/local/bin/usb-attach"' >/etc/udev/rules.d/99-usb-attach.rules
	udevadm control --reload
}

# calls: when libvirtd was asked to attach something, in seconds since 1970.
calls()
{
	sed -n 's/^\([0-9-]*\) \([0-9:.]*+0000\): .*virDomainAttachDevice\(Flags\)\?:.*/\1 \2/p' $libvirt_log | while read -r when; do
		date -d "$when" +%s.%N
	done
}

# last_event KERNEL|UDEV: when the kernel told of the newest device, or when udev was through with it, by udev's monitor.
last_event()
{
	local offset

	offset=$(perl -MPOSIX -e 'use Time::HiRes; printf "%.6f", Time::HiRes::time() - Time::HiRes::clock_gettime(1)')
	sed -n "s/^$1 *\[\([0-9.]*\)\] add .*(usb)\$/\1/p" /tmp/udev | tail -n 1 | awk -v "offset=$offset" '{ printf "%.6f\n", $1 + offset }'
}

# between NAME FROM TO: a line BENCH NAME with the microseconds.
between() { say "BENCH $1 $(awk -v "from=$2" -v "to=$3" 'BEGIN { printf "%.0f", (to - from) * 1e6 }')"; }
woken() { cat "/proc/$1"/task/*/status | awk '/^voluntary/ { n += $2 } END { print n }'; }

guest()
{
	local i pid before

	usb_guest 1 one
	printf '[usb ours]\nport = %s\nguest = one\n' "$(path_of 1)" >"$conf"
	# Otherwise libvirtd pings its clients every five seconds, which they answer.
	printf 'log_filters="1:libvirt"\nlog_outputs="1:file:%s"\nkeepalive_interval = -1\n' $libvirt_log >>/etc/libvirt/libvirtd.conf
	systemctl restart libvirtd
	systemctl start vfio-usbd
	pid=$(systemctl show -P MainPID vfio-usbd)
	usual_script
	start 1
	stdbuf -oL udevadm monitor --kernel --udev --subsystem-match=usb/usb_device >/tmp/udev &
	for ((i = 0; i < rounds; i++)); do
		serial line1 1
		wait_for 60 has_port 1 1 || not_ok "round $i of the daemon"
		between udev "$(last_event KERNEL)" "$(last_event UDEV)"
		between ours "$(last_event UDEV)" "$(calls | tail -n 1)"
		unplug line1
		wait_for 60 has_nothing 1
		serial line2 2
		wait_for 60 has_port 1 2 || not_ok "round $i of the script"
		between script "$(last_event KERNEL)" "$(calls | tail -n 1)"
		unplug line2
		virsh -q detach-device-alias one "$(held 1)"
		wait_for 60 has_nothing 1
	done
	sleep 5
	before=$(woken "$pid")
	sleep 30
	say "BENCH wake-ups $(($(woken "$pid") - before))"
	say "BENCH memory $(awk '/^Private/ { n += $2 } END { print n }' "/proc/$pid/smaps_rollup")"
	check "the guest ends" destroy 1
}
