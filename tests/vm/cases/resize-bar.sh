# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash disable=SC2154
# resize-bar: the kernel resizes a BAR before the bind, refuses what it cannot, and gets the old size back
#
# No device of QEMU has a resizable BAR (10.0), so a module puts the capability in front of an emulated one.

# Modules are built with the compiler that built the kernel: Debian 12 has that of 6.1.
kernels() { echo 6.1; }

machine() {
	twin_gpus
	port rp3 4
	# A ROM would keep the bridge's window from growing.
	device e1000e,bus=rp3,romfile=,netdev=rp3
	option -netdev user,id=rp3,restrict=on
}

policy() {
	cat <<-EOT
		[device nic]
		address    = 03:00.0
		allow      = network
		resize-bar = 0:8M
	EOT
}

image() {
	image_dynamic "$top/build/vfiokit"
	cp "$(image_module "$1" rebar)" rebar.ko
}

# size ADDRESS WANT: of BAR 0, as the kernel sees it (hexadecimal).
size() {
	local first last rest

	read -r first last rest <"$(dev "$1")/resource"
	is "size of BAR 0 of $1" "$(printf '%x' $((last - first + 1)))" "$2"
}

# ask WANT WORD...: vfiokit's exit code is WANT; its report is what the checks read from now on.
ask() {
	local want=$1

	shift
	report=/tmp/answer
	chroot /outside vfiokit "$@" --json >$report
	is "exit code of '$*'" $? "$want"
}

# said ADDRESS TEXT: its message has it.
said() {
	case $(field "$1" message) in
	*"$2"*) ok "of $1 it says '$2'" ;;
	*) not_ok "of $1 it says '$(field "$1" message)', not '$2'" ;;
	esac
}

# now_wants SIZE
now_wants() {
	sed -i "s/^resize-bar.*/resize-bar = 0:$1/" /outside/etc/vfiokit/bind.conf
}

# checks NAME TEXT: check finds that.
checks() {
	chroot /outside vfiokit check --json >/tmp/check
	flatten /tmp/check >/tmp/check.flat
	check "check finds $1" grep -q "name	$1\$" /tmp/check.flat
	check "check says '$2'" grep -qF "$2" /tmp/check.flat
}

guest() {
	insmod /rebar.ko device=0000:03:00.0
	echo 1 >"$(dev 03:00.0)/remove"
	echo 1 >/sys/bus/pci/rescan
	size 03:00.0 100000
	is "sizes that it can have" "$(cat "$(dev 03:00.0)/resource0_resize")" 000000000000007f
	boot
	result ok
	verdict 03:00.0 bind
	said 03:00.0 "with BAR 0 8M"
	size 03:00.0 800000
	driver 03:00.0 vfio-pci
	opens 03:00.0

	outside vfiokit list >/dev/null
	chroot /outside vfiokit check --json >/tmp/check
	flatten /tmp/check >/tmp/check.flat
	check_not "check finds nothing of it" grep -q 'name	prepare' /tmp/check.flat
	now_wants 4M
	checks prepare-unset "Its BAR 0 is '8M', and not '4M'"
	ask 0 release 03:00.0
	said 03:00.0 "BAR 0 is 1M again"
	size 03:00.0 100000

	# Not among its sizes: it is bound as it is.
	now_wants 128M
	checks prepare-value "Its BAR 0 cannot have 128M, as rule 'nic' wants; it can have: 1M 2M 4M 8M 16M 32M 64M."
	ask 0 bind 03:00.0 --allow network
	verdict 03:00.0 bind
	said 03:00.0 "warning: BAR 0 is not '128M' but '1M': the device does not offer that, only 1M 2M 4M 8M 16M 32M 64M"
	size 03:00.0 100000
	driver 03:00.0 vfio-pci
	ask 0 release 03:00.0
	now_wants 64M
	ask 0 bind 03:00.0
	size 03:00.0 4000000
	opens 03:00.0
}
