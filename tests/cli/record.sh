# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
# vfiokit record, and what vfio-bind makes of its file.

record=$root/etc/vfiokit/bind.record
twin='PCI: 00:04.0/05:00.0 030000 10de:13c2 1043:8508 - 9 boot_vga=0'

# insert LINE: a card, as one that was plugged in.
insert()
{
	printf '%s\n' "$1" >"$work/line"
	"$mktree" "$work/line" "$root" || fail "mktree"
}

t "the machine as recorded plans as before"
run plan --json
cp "$work/out" "$work/before"
kit record
exits 0
says "02:00.0: new"
is "mode" "$(stat -c %a "$record")" 600
run plan --json
exits 0
cmp -s "$work/out" "$work/before" || fail "the plan is another one"

t "a newcomer of the same id is refused, and record accepts it"
kit record
insert "$twin"
run plan --json
verdict 05:00.0 "refuse identity"
verdict 02:00.0 bind
kit record
exits 0
says "05:00.0: changed"
run plan --json
verdict 05:00.0 bind

t "a function that cannot be read: the old record stays, and the identity in it counts"
kit record
insert "$twin"
echo junk >"$devices/0000:02:00.0/uevent"
unchanged "$root/etc" kit record
exits 1
says "not every PCI function can be read; the old record stays as it is"
says "0000:02:00.0: its uevent cannot be read (it makes no sense)"
unchanged "$root/etc" kit record --needs
exits 0
printf 'follow = yes\n' >>"$policy"
run plan --json
verdict 02:00.1 "refuse group"
verdict 05:00.0 "refuse identity"

t "record --needs keeps identities and says what changed"
kit record
grep -v '^complete' "$record" >"$work/old"
insert "$twin"
printf '[device x]\naddress = 04:00.0\nallow = network\n' >>"$policy"
kit record --needs
exits 0
says "05:00.0: changed"
says "not accepted"
run plan --json
verdict 05:00.0 "refuse identity"
sed -n '/^\[device/,/^$/p' "$record" >"$work/now"
sed -n '/^\[device/,/^$/p' "$work/old" | cmp -s - "$work/now" || fail "an identity changed"

t "what else is of its kind is recorded, and never followed"
printf '[device guest]\npath = 0000:00:02.0/00.0\nfollow = yes\n' >"$policy"
twins() { sed -n '/^\[twin/,/^$/s/^path = //p' "$record" | paste -sd ' '; }
kit record
exits 0
is "what is complete" "$(grep '^complete' "$record")" "complete = twins"
is "twins" "$(twins)" 0000:00:01.0/00.0
cp "$record" "$work/new"
insert "$twin"
kit record --needs
is "twins, and a newcomer" "$(twins)" "0000:00:01.0/00.0 0000:00:04.0/00.0"
sed '/^complete/d; /^\[twin/,$d' "$work/new" >"$record"
kit record --needs
is "twins, of an old record" "$(twins)" "0000:00:01.0/00.0 0000:00:04.0/00.0"
sed '/^complete/d; /^\[twin/,$d' "$work/new" >"$work/old"
rm -r "$devices/0000:02:00.0"
kit record --needs
is "twins that are kept" "$(twins)" "0000:00:01.0/00.0 0000:00:04.0/00.0"
run plan --json
exits 1
is "what is planned" "$(query '[.devices[].verdict] | join(" ")')" skip
cp "$work/new" "$record"
run plan --json
verdict 05:00.0 bind
cp "$work/old" "$record"
kit record --needs
! grep -q '^complete =.* twins' "$record" || fail "who knows what was there?"
run plan --json
is "by an old record" "$(query '[.devices[].verdict] | join(" ")')" skip

t "the glue of each generator refreshes the needs, and accepts nothing"
for glue in initramfs-tools/hooks/vfiokit dracut/55vfiokit/module-setup.sh mkinitcpio/install/vfiokit; do
	grep -qE 'vfiokit record --needs' "$cli/../../$glue" || fail "$glue does not run record --needs"
	! grep -E 'vfiokit record' "$cli/../../$glue" | grep -qv -- --needs || fail "$glue runs record"
done

t "record --needs without a policy leaves no file"
rm "$policy"
unchanged "$root/etc" kit record --needs
exits 0

t "record --needs alone records no identity"
kit record --needs
exits 0
! grep -q '^\[device' "$record" || fail "a device is recorded"

