# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2016,SC2034,SC2154,SC2217
# vfiokit bind and release, on a folder: whatever is written there, no driver link changes, and the report has to say so.

# opened NODE: process 7, whose name is meant for a terminal, has it open.
opened()
{
	mkdir -p "$root/proc/7/fd"
	printf 'a\033[31mb\n' >"$root/proc/7/comm"
	: >"$root/proc/7/maps"
	ln -s "$1" "$root/proc/7/fd/3"
}

# sound: a node below 00:04.0.
sound()
{
	local card=$root/sys/devices/pci0000:00/0000:00:04.0/sound/card0/controlC0

	mkdir -p "$card"
	echo 116:5 >"$card/dev"
	echo DEVNAME=snd/controlC0 >"$card/uevent"
}

t "bind: a device that something has open is refused, with its holder"
sound
opened /dev/snd/controlC0
unchanged "$root/sys" kit bind 00:04.0 --allow network --json
exits 1
json bind
fits plan
verdict 00:04.0 "refuse open"
says 'a?[31mb (pid 7) has /dev/snd/controlC0 open'
is "holder in JSON" "$(query '.devices[0].holders[0] | "\(.pid) \(.command) \(.node)"')" "7 a?[31mb /dev/snd/controlC0"
is "command" "$(query .command)" bind

t "bind: open files are found by number, whatever their names are"
sound
echo 1:7 >"$root/sys/devices/pci0000:00/0000:00:04.0/sound/card0/controlC0/dev"
mkdir "$root/proc/self" 2>/dev/null
sleep 60 </dev/full &
sleeper=$!
sleep 60 </dev/zero &
other=$!
bounded unshare -m sh -c 'mount --bind /proc "$1/proc" && exec "$2/vfiokit" --root "$1" bind 00:04.0 --allow network --json' - "$root" "$build"
exits 1
verdict 00:04.0 "refuse open"
is "holder" "$(query ".devices[0].holders[] | select(.pid == $sleeper) | .node")" /dev/snd/controlC0
is "one that has something else open" "$(query ".devices[0].holders[] | select(.pid == $other) | .node")" ""
kill $sleeper $other

t "bind: what cannot be read counts as open"
sound
unchanged "$root/sys" kit bind 00:04.0 --allow network --json
verdict 00:04.0 "refuse open"
says "no process can be seen, so nobody knows who has it open"

t "bind: whatever call fails, what is open is not taken"
sound
opened /dev/snd/controlC0
stride=1
! grep -qa __asan_init "$build/vfiokit" || stride=11
inject=(strace -f -qq -E "ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0")
bind=("$build/vfiokit" --root "$root" bind 00:04.0 --allow network)
before=$(snapshot "$root/sys" 2>&1)
"${inject[@]}" -o "$work/trace" "${bind[@]}" >/dev/null 2>&1
calls=$(sed 's/^[0-9]* *//; s/(.*//' "$work/trace" |
	grep -E '^(openat2?|read|fcntl|fstat|newfstatat|readlinkat|readlink|getdents64|statfs|fstatfs|statx)$' | sort | uniq -c | awk '{ print $2 ":" $1 }')
[ -n "$calls" ] || fail "nothing was traced"
for call in $calls; do
	for n in $(seq 1 $stride "${call#*:}"); do
		"${inject[@]}" -o /dev/null -e trace="${call%:*}" -e inject="${call%:*}:error=EIO:when=$n" "${bind[@]}" >/dev/null 2>&1
		code=$?
		{ [ $code -lt 128 ] && [ $code != 99 ]; } || fail "${call%:*} $n: crashed ($code)"
		! grep -q 'override\|unbind' "$root/run/vfiokit/journal" 2>/dev/null || fail "${call%:*} $n: it is taken"
		rm -rf "$root/run/vfiokit"
	done
done
[ "$before" = "$(snapshot "$root/sys" 2>&1)" ] || fail "sys was changed"

t "bind --even-if-open goes on, and tells what came of it"
sound
opened /dev/snd/controlC0
kit bind 00:04.0 --allow network --even-if-open --json
exits 1
json bind
verdict 00:04.0 "fail probe"
is "driver" "$(query '.devices[0].driver_after')" e1000e
says "e1000e holds it"

t "bind: guards of the class hold for a request, too"
unchanged "$root/sys" kit bind 00:04.0 --json
exits 1
verdict 00:04.0 "refuse network"
says "it is a network controller; --allow network takes it all the same"
unchanged "$root/sys" kit bind 01:00.0 00:03.0 00:1f.0 --json
verdict 01:00.0 "refuse console"
verdict 00:03.0 "refuse storage"
verdict 00:1f.0 "refuse bridge"

