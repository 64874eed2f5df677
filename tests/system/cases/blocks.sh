# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
# Every controller behind a real stack of block devices is refused with the words, and so is data that nobody uses

# Named as what becomes of them: NVMe at 00:08.0 to 0e.0, the last with two controllers; virtio from 00:10.0 on.
nvme=(part luks raid1 btrfs1 idle many)
virtio=(raid2 btrfs2 swap resume closed member pv zfs free)

# vfiokit is built for Debian 12: Debian 13 has functions of libkmod under another version of their symbols.
full_suites() { echo bookworm; }

machine()
{
	local name slot=8 addr

	for name in "${nvme[@]}" "${virtio[@]}"; do
		truncate -s 160M "$build/disk-$name"
		qemu+=(-drive "file=$build/disk-$name,if=none,id=disk-$name,format=raw,snapshot=on")
	done
	for name in part luks raid1 btrfs1 idle; do
		printf -v addr %x $((slot++))
		qemu+=(-device "nvme,serial=$name,drive=disk-$name,addr=$addr")
	done
	qemu+=(-device "nvme-subsys,id=many,nqn=many"
		-device "nvme,id=one,serial=many,subsys=many,addr=d" -device "nvme,id=two,serial=many,subsys=many,addr=e"
		-device "nvme-ns,drive=disk-many,bus=one")
	slot=16
	for name in "${virtio[@]}"; do
		printf -v addr %x $((slot++))
		qemu+=(-device "virtio-blk-pci,drive=disk-$name,serial=$name,addr=$addr")
	done
}

cmdline() { echo apparmor=0 resume=/dev/disk/by-id/virtio-resume; }

# disk NAME: its node.
disk() { realpath "/dev/disk/by-id/virtio-$1" 2>/dev/null | grep -v by-id || realpath "/dev/disk/by-id/nvme-QEMU_NVMe_Ctrl_$1"; }

# rules: a rule for each controller; those of data that nobody uses do not say that they mean storage.
rules()
{
	local name slot=8

	for name in part luks raid1 btrfs1 idle many many2; do
		printf '[device %s]\naddress = 00:%02x.0\n%s\n' $name $((slot++)) "$([ $name = idle ] || echo allow = storage)"
	done
	slot=16
	for name in "${virtio[@]}"; do
		printf '[device %s]\naddress = 00:%02x.0\n' "$name" $((slot++))
		[[ " closed member pv zfs " == *" $name "* ]] || echo allow = storage
	done
}

# refuses SLOT WORDS: the plan and the record have it so.
refuses()
{
	check "$1: $2" grep -qF "0000:00:$1.0: refuse storage: the host uses its storage ($2)" /tmp/plan
	check "apply refuses $1, too" grep -q "0000:00:$1.0: refuse storage:" /tmp/apply
	check "recorded of $1: $2" recorded "$1" "storage = $2"
}

# holds SLOT WORDS: data, which forbids nothing to those who mean it.
holds()
{
	check "$1: $2" grep -qF "0000:00:$1.0: refuse storage: " <(grep -F "data: $2" /tmp/plan)
	check "recorded of $1: data: $2" recorded "$1" "data = data: $2"
}

recorded()
{
	sed -n "/^\[need 0000:00:$1.0\]/,/^\$/p" /etc/vfiokit/bind.record | grep -qxF "$2"
}