t "what the host needs is recorded, and holds without the live system"
insert 'P: /devices/pci0000:00/0000:00:03.0/nvme/nvme0/nvme0n1'
insert 'F: proc/self/mountinfo=26 1 259:0 / / rw - ext4 /dev/nvme0n1 rw\n'
mkdir -p "$root/sys/class/block"
ln -s ../../devices/pci0000:00/0000:00:03.0/nvme/nvme0/nvme0n1 "$root/sys/class/block/nvme0n1"
printf '[device d]\naddress = 00:03.0\nallow = storage\n' >"$policy"
kit record
exits 0
says "00:03.0: storage: mount / on nvme0n1"
rm -r "$root/sys/class/block" "$root/proc/self"
run plan
exits 1
says "the host uses its storage (mount / on nvme0n1)"

t "a Bluetooth keyboard is recorded where its adapter is, and not at all on one of two"
keys='1000000000007 ff9f207ac14057ff febeffdfffefffff fffffffffffffffe'
insert "PCI: 00:14.0 0c0330 8086:a12f 1043:8694 - 8
P: /devices/virtual/misc/uhid/0005:046D:B33B.0003/input/input9
E: SUBSYSTEM=input
A: name=Board
A: capabilities/key=$keys
P: /devices/pci0000:00/0000:00:14.0/usb1/1-5/1-5:1.0/bluetooth/hci0
E: SUBSYSTEM=bluetooth"
kit record
exits 0
says "00:14.0: keyboard: Board"
grep -A 3 -F '[need 0000:00:14.0]' "$record" | grep -qx 'keyboard = Board' || fail "the record lacks it"
grep -q '^complete =.* keyboards' "$record" || fail "the keyboards are not complete"
insert "P: /devices/pci0000:00/0000:00:04.0/usb2/2-1/2-1:1.0/bluetooth/hci1
E: SUBSYSTEM=bluetooth"
kit record
exits 0
says "00:14.0: keyboard: Board (a guess)"
! grep -qE '^keyboard|^elsewhere|^\[need 0000:00:14.0|^complete =.* keyboards' "$record" || fail "it is recorded"

t "who makes virtual functions is recorded, and another card in its place makes none"
printf '[device nic]\naddress = 00:04.0\nvfs = 4\n' >"$policy"
echo 0 >"$devices/0000:00:04.0/sriov_numvfs"
echo 1 >"$devices/0000:00:04.0/sriov_drivers_autoprobe"
kit record
exits 0
says "00:04.0: new"
grep -A 4 -F '[device 0000:00:04.0]' "$record" | grep -qx 'rule = nic' || fail "the record lacks it"
run plan --json
exits 0
verdict 00:04.0 "skip vfs"
run plan --device 00:04.0 --udev
says "VFIOKIT_VFS=4"
sed -i 's/^id = 8086:10d3:.*/id = 8086:1572:8086:0000/' "$record"
run plan --device 00:04.0 --udev
says_not "VFIOKIT_VFS"
unchanged "$root/sys" run boot
run plan --json
exits 1
verdict 00:04.0 "refuse identity"
kit check --json
is finding "$(query '[.findings[] | select(.name == "record-identity").where] | join(" ")')" 0000:00:04.0
kit record --needs
says "not accepted"
kit record
says "00:04.0: changed"
run boot
exits 0
is "virtual functions" "$(cat "$devices/0000:00:04.0/sriov_numvfs")" 4
rm "$record"
kit check --json
is finding "$(query '[.findings[] | select(.name == "no-record").severity] | join(" ")')" hint

t "a broken record is said with its line, and the class rules hold"
printf '[record]\nversion = 1\njunk = 1\n' >"$record"
run plan --json
exits 2
is "where" "$(query '.errors[0].where')" "etc/vfiokit/bind.record:3"
verdict 02:00.0 bind

t "a record that cannot be read: nothing is taken"
mkdir "$record"
run plan --json
exits 1
verdict 02:00.0 "refuse identity"
says "the record cannot be read, so nobody can tell whether this is what rule"
says "cannot read the record: Is a directory; no rule's device is taken, 'vfiokit record' makes a new one"
rmdir "$record"
kit record
strace -f -qq -o /dev/null -P "$record" -e trace=read -e inject=read:error=EIO -E "ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0" \
	"$build/vfio-bind" --root "$root" plan --json >"$work/out"
is "exit code" $? 1
verdict 02:00.0 "refuse identity"
run plan --json
exits 0

