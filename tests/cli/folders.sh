# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154
# apply and boot on a folder of plain files, where nothing can be bound: the truth is told, exit codes
# fit, and nothing outside the folder is touched.

gpu=$devices/0000:02:00.0

# Nothing outside $root and the null device may be opened for writing, made, moved or removed, and no
# module may be loaded.
stays_inside()
{
	local trace=$work/trace

	LSAN_OPTIONS=detect_leaks=0 ASAN_OPTIONS=detect_leaks=0 timeout 30 strace -f -y -qq -s 300 \
		-e trace=%file,write,pwrite64,finit_module,init_module,delete_module,mount,umount2,ftruncate,fchmod \
		-o "$trace" "$build/vfio-bind" --root "$root" "$@" >"$work/out" 2>"$work/err"
	code=$?
	python3 "$cli/check-trace.py" "$root" <"$trace" >"$work/escapes" || fail "outside the root: $(head -n 1 "$work/escapes")"
}

for command in apply boot; do
	t "$command tells the truth"
	stays_inside $command --json
	json $command
	verdict 02:00.0 "fail probe"
	verdict 02:00.1 "fail group"
	verdict 01:00.0 "skip boot-vga"
	result error
	is "driver after" "$(query '.devices[] | select(.address == "0000:02:00.0").driver_after')" null
	[ -s "${report%/*}/journal" ] || fail "no journal"
	cmp -s <(jq -S . "$work/out") <(jq -S . "$report") || fail "the report in /run is another one"
	for word in override fail undone; do
		grep -q "^$word 0000:02:00.0 " "${report%/*}/journal" || fail "no '$word' in the journal"
	done

	t "$command leaves no override"
	run $command
	for function in 0 1; do
		head -c 1 "$devices/0000:02:00.$function/driver_override" | grep -q '^v' && fail "02:00.$function has one"
	done
done

t "exit codes of apply"
run apply
exits 1
printf '[device a]\naddress = 09:00.0\noptional = yes\n' >"$policy"
run apply
exits 0
rm "$policy"
run apply
exits 0
echo junk >"$policy"
run apply
exits 2