format()
{
	local i node

	# Nobody shall assemble again what is taken apart.
	ln -s /dev/null /etc/udev/rules.d/64-md-raid-assembly.rules
	udevadm control --reload
	mkdir -p /mnt/{part,lv,raid,btrfs,many}
	check "a disk gets a partition" sfdisk -q "$(disk part)" <<<$'label: gpt\nsize=120M'
	check "a file system is made" mkfs.ext4 -q "$(disk part)p1"
	check "it is mounted" mount "$(disk part)p1" /mnt/part
	truncate -s 16M /mnt/part/image
	check "a file on it is a loop device" losetup /dev/loop5 /mnt/part/image
	for node in luks closed; do
		check "$node is encrypted" cryptsetup -q luksFormat --type luks1 --pbkdf-force-iterations 1000 "$(disk $node)" /etc/hostname
	done
	check "it is opened" cryptsetup open --key-file /etc/hostname "$(disk luks)" opened
	check "a volume group is on it" vgcreate -qy group /dev/mapper/opened
	check "a volume is in it" lvcreate -qy -Wn -l 10 -n volume group
	check "a file system is in the volume" mkfs.ext4 -q /dev/group/volume
	check "the volume is mounted" mount /dev/group/volume /mnt/lv
	check "there is an array" mdadm --create /dev/md7 --run --level=1 --raid-devices=2 --metadata=1.2 "$(disk raid1)" "$(disk raid2)"
	check "there is a btrfs of two disks" mkfs.btrfs -q -M -d single -m single "$(disk btrfs1)" "$(disk btrfs2)"
	check "the btrfs is mounted" mount "$(disk btrfs1)" /mnt/btrfs
	check "there is swap" mkswap -q "$(disk swap)"
	check "it is in use" swapon "$(disk swap)"
	check "one namespace behind two controllers" mkfs.ext4 -q "$(disk many)"
	check "is mounted" mount "$(disk many)" /mnt/many
	check "a file system lies idle" mkfs.ext4 -q "$(disk idle)"
	check "there is a member of an array that is not there" mdadm --create /dev/md8 --run --level=1 --raid-devices=2 --metadata=1.2 "$(disk member)" missing
	check "it is stopped" mdadm --stop /dev/md8
	check "there is a volume group" vgcreate -qy other "$(disk pv)"
	for i in 0 1 2 3; do # the uberblocks of a ZFS label
		printf '\x0c\xb1\xba\0\0\0\0\0' | dd of="$(disk zfs)" bs=1 seek=$((131072 + i * 1024)) conv=notrunc status=none
	done
	udevadm trigger --subsystem-match=block
	udevadm settle -t 120
	# What udev does not know is read.
	for node in closed zfs; do rm "/run/udev/data/b$(lsblk -dno MAJ:MIN "$(disk $node)" | tr -d ' ')"; done
}

guest()
{
	local name

	check "there are disks" wait_for 120 test -e /dev/disk/by-id/virtio-free -a -e /dev/disk/by-id/nvme-QEMU_NVMe_Ctrl_many
	rules >/etc/vfiokit/bind.conf
	format
	lsblk -o NAME,TYPE,FSTYPE,MOUNTPOINT
	vfiokit record --needs >/tmp/record
	is "exit code of record" $? 0
	cat /etc/vfiokit/bind.record
	vfio-bind plan >/tmp/plan
	vfio-bind apply >/tmp/apply
	cat /tmp/plan

	refuses 08 "mount /mnt/part on $(basename "$(disk part)")p1"
	check "the loop device is recorded" recorded 08 "storage = /mnt/part/image of loop5 on $(basename "$(disk part)")p1"
	refuses 09 "mount /mnt/lv on $(basename "$(realpath /dev/group/volume)")"
	check "what is built on it is recorded" recorded 09 "storage = holder $(basename "$(disk luks)"): $(basename "$(realpath /dev/mapper/opened)")"
	refuses 0a "holder $(basename "$(disk raid1)"): md7"
	refuses 10 "holder $(basename "$(disk raid2)"): md7"
	refuses 0b "mount /mnt/btrfs on $(basename "$(disk btrfs1)")"
	refuses 11 "btrfs on $(basename "$(disk btrfs2)")"
	refuses 12 "swap on $(basename "$(disk swap)")"
	refuses 13 "resume=/dev/disk/by-id/virtio-resume on $(basename "$(disk resume)")"
	refuses 0d "mount /mnt/many on $(basename "$(disk many)")"
	refuses 0e "mount /mnt/many on $(basename "$(disk many)")"
	holds 0c "ext4 on $(basename "$(disk idle)")"
	holds 14 "crypto_LUKS on $(basename "$(disk closed)")"
	holds 15 "linux_raid_member on $(basename "$(disk member)")"
	holds 16 "LVM2_member on $(basename "$(disk pv)")"
	holds 17 "zfs_member on $(basename "$(disk zfs)")"
	check "an empty disk may go" grep -q '0000:00:18.0: bind' /tmp/plan
	is "devices on vfio-pci" "$(find /sys/bus/pci/drivers/vfio-pci/ -name '0000:*' 2>/dev/null)" ""

	# What is in use no more is only data, for which the rules have a word.
	umount /mnt/many
	swapoff "$(disk swap)"
	vfiokit record --needs >/tmp/record
	vfio-bind plan >/tmp/plan
	for name in 0d 0e 12; do
		check "$name may go now" grep -q "0000:00:$name.0: bind" /tmp/plan
	done
	check "the partition may not" grep -q '0000:00:08.0: refuse storage' /tmp/plan
}