t "a broken record: --needs keeps it, record makes a new one"
printf '[record]\nversion = 2\n' >"$record"
unchanged "$root" kit record --needs
exits 1
kit record
exits 0
grep -qx 'version = 1' "$record" || fail "no new record"

t "an image or a chroot shows no machine: the old record stays"
kit record
rm -r "$root/sys/bus/pci/devices"
unchanged "$root" kit record
exits 1
unchanged "$root" kit record --needs
exits 0

t "two at a time: one waits for the other, and gives up in the end"
kit record
cp "$record" "$work/old"
insert "$twin"
flock "$root/etc/vfiokit" sleep 1 &
holder=$!
sleep 0.3
before=$EPOCHREALTIME
kit record
exits 0
[ $((${EPOCHREALTIME/./} - ${before/./})) -gt 300000 ] || fail "it did not wait"
wait $holder
! cmp -s "$record" "$work/old" || fail "nothing was recorded"
cp "$record" "$work/old"
flock "$root/etc/vfiokit" sleep 14 &
holder=$!
sleep 0.3
kit record
exits 1
says "another one is at work, or the directory cannot be locked; the old record stays as it is"
cmp -s "$record" "$work/old" || fail "the record is another one"
kill $holder
wait $holder 2>/dev/null

t "errors of the policy: the old record stays"
kit record
printf '[device a]\nfoo = 1\n' >"$policy"
unchanged "$root" kit record
exits 2

t "the old record stays whole, whatever call fails"
kit record
cp "$record" "$work/old"
insert "$twin"
strace -f -qq -o "$work/trace" "$build/vfiokit" --root "$root" record >/dev/null 2>&1
calls=$(sed 's/^[0-9]* *//; s/(.*//' "$work/trace" | grep -E '^(openat2?|read|write|fsync|renameat2?|fstat|newfstatat|readlinkat|getdents64|statfs|mkdirat|unlinkat)$' | sort | uniq -c | awk '{ print $2 }')
[ -n "$calls" ] || fail "nothing was traced"
for call in $calls; do
	for n in 1 2 5 20 last; do
		cp "$work/old" "$record"
		[ "$n" != last ] || n=$(grep -cE "^[0-9]* *$call\(" "$work/trace")
		strace -f -qq -o /dev/null -e inject="$call:error=EIO:when=$n" "$build/vfiokit" --root "$root" record >/dev/null 2>&1
		[ $? -lt 128 ] || fail "$call $n: crashed"
		cmp -s "$record" "$work/old" || grep -q '^\[device 0000:02:00.1\]' "$record" || fail "$call $n: the record is not whole"
		grep -qx 'version = 1' "$record" || fail "$call $n: no record"
	done
done

t "whatever call of record fails: it says so, or all that the host needs is recorded"
needy_machine
kit record
exits 0
grep -qx 'complete = storage keyboards twins' "$record" || fail "it is not complete"
needs() { grep -E '^(\[need|storage|network|keyboard|complete)' "$record" | sed '/^keyboard/s/=.*//'; }
needs >"$work/needs"
is "needs" "$(grep -cE '^\[need 0000:00:0[356789a]' "$work/needs")" 7
stride=1
! grep -qa __asan_init "$build/vfiokit" || stride=11
strace -f -qq -o "$work/trace" -E "ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0" "$build/vfiokit" --root "$root" record >/dev/null 2>&1
calls=$(sed 's/^[0-9]* *//; s/(.*//' "$work/trace" |
	grep -E '^(openat2?|read|fcntl|fstat|newfstatat|readlinkat|getdents64|statfs|statx)$' | sort | uniq -c | awk '{ print $2 ":" $1 }')
[ -n "$calls" ] || fail "nothing was traced"
for call in $calls; do
	for n in $(seq 1 $stride "${call#*:}"); do
		rm -f "$record"
		strace -f -qq -o /dev/null -e trace="${call%:*}" -e inject="${call%:*}:error=EIO:when=$n" \
			-E "ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0" "$build/vfiokit" --root "$root" record >"$work/out" 2>"$work/err"
		code=$?
		{ [ $code -lt 128 ] && [ $code != 99 ]; } || fail "${call%:*} $n: crashed ($code)"
		[ $code != 0 ] || needs 2>&1 | cmp -s - "$work/needs" || fail "${call%:*} $n: exit 0, but not all needs"
	done
done

t "JSON"
kit record --json
exits 0
is "written" "$(query .written)" true
is "state" "$(query '.changes[0].state')" new
