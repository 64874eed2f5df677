# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
# A disk that the host uses in any way refuses the start; a free one is the guest's alone

# Four disks to be given two partitions each, and four more; r cannot be written.
machine()
{
	local name

	for name in a b c d e f g r; do
		truncate -s 128M "$build/disk-$name"
		qemu+=(-drive "file=$build/disk-$name,if=none,id=disk-$name,format=raw,snapshot=on$([ $name != r ] || echo ,read-only=on)"
			-device "virtio-blk-pci,drive=disk-$name,serial=disk-$name")
	done
	mkfs.ext4 -q "$build/disk-r"
}

disk=/dev/disk/by-id/virtio-disk

# with DISK [XML]: defines the guest with it.
with()
{
	define 1 disky "" "<disk type='block' device='disk'><driver name='qemu' type='raw'/><source dev='$1'/>
		<target dev='vda' bus='virtio'/>$2</disk>" >/dev/null
}

# refused WHAT DISK PART: it does not start with that disk, the reason holds the part, and nothing is left.
refused()
{
	with "$2"
	check_not "refused: $1" start 1
	has "the reason: $3" "$(cat /tmp/out)" "$3"
	has "what it is about: $1" "$(cat /tmp/out)" "it is not started"
	check "nothing is left: $1" is_gone 1
}

# started WHAT DISK [XML]: it starts and ends.
started()
{
	with "$2" "$3"
	check "starts: $1" start 1
	check "ends: $1" destroy 1
}

