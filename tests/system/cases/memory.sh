# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2054,SC2154
# Huge pages, shared memory and the metadata of guests: there before they start, and given back to the last page

# A second node, small enough to be exhausted. Without processors of its own QEMU would not take memory of it.
machine()
{
	qemu+=(-m 1280 -smp 4,sockets=2,cores=2,threads=1 -object memory-backend-ram,id=m0,size=1024M -object memory-backend-ram,id=m1,size=256M
		-numa node,nodeid=0,cpus=0-1,memdev=m0 -numa node,nodeid=1,cpus=2-3,memdev=m1)
}

files() { "${CC:-cc}" -static -O2 -Wall -Wextra -Werror -o "$1/fragment" "$system/fragment.c"; }

pool=/sys/devices/system/node/node1/hugepages/hugepages-2048kB
pages() { cat $pool/nr_hugepages; }
has_pages() { [ "$(pages)" = "$1" ]; }
# Of 2 MiB and 4 MiB (orders 9 and 10), as pieces of 2 MiB.
free_pieces() { awk '$2 == "1," { n += $14 + 2 * $15 } END { print n + 0 }' /proc/buddyinfo; }
moved() { sed -n 's/^compact_migrate_scanned //p' /proc/vmstat; }
dropped() { sed -n 's/^drop_pagecache //p' /proc/vmstat; }
journal_has() { journalctl -b -t vfio-hook --no-pager | grep -q -- "$1"; }

# config LINE...: of [guests].
config() { { echo '[guests]'; printf '%s\n' "$@"; } >"$conf"; }

# Of 16 pages of node 1 each. [METADATA]
huge()
{
	define "$1" "$2" "$3<memoryBacking><hugepages/></memoryBacking><numatune><memory mode='strict' nodeset='1'/></numatune>"
}

# given_back WHEN: all but the three pages that were there before. What a kernel still adds goes with vfio-reconcile.timer.
given_back()
{
	check "given back: $1" wait_for 150 has_pages 3
	check "nothing is remembered: $1" wait_for 150 test ! -e /run/vfiokit/hugepages
}

two_guests()
{
	check "the first starts" start 1
	is "pages of one, three of which were there" "$(pages)" 16
	is "QEMU has them" "$(cat $pool/free_hugepages)" 0
	check "the second starts" start 2
	is "pages of both" "$(pages)" 32
	has "status shows them" "$(vfio-hook status)" "16 huge pages of 2 MiB on node 1 (13 added)"
	has "as JSON, too" "$(vfio-hook status --json | tr -d ' \t\n')" '"size":2097152,"count":16,"added":13'
	check "the first ends" destroy 1
	check "what it added is gone" wait_for 60 has_pages 19
	check "the second ends" destroy 2
	given_back "in the order of their starts"
	check "the first starts again" start 1
	check "the second starts again" start 2
	check "now the second ends first" destroy 2
	check "what that added is gone" wait_for 60 has_pages 16
	check "then the first" destroy 1
	given_back "in the other order"
}

# The hook has its pages and waits for D-Bus.
killed()
{
	local dbus
	dbus=$(pidof dbus-daemon)
	kill -STOP "$dbus"
	start 1 >/tmp/start 2>&1 &
	check "the hook has taken pages" wait_for 60 has_pages 16
	check "the hook is killed" pkill -KILL -x 50-vfiokit
	kill -CONT "$dbus"
	check_not "the start has failed" wait $!
	given_back "when the hook was killed"

	check "it starts behind that" start 1
	systemctl stop libvirtd.socket libvirtd-ro.socket libvirtd-admin.socket libvirtd.service
	kill -KILL "$(guard_of 1)" "$(qemu_of 1)"
	given_back "when guard and QEMU were killed, without libvirtd"
	systemctl start libvirtd
	check "libvirtd is back" wait_for 120 virsh -q domstate "$(uuid_of 1)"
}

