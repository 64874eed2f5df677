# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
# no process can be started, then /run is full: nothing is half done, and it is said
policy() {
	printf '[device guest-gpu]\nid = 1234:1111\n'
}

# alone COMMAND...: in a cgroup that has room for this one process.
alone() {
	local group=/sys/fs/cgroup/alone

	mount -t cgroup2 cgroup2 /sys/fs/cgroup
	echo +pids >/sys/fs/cgroup/cgroup.subtree_control
	mkdir "$group"
	(
		echo 0 >"$group/cgroup.procs"
		echo 1 >"$group/pids.max"
		exec "$@"
	)
}

guest() {
	alone vfio-bind boot
	is "boot exits" $? 0
	check "the reason is said" eval 'log | grep -q "boot: cannot start a process: .*; nothing was changed"'
	override 02:00.0 '(null)'
	driver 02:00.0 none
	check_not "no report claims anything" [ -e "$report" ]

	mount -t tmpfs -o size=8k none /run
	cat /dev/zero >/run/filler 2>/dev/null
	vfio-bind boot
	is "boot with a full /run exits" $? 0
	driver 01:00.0 none
	driver 02:00.0 vfio-pci
	check "what it could not keep is said" eval 'log | grep -q "cannot keep the report in run/vfiokit: No space left"'
	check "each device has its line all the same" eval 'log | grep -q "02:00.0.*vfio-pci"'

	umount /run
	boot
	result ok
	verdict 02:00.0 bound
}
