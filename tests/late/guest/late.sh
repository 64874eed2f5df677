# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
#
# What a case may call besides lib.sh of tests/vm.

# monitor COMMAND: QEMU does it, soon.
monitor() {
	echo "MON $*" >/dev/ttyS1
}

present() {
	[ -e "$(dev "$1")" ]
}

absent() {
	! present "$1"
}

has_driver() {
	[ "$(link "$1" driver)" = "$2" ]
}

# driver ADDRESS WANT: the same as in lib.sh, but a unit may still be about to start. To see that a device stays where it is,
# ask said() first.
driver() {
	wait_for 20 has_driver "$1" "$2"
	is "driver of $1" "$(link "$1" driver)" "$2"
}

# idle: udev and all units for late devices have done what they had to.
idle() {
	udevadm settle -t 60
	wait_for 60 no_jobs
}

no_jobs() {
	! systemctl list-units --no-legend --all 'vfiokit-late@*' | grep -qE 'activating|deactivating' &&
		! systemctl list-jobs --no-legend | grep -q vfiokit-late@
}

# plug ADDRESS DEVICE...: plugs devices in, the last one last, and waits until all of it is done.
plug() {
	local address=$1 device

	shift
	for device; do monitor device_add "$device"; done
	check "$address was plugged in" wait_for 60 present "$address"
	sleep 0.5
	idle
}

unplug() {
	monitor device_del "$2"
	check "$1 was taken out" wait_for 60 absent "$1"
	idle
}

# last ADDRESS KEY: of the device in the latest run that is about it.
last() {
	flatten "$report" | awk -F '\t' -v address="$(full "$1")" -v key="$2" '
		{ k = $1; sub(/\.[a-z_]+$/, "", k); f = $1; sub(/.*\./, "", f); value[k, f] = $2 }
		f == "address" && $2 == address && k ~ /devices\.[0-9]+$/ { found[++n] = k }
		END {
			# The first report comes before its runs, wherever it stands in the file.
			for (i = 1; i <= n; i++) if (found[i] ~ /^\.runs/) best = found[i]
			if (best == "" && n > 0) best = found[n]
			if (n > 0) print value[best, key]; else print "no such device in any report"
		}'
}

# said ADDRESS WANT: the latest verdict, with its reason.
said() {
	local got tries=0

	while [ $tries -lt 20 ] && [ "$(last "$1" verdict)" != "${2%% *}" ]; do
		sleep 0.5
		tries=$((tries + 1))
	done
	got="$(last "$1" verdict) $(last "$1" reason)"
	is "verdict of $1" "${got% null}" "$2"
}

# because ADDRESS TEXT: the latest message has it.
because() {
	case $(last "$1" message) in
	*"$2"*) ok "message of $1: $2" ;;
	*) not_ok "message of $1 is '$(last "$1" message)', without '$2'" ;;
	esac
}

# trace_exec: counts programs from now on. executed [NAME]: how many were, but udevadm.
trace_exec() {
	local t=/sys/kernel/tracing

	[ -e $t/trace ] || mount -t tracefs tracefs $t
	echo 1 >$t/events/sched/sched_process_exec/enable
	echo 1 >$t/tracing_on
	: >$t/trace
}

executed() {
	grep 'filename=' /sys/kernel/tracing/trace | grep -v 'filename=[^ ]*/\(udevadm\|grep\)' | grep -c "filename=[^ ]*$1 "
}

# policy_is TEXT: another policy from now on.
policy_is() {
	printf '%b' "$1" >/etc/vfiokit/bind.conf
}
