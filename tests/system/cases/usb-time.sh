# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
# From the udev event to libvirt's attach, a tenth of what the usual script takes; no wake-ups and little memory meanwhile

machine() { usb; }

rounds=10
log=/var/log/libvirt/libvirtd.log

# The usual script: from a rule of udev, with the numbers of the device in hand, and virsh. It says when it began.
usual_script()
{
	cat >/usr/local/bin/usb-attach <<-'EOT'
		#!/bin/bash
		echo "$EPOCHREALTIME" >>/tmp/script
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
	sed -n 's/^\([0-9-]*\) \([0-9:.]*+0000\): .*virDomainAttachDevice\(Flags\)\?:.*/\1 \2/p' $log | while read -r when; do
		date -d "$when" +%s.%N
	done
}

# last_event: when udev was through with the newest device, by its own monitor.
last_event()
{
	local offset

	offset=$(perl -MPOSIX -e 'use Time::HiRes; printf "%.6f", Time::HiRes::time() - Time::HiRes::clock_gettime(1)')
	sed -n 's/^UDEV *\[\([0-9.]*\)\] add .*(usb)$/\1/p' /tmp/udev | tail -n 1 | awk -v "offset=$offset" '{ printf "%.6f\n", $1 + offset }'
}

# between FROM TO: milliseconds
between() { awk -v "from=$1" -v "to=$2" 'BEGIN { printf "%.1f\n", (to - from) * 1000 }'; }
median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
woken() { cat "/proc/$1"/task/*/status | awk '/^voluntary/ { n += $2 } END { print n }'; }

guest()
{
	local i pid before

	usb_guest 1 one
	printf '[usb ours]\nport = %s\nguest = one\n' "$(path_of 1)" >"$conf"
	# Otherwise libvirtd pings its clients every five seconds, which they answer.
	printf 'log_filters="1:libvirt"\nlog_outputs="1:file:%s"\nkeepalive_interval = -1\n' $log >>/etc/libvirt/libvirtd.conf
	systemctl restart libvirtd
	systemctl start vfio-usbd
	pid=$(systemctl show -P MainPID vfio-usbd)
	usual_script
	start 1
	stdbuf -oL udevadm monitor --udev --subsystem-match=usb/usb_device >/tmp/udev &
	for ((i = 0; i < rounds; i++)); do
		serial line1 1
		wait_for 60 has_port 1 1 || not_ok "round $i of the daemon"
		between "$(last_event)" "$(calls | tail -n 1)" >>/tmp/ours
		unplug line1
		wait_for 60 has_nothing 1
		serial line2 2
		wait_for 60 has_port 1 2 || not_ok "round $i of the script"
		between "$(tail -n 1 /tmp/script)" "$(calls | tail -n 1)" >>/tmp/theirs
		unplug line2
		virsh -q detach-device-alias one "$(held 1)"
		wait_for 60 has_nothing 1
	done
	say "VM-INFO ours, ms: $(tr '\n' ' ' </tmp/ours)"
	say "VM-INFO the script's, ms: $(tr '\n' ' ' </tmp/theirs)"
	check "ours is at most a tenth: $(median </tmp/ours) against $(median </tmp/theirs) ms" \
		awk -v "ours=$(median </tmp/ours)" -v "theirs=$(median </tmp/theirs)" 'BEGIN { exit !(ours > 0 && ours <= theirs / 10) }'

	sleep 5
	before=$(woken "$pid")
	sleep 30
	is "wake-ups in half a minute" "$(($(woken "$pid") - before))" 0
	say "VM-INFO private memory: $(awk '/^Private/ { n += $2 } END { print n }' "/proc/$pid/smaps_rollup") KiB"
	check "that is at most 6 MiB" test "$(awk '/^Private/ { n += $2 } END { print n }' "/proc/$pid/smaps_rollup")" -le 6144
}
