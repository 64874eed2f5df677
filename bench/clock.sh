# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
#
# Functions: by which clock a virtual machine measures itself, BENCH_CLOCK.
#
# host: the time that QEMU takes. Without hardware virtualisation QEMU translates each piece of code when it first meets it,
# which no processor has to, and a program that runs for some milliseconds runs most of its code once.
# instructions: each instruction of the guest takes a nanosecond, and idle time passes at once. That leaves out what
# caches and memory cost, and is the same on a busy machine as on an idle one. For one processor only: with more, QEMU 7.2 gives each
# a turn of thousands of millions of instructions while the kernel starts them.

# Called by machine() of a case.
bench_clock()
{
	[ "$BENCH_CLOCK" = host ] || option -icount shift=0,sleep=off
}

# clock_name CLOCK: a line of the table that says how the rows behind it were measured.
clock_name()
{
	case $1 in
	instructions) echo "a clock that counts instructions, in the virtual machine:" ;;
	host) echo "the clock of this machine, with QEMU's own work in it:" ;;
	esac
}

# Waits until no other QEMU runs, because two of them would measure each other.
alone()
{
	local i

	for ((i = 0; i < 600; i++)); do
		pgrep -x qemu-system-x86 >/dev/null || return 0
		sleep 1
	done
}