guest()
{
	local name mounts tries starts

	for name in a b c d; do
		check "disk $name gets partitions" sfdisk -q $disk-$name <<<$'label: gpt\nsize=24M\nsize=24M'
	done
	check "there are partitions" wait_for 60 test -e $disk-d-part2
	check "a file system is made" mkfs.ext4 -q $disk-a-part1
	mkdir -p /mnt/a
	check "it is mounted" mount $disk-a-part1 /mnt/a

	refused "a mounted partition" $disk-a "is mounted on /mnt/a"
	refused "that partition itself" "$(realpath $disk-a-part1)" "is mounted on /mnt/a"
	started "its sibling" $disk-a-part2
	mount -o remount,ro /mnt/a
	refused "a partition mounted read-only" $disk-a "is mounted on /mnt/a"
	with $disk-a "<shareable/>"
	check_not "shareable, but the host uses it" start 1
	with $disk-a "<readonly/>"
	check_not "read-only, but the host uses it" start 1

	mkswap -q $disk-b-part2
	check "there is swap" swapon $disk-b-part2
	refused "swap" $disk-b "is swap of this host"
	swapoff $disk-b-part2

	check "there is a device of device mapper" dmsetup create stripe --table "0 2048 linear $(realpath $disk-c-part1) 0"
	refused "a device of device mapper" $disk-c "/dev/mapper/stripe is made of it"
	dmsetup remove stripe
	started "a disk that is free again" $disk-c

	check "there is an array" mdadm --create /dev/md7 --run --level=1 --raid-devices=2 --metadata=1.0 $disk-d-part1 missing
	refused "a member of an array" $disk-d "/dev/md7 is made of it"
	mdadm --stop /dev/md7 2>/dev/null

	mkfs.ext4 -q $disk-f
	perl -e 'use Fcntl; sysopen(D, $ARGV[0], O_RDONLY | O_EXCL) or die; sleep 3600' "$(realpath $disk-f)" &
	refused "a disk that a program holds" $disk-f "some program holds it exclusively (it holds ext4); end that"
	kill $!
	started "a disk that it has let go" $disk-f
	wipefs -qa $disk-f

	check "there is a btrfs of two disks" mkfs.btrfs -q -M -d single -m single $disk-f $disk-g
	mkdir -p /mnt/b
	check "it is mounted, too" mount -t btrfs $disk-f /mnt/b
	refused "the first disk of a btrfs" $disk-f "is mounted on /mnt/b"
	refused "the second disk of a btrfs" $disk-g "is mounted on /mnt/b"
	umount /mnt/b
	started "the second disk of a btrfs that is not mounted" $disk-g
	wipefs -qa $disk-f $disk-g

	check "there is a physical volume" vgcreate -qy group $disk-f
	check "there is a logical volume" lvcreate -qy -Wn -l 1 -n volume group
	refused "a physical volume that is in use" $disk-f "/dev/mapper/group-volume is made of it"
	vgchange -qan group
	started "a physical volume that is not active" $disk-f

	check "a disk that cannot be written is mounted" mount -o ro,noload $disk-r /mnt/b
	refused "a disk that cannot be written, in use" $disk-r "is mounted on /mnt/b"
	umount /mnt/b
	started "a disk that cannot be written" $disk-r "<readonly/>"
	with $disk-r
	check_not "QEMU cannot write to it" start 1
	check "that has left nothing" is_gone 1
	check "it can be mounted again" mount -o ro,noload $disk-r /mnt/b
	umount /mnt/b

	sleep 600 <$disk-e &
	started "one that somebody only has open" $disk-e
	with $disk-e
	check "the first guest has it" start 1
	define 2 second "" "<disk type='block' device='disk'><driver name='qemu' type='raw'/><source dev='$(realpath $disk-e)'/>
		<target dev='vda' bus='virtio'/></disk>"
	check_not "the second guest does not get it" start 2
	has "the reason names the first" "$(cat /tmp/out)" "guest disky has it"
	check "the second has left nothing" is_gone 2
	check "the first still has it" test "$(guard_state 1)" = active
	check "the first ends" destroy 1
	check "then the second gets it" start 2
	destroy 2
	with $disk-e "<shareable/>"
	define 2 second "" "<disk type='block' device='disk'><driver name='qemu' type='raw'/><source dev='$disk-e'/>
		<target dev='vda' bus='virtio'/><shareable/></disk>"
	check "the first starts with a disk that is shared" start 1
	check "the second does, too" start 2
	destroy 1
	destroy 2

	# A claim may name a disk twice: two controllers of one NVMe subsystem, or a disk and its controller.
	printf 'vfiokit-claim 1\nname twice\npending %d\nslice machine.slice\ncpus \ninhibit 0\nhold %s\nhold %s\ncheck %s\n' \
		"$(awk '{ printf "%d", $1 * 1000 + 60000 }' /proc/uptime)" $disk-e "$(realpath $disk-e)" $disk-e \
		>"/run/vfiokit/claims/$(uuid_of 9)"
	check "a disk by two names is held once" systemctl start "vfio-guard@$(uuid_of 9)"
	check "its guard is there" test "$(guard_state 9)" = active
	is "it says so" "$(grep -c "^held $disk-e$" "/run/vfiokit/held/$(uuid_of 9)")" 1
	rm "/run/vfiokit/claims/$(uuid_of 9)"
	check "it is free again" wait_for 30 is_gone 9

	printf '[guest disky]\nclaim-disks = no\n' >"$conf"
	with $disk-a
	check "a guest may be told to go on" start 1
	destroy 1
	rm "$conf"

	# No moment between the check and the claim: either the mount is first, and the guest does not start, or it fails.
	umount /mnt/a
	with $disk-a
	mounts=/tmp/mounts
	: >$mounts
	echo 0.2 >/tmp/pause
	(
		while [ ! -e /tmp/stop ]; do
			if mount $disk-a-part1 /mnt/a 2>/dev/null; then
				if [ -n "$(qemu_of 1)" ]; then echo "mounted while it runs" >>$mounts; fi
				umount /mnt/a
				sleep "$(cat /tmp/pause)" # or the guest would hardly ever be the first
			else
				echo refused >>$mounts
			fi
		done
	) &
	for ((tries = 0, starts = 0; tries < 30 && starts < 3; tries++)); do
		if virsh -q start "$(uuid_of 1)" --paused 2>/dev/null; then
			starts=$((starts + 1))
			sleep 1
			destroy 1
		fi
		echo "0.$((2 + tries / 4))" >/tmp/pause # so long that it is, on any machine
	done
	check "the guest was the first now and then" test "$starts" = 3
	touch /tmp/stop
	wait $!
	check "mounts were refused" grep -q refused $mounts
	check_not "none succeeded while the guest ran" grep -q mounted $mounts

	# A guest that is killed gives its disk back without any command.
	check "it starts once more" start 1
	kill -KILL "$(qemu_of 1)"
	check "its disk can be mounted" wait_for 30 mount $disk-a-part1 /mnt/a
	umount /mnt/a
	check "nothing is left at the end" wait_for 30 is_gone 1
	is "calls that systemd found wrong" "$(journalctl -b -t vfio-hook | grep -c 'Invalid argument')" 0
}
