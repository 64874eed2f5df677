# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
# A guard outlives its own death, ends with its guest even without libvirtd, and a guest that never comes is given up

# The disk that a guest is to have.
machine()
{
	truncate -s 64M "$build/free"
	qemu+=(-drive "file=$build/free,if=none,id=free,format=raw,snapshot=on"
		-device "virtio-blk-pci,drive=free,serial=free")
}

# As a user whom polkit lets suspend, but not against inhibitors.
can_suspend()
{
	runuser -u nobody -- busctl call org.freedesktop.login1 /org/freedesktop/login1 org.freedesktop.login1.Manager CanSuspend |
		sed 's/^s "\(.*\)"$/\1/'
}

guest()
{
	local uuid disk=/dev/disk/by-id/virtio-free pid guard

	uuid=$(uuid_of 1)
	printf '[guests]\nisolate-cpus = 3\ninhibit = sleep lid\n' >"$conf"
	cat >/etc/polkit-1/rules.d/10-test.rules <<-'EOT'
		polkit.addRule(function(action, subject) {
			if (action.id == "org.freedesktop.login1.suspend") return polkit.Result.YES;
			if (action.id.indexOf("org.freedesktop.login1.suspend") == 0) return polkit.Result.NO;
		});
	EOT
	systemctl restart polkit
	is "a user may suspend" "$(can_suspend)" yes
	check "a file system is made" mkfs.ext4 -q "$disk"
	define 1 "a b-ü" "" "<disk type='block' device='disk'><driver name='qemu' type='raw'/><source dev='$disk'/>
		<target dev='vda' bus='virtio'/></disk>"
	check "it starts" start 1
	is "its inhibitor" "$(inhibitors)" "sleep:handle-lid-switch,vfiokit,guest a b-?? runs,block"
	has "status knows it" "$(vfio-hook status)" "inhibits sleep:handle-lid-switch (held)"
	is "the kernel's word" "$(kernel_effective system.slice)" "0-2"
	check_not "its disk cannot be mounted" mount "$disk" /mnt
	is "a user may not suspend meanwhile" "$(can_suspend)" no
	# From systemd 257 on root may not, either; the unit, so that a failure of this is not the end of the machine.
	systemctl mask --runtime systemd-suspend.service 2>/dev/null
	[ "$(systemctl --version | sed -n '1s/systemd \([0-9]*\).*/\1/p')" -lt 257 ] ||
		has "root may not suspend meanwhile" "$(systemctl suspend 2>&1)" "Access denied"

	# Killed, it comes back with all that it held; the kernel's claim on the disk is never gone.
	guard=$(guard_of 1)
	kill -KILL "$guard"
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		mount "$disk" /mnt 2>/dev/null && not_ok "the disk was free for a moment" && umount /mnt
	done
	check "another guard is there" wait_for 60 sh -c "systemctl is-active vfio-guard@$uuid && [ \$(systemctl show -P MainPID vfio-guard@$uuid) != $guard ]"
	is "its inhibitors" "$(inhibitors | wc -l)" 1
	check_not "its disk still cannot be mounted" mount "$disk" /mnt
	# As an upgrade of the package does.
	guard=$(guard_of 1)
	systemctl --no-block try-restart 'vfio-guard@*.service'
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		mount "$disk" /mnt 2>/dev/null && not_ok "the disk was free for a moment, restarted" && umount /mnt
		[ "$(inhibitors | wc -l)" = 1 ] || not_ok "sleep was not blocked for a moment, restarted"
	done
	check "it was restarted" wait_for 60 sh -c "systemctl is-active vfio-guard@$uuid && [ \$(systemctl show -P MainPID vfio-guard@$uuid) != $guard ]"
	is "its inhibitors, restarted" "$(inhibitors)" "sleep:handle-lid-switch,vfiokit,guest a b-?? runs,block"
	has "status knows all of it, restarted" "$(vfio-hook status)" "inhibits sleep:handle-lid-switch (held)"
	is "the kernel's word, restarted" "$(kernel_effective system.slice)" "0-2"
	systemctl restart systemd-logind
	is "its inhibitors behind a restart of logind" "$(inhibitors | wc -l)" 1
	pid=$(guard_of 1)
	say "VM-INFO private memory of a guard: $(awk '/^Private/ { n += $2 } END { print n }' "/proc/$pid/smaps_rollup") KiB"
	check "that is at most 2 MiB" test "$(awk '/^Private/ { n += $2 } END { print n }' "/proc/$pid/smaps_rollup")" -le 2048

	# The guest is killed while nobody is there to notice.
	systemctl stop libvirtd.socket libvirtd-ro.socket libvirtd-admin.socket libvirtd.service
	check "QEMU lives on" qemu_of 1
	kill -KILL "$(qemu_of 1)"
	check "its guard ends without libvirtd" wait_for 60 is_gone 1
	check "the inhibitor is gone" wait_for 30 inhibits_not
	is "the kernel's word without a guest" "$(kernel_effective system.slice)" "0-3"
	check "its disk can be mounted again, without any command" mount "$disk" /mnt
	umount /mnt
	systemctl start libvirtd
	check "libvirtd is back" wait_for 120 virsh -q list

	# The daemon is killed while a guest runs, and comes back.
	check "it starts again" start 1
	systemctl kill -s KILL libvirtd
	check "its guard stays" test "$(guard_state 1)" = active
	systemctl start libvirtd
	check "libvirtd is back again" wait_for 120 virsh -q domstate "$uuid"
	is "the kernel's word behind a reconnect" "$(kernel_effective system.slice)" "0-2"
	check_not "its disk still cannot be mounted behind a reconnect" mount "$disk" /mnt
	check "it ends" destroy 1
	check "nothing is left" is_gone 1
	check "no inhibitor is left" inhibits_not
	is "a user may suspend again" "$(can_suspend)" yes
	is "the kernel's word at the end" "$(kernel_effective system.slice)" "0-3"
}