short_and_fragmented()
{
	local before free
	before=$(dropped)
	config 'hugepages = 2M:150@1' 'require = hugepages'
	check_not "more than the node has is refused" start 1
	has "with what was wanted" "$(cat /tmp/out)" "it needs 150 huge pages of 2 MiB on node 1, and "
	has "and what was tried" "$(cat /tmp/out)" "also after caches were dropped and memory was compacted"
	check "caches were dropped" test "$(dropped)" -gt "$before"
	given_back "when too few could be had"

	free=$(awk '/MemFree/ { print int($4 / 1024) - 24 }' /sys/devices/system/node/node1/meminfo)
	/guest/fragment 1 "$free" >/tmp/fragment &
	check "memory is fragmented" wait_for 60 grep -q fragmented /tmp/fragment
	say "VM-INFO free blocks of node 1: $(grep 'Node 1' /proc/buddyinfo | tr -s ' ')"
	check "fewer of its pages than it needs are free in one piece" test "$(free_pieces)" -lt 16
	before=$(moved)
	config 'hugepages = auto' 'require = hugepages'
	check "it starts in fragmented memory" start 1
	is "with all its pages" "$(pages)" 16
	check "pages of others were moved for that" test "$(moved)" -gt "$before"
	kill $!
	check "it ends" destroy 1
	given_back "in fragmented memory"

	config 'hugepages = 2M:1@7' 'require = hugepages'
	check_not "a node that is not there is refused" start 1
	has "and named" "$(cat /tmp/out)" "on node 7, but this host has no such node"
}

shared_memory()
{
	config 'shm = looking-glass 1M libvirt-qemu:kvm' 'require = tuning'
	define 3 three
	check "a guest with shared memory starts" start 3
	is "its file" "$(stat -c '%U:%G %a %s' /dev/shm/looking-glass)" "libvirt-qemu:kvm 660 1048576"
	check "it ends" destroy 3
	check "its file is gone" wait_for 60 test ! -e /dev/shm/looking-glass
	install -o nobody -m 600 /dev/null /dev/shm/looking-glass
	check_not "a file of somebody else refuses the start" start 3
	has "and is named" "$(cat /tmp/out)" "/dev/shm/looking-glass: is there and belongs to nobody"
	is "and left" "$(stat -c '%U %a' /dev/shm/looking-glass)" "nobody 600"
	rm /dev/shm/looking-glass
}

metadata()
{
	huge 1 one "<metadata><x:guest xmlns:x='urn:vfiokit:guest:1'><x:hugepages>auto</x:hugepages></x:guest></metadata>"
	config 'inhibit = no'
	check_not "without its pages QEMU cannot start" start 1
	check "the journal names what is not allowed" journal_has "sets hugepages, which hooks.conf does not let it"
	config 'metadata = all'
	check "with the word of the file it starts" start 1
	is "with its pages" "$(pages)" 16
	check "it ends" destroy 1
	given_back "what the metadata wanted"
	check "virsh sets other metadata" virsh -q metadata "$(uuid_of 1)" urn:vfiokit:guest:1 --config --key vfiokit \
		--set '<guest><hugepages>auto</hugepages><shm>from-metadata 4k root:kvm</shm></guest>'
	check "it starts with these" start 1
	is "with its pages again" "$(pages)" 16
	check "and its file" test -f /dev/shm/from-metadata
	check "it ends again" destroy 1
	given_back "what virsh had set"
}

guest()
{
	echo 3 >$pool/nr_hugepages
	is "pages that are there before" "$(pages)" 3
	config 'hugepages = auto' 'require = hugepages'
	huge 1 one ""
	huge 2 two ""
	two_guests
	killed
	check "it starts" start 1
	# As many of them as the kernel finds.
	echo 40 >$pool/nr_hugepages
	number=$(pages)
	check "it has more now" test "$number" -gt 19
	check "it ends, and somebody else has set another number" destroy 1
	check "nothing of that is remembered" wait_for 60 test ! -e /run/vfiokit/hugepages
	is "that number is kept" "$(pages)" "$number"
	echo 3 >$pool/nr_hugepages
	short_and_fragmented
	shared_memory
	metadata
}
