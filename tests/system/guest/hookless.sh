# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
#
# Switches to the mode without the hook, for a case that is written for the hook: vfio-hookd does its work, but on events, so that
# it is waited for; and nothing can be refused.

has_started() { grep -q ^running "/run/vfiokit/claims/$(uuid_of "$1")" && [ "$(guard_state "$1")" = active ]; }
is_listening() { grep -q connected /run/vfiokit/hookd; }
# Claims stand before what follows from them is done, all under one lock.
is_settled() { flock /run/vfiokit/hooks.lock true; }

start()
{
	virsh -q start "$(uuid_of "$1")" --paused || return
	[ ! -e "$conf" ] || wait_for 60 has_started "$1" || return
	is_settled
}

# An event that was lost with libvirtd is made good by vfio-reconcile.timer, within a minute.
destroy() { virsh -q destroy "$(uuid_of "$1")" && wait_for 120 is_gone "$1" && is_settled; }

refused()
{
	check "$2: not without the hook" virsh -q start "$(uuid_of "$1")" --paused
	check "the reason is said" wait_for 60 sh -c "journalctl -b -t vfio-hookd -t vfio-guard | grep -F '$3'"
	check "it ends" destroy "$1"
}

rm /etc/libvirt/hooks/qemu.d/50-vfiokit
check "vfio-hookd starts" systemctl start vfio-hookd
check "it listens to libvirt" wait_for 60 is_listening
has "which of both is at work" "$(vfio-hook check --json)" '"vfio-hookd"'