t "bind: an interface that is up"
mkdir -p "$root/sys/class/net" "$root/sys/devices/pci0000:00/0000:00:04.0/net/eth0"
ln -s ../../devices/pci0000:00/0000:00:04.0/net/eth0 "$root/sys/class/net/eth0"
echo 0x1003 >"$root/sys/devices/pci0000:00/0000:00:04.0/net/eth0/flags"
unchanged "$root/sys" kit bind 00:04.0 --json
exits 1
verdict 00:04.0 "refuse network"
says "the host uses its network ("
says "eth0"

t "bind: a disk below it that is mounted"
mkdir -p "$root/sys/class/block" "$root/sys/dev/block" "$root/sys/devices/pci0000:00/0000:00:03.0/nvme/nvme0/nvme0n1" "$root/proc/self"
ln -sfn ../../../bus/pci/drivers/nvme "$devices/0000:00:03.0/driver"
echo 259:0 >"$root/sys/devices/pci0000:00/0000:00:03.0/nvme/nvme0/nvme0n1/dev"
ln -s ../../devices/pci0000:00/0000:00:03.0/nvme/nvme0/nvme0n1 "$root/sys/class/block/nvme0n1"
ln -s ../../devices/pci0000:00/0000:00:03.0/nvme/nvme0/nvme0n1 "$root/sys/dev/block/259:0"
echo '21 1 259:0 / /home rw - ext4 /dev/nvme0n1 rw' >"$root/proc/self/mountinfo"
printf 'Filename Type Size Used Priority\n' >"$root/proc/swaps"
unchanged "$root/sys" kit bind 00:03.0 --allow storage --even-if-open --json
exits 1
verdict 00:03.0 "refuse storage"
says "the host uses its storage (mount /home on nvme0n1)"

t "bind: the policy's rule holds, and only what is asked for is touched"
printf '[device nic]\naddress = 00:04.0\nid = 8086:ffff\n[device gpu]\nid = 10de:13c2\n' >"$policy"
unchanged "$root/sys" kit bind 00:04.0 --allow network --json
exits 1
verdict 00:04.0 "refuse identity"
is "number of devices" "$(query '.devices | length')" 1

t "bind: what the policy says of its group is part of it"
kit bind 02:00.0 --json
exits 1
verdict 02:00.0 "fail probe"
verdict 02:00.1 "fail group"
is "rule" "$(query '.devices[0].rule')" guest

t "bind: nothing is at this address"
unchanged "$root/sys" kit bind 0a:00.0
exits 1
says "0000:0a:00.0: skip absent: no device is at this address; nothing was changed"

t "bind: switched off is switched off"
echo vfiokit=off >"$root/proc/cmdline"
unchanged "$root/sys" kit bind 02:00.0 --json
exits 0
verdict 02:00.0 "skip cmdline"

t "bind: a broken policy binds nothing"
echo '[policy' >"$policy"
unchanged "$root/sys" kit bind 02:00.0
exits 2

t "bind and release: wrong usage"
for words in bind release "bind x" "bind 02:00.0 y" "release z" "release --all 02:00.0" "bind --all" "bind 02:00.0 --allow foo" \
	"release 02:00.0 --even-if-open" "bind --allow" "list --all" "release --allow storage 02:00.0"; do
	# shellcheck disable=SC2086 # words
	unchanged "$root" kit $words
	exits 2
	says "nothing was changed"
done

t "bind: in an initramfs it is not for people"
: >"$root/etc/initrd-release"
unchanged "$root" kit bind 02:00.0
exits 2
says "this is an initramfs"

t "release: nothing to give back"
unchanged "$root/sys" kit release 00:04.0 01:00.0 --json
exits 0
json release
verdict 00:04.0 "skip not-bound"
says "no VFIO driver has it, so there is nothing to give back"
unchanged "$root/sys" kit release --all
exits 0
says "release: result ok: 0 given back, 0 skipped, 0 refused, 0 failed"
unchanged "$root/sys" kit release 0a:00.0
exits 1
says "no device is at this address"

t "release: a guest has the group"
ln -sfn ../../../bus/pci/drivers/vfio-pci "$devices/0000:02:00.0/driver"
opened /dev/vfio/4
unchanged "$root/sys" kit release --all --json
exits 1
verdict 02:00.0 "refuse open"
says 'a?[31mb (pid 7) has /dev/vfio/4 open; stop that guest first'
verdict 02:00.1 ""

t "release: what did not come back is told, and a switch does not keep it"
ln -sfn ../../../bus/pci/drivers/vfio-pci "$devices/0000:02:00.0/driver"
opened /dev/vfio/5
echo vfiokit=off >"$root/proc/cmdline"
kit release 02:00.0 --json
exits 1
json release
verdict 02:00.0 "fail unbind"
fits plan
says "vfio-pci holds it"
is "kept" "$(query .command "$report")" release
