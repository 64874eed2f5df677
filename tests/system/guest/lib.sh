# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What a case may call, in the Debian system. Every check prints VM-OK or VM-FAIL.

conf=/etc/vfiokit/hooks.conf

say() { echo "$*" >/dev/ttyS1; echo "$*"; }
ok() { say "VM-OK $*"; }
not_ok() { say "VM-FAIL $*"; }

# check TEXT COMMAND...: the command succeeds.
check() {
	local text=$1
	shift
	if "$@" >/tmp/out 2>&1; then ok "$text"; else not_ok "$text ($* failed: $(tail -c 300 /tmp/out | tr '\n' ' '))"; fi
}

check_not() {
	local text=$1
	shift
	if "$@" >/tmp/out 2>&1; then not_ok "$text ($* succeeded)"; else ok "$text"; fi
}

# is TEXT GOT WANT
is() {
	if [ "$2" = "$3" ]; then ok "$1: $2"; else not_ok "$1: is '$2', not '$3'"; fi
}

# has TEXT GOT PART
has() {
	if [[ $2 == *"$3"* ]]; then ok "$1"; else not_ok "$1: '$2' does not hold '$3'"; fi
}

# wait_for SECONDS COMMAND...: until it succeeds.
wait_for() {
	local until=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "$SECONDS" -lt "$until" ] || return 1
		sleep 0.2
	done
}

# uuid_of N: of guest N, which define makes.
uuid_of() { echo "00000000-0000-4000-8000-00000000000$1"; }

# define N NAME [XML of <domain>] [XML of <devices>]: a guest of 32 MB with neither disk nor system. guest_usb: its USB.
define() {
	cat >"/tmp/$1.xml" <<-EOT
		<domain type='qemu'><name>$2</name><uuid>$(uuid_of "$1")</uuid><memory unit='MiB'>32</memory><vcpu>1</vcpu>
		<os><type arch='x86_64' machine='q35'>hvm</type></os>$3
		<devices><emulator>/usr/bin/qemu-system-x86_64</emulator>${guest_usb:-<controller type='usb' model='none'/>}
		<memballoon model='none'/>$4</devices></domain>
	EOT
	virsh -q define "/tmp/$1.xml"
}

# before: what comes in front of guest() of a case.
before() { :; }

start() { virsh -q start "$(uuid_of "$1")" --paused; }
destroy() { virsh -q destroy "$(uuid_of "$1")"; }
# refused N TEXT REASON: it is not started, and its user is told why.
refused() {
	check_not "$2" start "$1"
	has "the reason" "$(cat /tmp/out)" "$3"
}
qemu_of() { pgrep -f "uuid $(uuid_of "$1")"; }
guard_of() { systemctl show -P MainPID "vfio-guard@$(uuid_of "$1").service"; }
guard_state() { systemctl is-active "vfio-guard@$(uuid_of "$1").service"; }

# effective UNIT: what the kernel lets it use. allowed UNIT: what systemd was told.
effective() { systemctl show -P EffectiveCPUs "$1"; }
# Where nobody needs the controller, systemd switches it off, and the root's CPUs are what counts.
kernel_effective() { cat "/sys/fs/cgroup/$1/cpuset.cpus.effective" 2>/dev/null || cat /sys/fs/cgroup/cpuset.cpus.effective; }
allowed() { systemctl show -P AllowedCPUs "$1"; }

# inhibitors: who blocks what, a line each.
inhibitors() {
	busctl --json=short call org.freedesktop.login1 /org/freedesktop/login1 org.freedesktop.login1.Manager ListInhibitors |
		grep -o '"[a-z:-]*","vfiokit","[^"]*","block"' | tr -d '"'
}
inhibits() { [ -n "$(inhibitors)" ]; }
inhibits_not() { [ -z "$(inhibitors)" ]; }
is_gone() { [ "$(guard_state "$1")" != active ] && [ ! -e "/run/vfiokit/claims/$(uuid_of "$1")" ]; }
