# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# initramfs-tools, and an encrypted root: the prompt works with a GPU bound, and what is typed opens the disk
suites() { echo bookworm; }
checked() { echo bookworm; }
phrase=correct-horse
luks=$top/build/images/luks

# An empty encrypted disk, with a key that is cheap to derive, is made where cryptsetup is.
prepare()
{
	early_conf_modules
	echo CRYPTSETUP=y >>"$root/etc/cryptsetup-initramfs/conf-hook"
	truncate -s "$(($(stat -c %s "$dir/disk") + 4 * 1024 * 1024))" "$root/luks"
	printf %s "$phrase" | in_root cryptsetup luksFormat --batch-mode --type luks1 --pbkdf-force-iterations 1000 --key-file - /luks
	cp --sparse=always "$root/luks" "$luks"
	rm "$root/luks"
}

# QEMU fills it with the suite's disk, and needs no device mapper for that.
root_disk()
{
	qemu-img convert -n -f raw "$top/build/cache/debian/$1/disk" --object "secret,id=s,data=$phrase" \
		--target-image-opts "driver=luks,key-secret=s,file.filename=$luks" >&2
	echo "$luks"
}

generate() { initramfs_tools_image "$@"; }
cmdline() { echo cryptopts=target=cryptroot,source=/dev/vda root=/dev/mapper/cryptroot; }
seconds() { echo 400; }

# A person sits at the console, whose log is what it was.
extra_machine()
{
	local i

	mkfifo "$log.tty.in" "$log.tty.out"
	option -chardev "pipe,id=person,path=$log.tty,logfile=$log"
	for i in "${!qemu[@]}"; do
		[ "${qemu[i]}" != "file:$log" ] || qemu[i]=chardev:person
	done
}
beside()
{
	until [ -p "$1.tty.out" ]; do sleep 0.1; done
	cat "$1.tty.out" >/dev/null &
	until grep -qs 'Please unlock disk' "$1"; do sleep 0.5; done
	sleep 2
	printf '%s\n' "$phrase" >"$1.tty.in"
}

guest() {
	twin_cards
	run_once
	is "the root is on" "$(findmnt -n -o SOURCE /)" /dev/mapper/cryptroot
	check "which is encrypted" grep -q '^CRYPT-LUKS' /sys/block/dm-0/dm/uuid
}
