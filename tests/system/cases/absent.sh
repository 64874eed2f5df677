# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
# Without logind, machined, systemd or D-Bus, or with one that does not answer: in bounded time, and a guest starts

hook=/etc/libvirt/hooks/qemu.d/50-vfiokit
disk=/dev/disk/by-id/virtio-used

# A disk that is in use.
machine()
{
	truncate -s 64M "$build/used"
	qemu+=(-drive "file=$build/used,if=none,id=used,format=raw,snapshot=on"
		-device "virtio-blk-pci,drive=used,serial=used")
}

# by_hand OPERATION [COMMAND...]: a call for guest 1 as libvirt does it, by that command; its exit code, whether it printed
# anything on standard output, and whether it took long. Itself it has ten seconds.
by_hand()
{
	local op=$1 start=$SECONDS code
	shift
	"$@" $hook one "$op" "$([ "$op" = release ] && echo end || echo begin)" - </tmp/live.xml >/tmp/out 2>/tmp/err
	code=$?
	echo "exit $code$([ ! -s /tmp/out ] || echo ", noise")$([ $((SECONDS - start)) -lt 25 ] || echo ", late")"
}

# As on a host that has neither.
without_services() { unshare -m sh -c 'mount -t tmpfs none /run/dbus && mount -t tmpfs none /run/systemd && exec "$@"' - "$@"; }

# calls WHAT [COMMAND...]: every call ends in time, and none but "prepare" with a disk in use refuses anything.
calls()
{
	local what=$1 op
	shift
	for op in prepare started release; do
		is "$op $what" "$(by_hand $op "$@")" "exit 0"
	done
	mount $disk /mnt
	sed "s|<devices>|&<disk type='block' device='disk'><source dev='$disk'/><target dev='vda'/></disk>|" /tmp/plain.xml \
		>/tmp/live.xml
	is "prepare with a disk in use $what" "$(by_hand prepare "$@")" "exit 1"
	has "the reason $what" "$(cat /tmp/err)" "is mounted on /mnt"
	umount /mnt
	cp /tmp/plain.xml /tmp/live.xml
}

says() { journalctl -b -t vfio-hook -t vfio-guard --no-pager | grep -q "$1"; }

# starts_in_time WHAT
starts_in_time()
{
	local start=$SECONDS
	check "a guest starts: $1" start 1
	check "in time: $1" test $((SECONDS - start)) -lt 120
	is "its guard: $1" "$(guard_state 1)" active
	is "the kernel's word: $1" "$(kernel_effective system.slice)" "0-2"
}

guest()
{
	printf '[guests]\nisolate-cpus = 3\ninhibit = sleep\n' >"$conf"
	check "a file system is made" mkfs.ext4 -q $disk
	define 1 one
	virsh dumpxml one >/tmp/plain.xml
	cp /tmp/plain.xml /tmp/live.xml

	systemctl mask --runtime --now systemd-logind 2>/dev/null
	starts_in_time "without logind"
	check "it is said: without logind" says "guest one: cannot block sleep: .*tried again"
	systemctl unmask --runtime systemd-logind 2>/dev/null
	systemctl start systemd-logind
	check "its inhibitor comes with logind" wait_for 60 inhibits
	check "it ends" destroy 1
	check "no inhibitor is left" wait_for 30 inhibits_not

	# By hand, because libvirtd itself would wait for half a minute.
	systemctl kill -s STOP systemd-logind
	is "prepare with a logind that is silent" "$(by_hand prepare)" "exit 0"
	is "its guard with a logind that is silent" "$(guard_state 1)" active
	check "it is said: with a logind that is silent" says "guest one: cannot block sleep: Connection timed out; tried again"
	systemctl kill -s CONT systemd-logind
	check "its inhibitor comes when logind answers" wait_for 60 inhibits
	is "release" "$(by_hand release)" "exit 0"
	check "no inhibitor is left then" wait_for 30 inhibits_not

	# PID 1 cannot be stopped by a signal, but be frozen.
	echo 1 >/sys/fs/cgroup/init.scope/cgroup.freeze
	check_not "systemd is stalled" timeout 5 systemctl is-active dbus
	calls "with systemd stalled"
	echo 0 >/sys/fs/cgroup/init.scope/cgroup.freeze
	check "systemd is back" wait_for 60 systemctl is-active dbus
	check "nothing is left behind that" wait_for 60 is_gone 1
	is "the kernel's word behind that" "$(kernel_effective system.slice)" "0-3"
	check "nothing is inhibited behind that" wait_for 30 inhibits_not

	# This system has both still, and its timer would make good in between what these calls cannot do.
	systemctl stop vfio-reconcile.timer vfio-reconcile.service
	calls "without systemd and D-Bus" without_services
	is "the kernel's word without systemd" "$(kernel_effective system.slice)" "0-3"

	# libvirt then makes no scopes, and groups of its own.
	mv /usr/share/dbus-1/system-services/org.freedesktop.machine1.service /tmp
	systemctl mask --runtime --now systemd-machined 2>/dev/null
	systemctl reload dbus
	systemctl restart libvirtd
	check "libvirtd answers again" wait_for 120 virsh -q list
	define 1 one "<cputune><vcpupin vcpu='0' cpuset='3'/></cputune>"
	starts_in_time "without machined"
	is "its inhibitor without machined" "$(inhibitors)" "sleep,vfiokit,guest one runs,block"
	say "VM-INFO its group without machined: $(cut -d: -f3 "/proc/$(qemu_of 1)/cgroup")"
	check "its claim knows its QEMU" grep -q "^running $(qemu_of 1) " "/run/vfiokit/claims/$(uuid_of 1)"
	check "it ends without machined" destroy 1
	check "nothing is left without machined" is_gone 1
	is "the kernel's word behind it" "$(kernel_effective system.slice)" "0-3"
}