t "exit code 3 of apply"
rm -rf "$root"/sys/kernel/iommu_groups "$devices"/*/iommu_group
unchanged "$root/sys" run apply
exits 3
boots

for thing in directory vanished fifo dangling; do
	t "driver_override is a $thing"
	rm "$gpu/driver_override"
	case $thing in
	directory) mkdir "$gpu/driver_override" ;;
	fifo) mkfifo "$gpu/driver_override" ;;
	dangling) ln -s /nonexistent/file "$gpu/driver_override" ;;
	esac
	run apply --json
	exits 1
	json apply
	verdict 02:00.0 "fail probe"
	verdict 02:00.1 "fail group"
	run boot
	exits 0
done

for thing in directory vanished fifo dangling; do
	t "the driver's bind file is a $thing"
	file=$root/sys/bus/pci/drivers/vfio-pci/bind
	rm "$file"
	case $thing in
	directory) mkdir "$file" ;;
	fifo) mkfifo "$file" ;;
	dangling) ln -s /nonexistent/file "$file" ;;
	esac
	run apply --json
	exits 1
	json apply
	verdict 02:00.0 "fail probe"
	run boot
	exits 0
done

t "without the driver's directory: fail module, because a folder is not the running system"
rm -rf "$root/sys/bus/pci/drivers/vfio-pci"
stays_inside apply --json
is exit $code 1
json apply
verdict 02:00.0 "fail module"
stays_inside boot
is exit $code 0

t "as nobody: the truth, and nothing is changed"
find "$root" -exec chmod go-w {} + 2>/dev/null
unchanged "$root" run_as_nobody apply --json
exits 1
json apply
verdict 02:00.0 "fail probe"
unchanged "$root" run_as_nobody boot
exits 0

# A native driver holds the GPU.
held()
{
	ln -sfn ../../../../bus/pci/drivers/nouveau "$gpu/driver"
	mkdir -p "$root/sys/bus/pci/drivers/nouveau"
	: >"$root/sys/bus/pci/drivers/nouveau/unbind"
	: >"$root/sys/bus/pci/drivers/nouveau/bind"
	sed -i '1i DRIVER=nouveau' "$gpu/uevent"
	printf '[device guest]\naddress = 02:00.0\n' >"$policy"
}

t "apply outside an initramfs never unbinds"
held
stays_inside apply --json
is exit $code 0
json apply
verdict 02:00.0 "skip on-bound"
[ ! -s "$root/sys/bus/pci/drivers/nouveau/unbind" ] || fail "something was written to unbind"

t "plan says what boot would do"
held
run plan --json
verdict 02:00.0 bind

for sign in etc/initrd-release mounts; do
	t "in an initramfs ($sign) apply unbinds"
	held
	case $sign in
	mounts) mkdir -p "$root/proc/self"; printf 'rootfs / rootfs rw 0 0\n' >"$root/proc/self/mounts" ;;
	*) : >"$root/$sign" ;;
	esac
	stays_inside apply --json
	is exit $code 1
	is unbind "$(head -c 12 "$root/sys/bus/pci/drivers/nouveau/unbind")" 0000:02:00.0
	[[ $(query '.devices[0].verdict') == fail ]] || fail "not told as a failure"
	query '.devices[0].message' | grep -q 'nouveau holds it' || fail "the holder is not named: $(query '.devices[0].message')"
	stays_inside boot
	is exit $code 0
done

t "a mount line that only looks like rootfs is no initramfs"
held
mkdir -p "$root/proc/self"
printf '/dev/sda1 / ext4 rw 0 0\nrootfs /mnt rootfs rw 0 0\n' >"$root/proc/self/mounts"
run apply --json
verdict 02:00.0 "skip on-bound"

t "on-bound = skip holds in an initramfs, too"
held
: >"$root/etc/initrd-release"
echo 'on-bound = skip' >>"$policy"
unchanged "$root/sys" run boot --json
verdict 02:00.0 "skip on-bound"

t "links in our way in /run are not followed"
mkdir -p "${report%/*}"
echo precious >"$work/precious"
for file in bind.json bind.json.new journal; do ln -s "$work/precious" "${report%/*}/$file"; done
run boot
exits 0
is "the file behind the links" "$(cat "$work/precious")" precious

t "absolute links in the folder do not lead out of it: run"
rm -rf "$root/run" "$work/outside"
mkdir "$work/outside"
ln -s "$work/outside" "$root/run"
run boot
exits 0
[ ! -e "$work/outside/vfiokit" ] || fail "the report was written outside of the root"

t "absolute links in the folder do not lead out of it: sys"
mkdir -p "$work/outside"
cp "$gpu/driver_override" "$work/outside/"
ln -sfn "$work/outside/driver_override" "$gpu/driver_override"
unchanged "$work/outside" run boot
exits 0

t "links with .. in the folder do not lead out of it"
cp "$gpu/driver_override" "$work/outside/"
ln -sfn ../../../../../../../../../../../../../../../.."$work/outside/driver_override" "$gpu/driver_override"
unchanged "$work/outside" run boot
exits 0

t "dev/kmsg gets the lines of a boot"
mkdir -p "$root/dev"
: >"$root/dev/kmsg"
run boot
[ -s "$root/dev/kmsg" ] || fail "nothing was written to it"
[ ! -s "$work/err" ] || fail "lines are on stderr, too"

t "dev/kmsg that cannot be written: the lines go to stderr"
mkdir -p "$root/dev/kmsg"
run boot
exits 0
says 0000:02:00.0

t "a deadline of one second is kept"
start=$SECONDS
run boot --deadline 1
exits 0
[ $((SECONDS - start)) -le 3 ] || fail "it took $((SECONDS - start)) s"
run apply --deadline 1
[ -s "$report" ] || fail "no report"

t "2,000 devices in one policy"
limit=30
{
	for ((i = 0; i < 2000; i++)); do
		printf 'PCI: 00:02.0/%02x:%02x.%d 030000 10de:13c2 1043:8508 - %d\n' $((i / 256 + 16)) $((i / 8 % 32)) $((i % 8)) $((i + 10))
	done
} >"$work/many"
"$mktree" "$work/many" "$root"
run plan
exits 0
run boot
exits 0
run status
limit=20
