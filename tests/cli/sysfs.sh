# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
# sysfs files that vanish, are empty or hold junk: the device is left out or refused, with a line, and so is what belongs to it.

junk() { head -c "${2:-5000}" /dev/urandom >"$1"; }

# The four ways in which a file can be wrong, in place of the one called $1.
vanished() { rm -rf "$1"; }
empty() { rm -rf "$1"; : >"$1"; }
noise() { rm -rf "$1"; junk "$1"; }
is_directory() { rm -rf "$1"; mkdir "$1"; }
is_fifo() { rm -rf "$1"; mkfifo "$1"; }
is_dangling() { rm -rf "$1"; ln -sf /nonexistent/file "$1"; }
wrong_files="vanished empty noise is_directory is_fifo is_dangling"

gpu=$devices/0000:02:00.0

# Nobody has given 02:00.0 away, and a line speaks of it; everything else is as it was.
left_out()
{
	unchanged "$root" run plan
	says 0000:02:00.0
	run plan --json
	json
	[[ $(query '.devices[] | select(.address == "0000:02:00.0").verdict') != bind ]] || fail "02:00.0 is bound all the same"
	verdict 01:00.0 "skip boot-vga"
	run boot
	exits 0
	kit list --json
	json list
}

# Nobody can tell what 02:00.0 is: not its sound either.
unknown()
{
	left_out
	run plan --json
	exits 1
	verdict 02:00.1 "refuse group"
	binds_nothing
}

for wrong in $wrong_files; do
	t "uevent $wrong"
	$wrong "$gpu/uevent"
	unknown
	run plan
	exits 1
	says "the uevent of 0000:02:00.0 in the same IOMMU group cannot be read ("
	says "; no driver holds it"
	run boot
	exits 0

	t "uevent $wrong, its slot is named"
	printf '[device guest]\naddress = 02:00.0 02:00.1\n' >"$policy"
	$wrong "$gpu/uevent"
	run plan --json
	exits 1
	json
	verdict 02:00.0 "refuse identity"
	verdict 02:00.1 "refuse group"
	is "what it is" "$(query '.devices[] | select(.address == "0000:02:00.0") | [.id, .subsystem, .class, .console, .iommu_group] | @json')" \
		'[null,null,null,null,4]'
	kit bind 02:00.0
	exits 1
	says "0000:02:00.0: refuse identity: rule 'guest' names this slot, but nobody can tell what is in it (uevent: "
	kit release 02:00.0
	exits 1
	says "0000:02:00.0: refuse identity: "
done

while IFS='|' read -r what text; do
	t "uevent with $what"
	printf '%b' "$text" >"$gpu/uevent"
	unknown
done <<'EOT'
no class|PCI_ID=10DE:13C2\nPCI_SUBSYS_ID=1043:8508\n
a class of junk|PCI_CLASS=banana\nPCI_ID=10DE:13C2\nPCI_SUBSYS_ID=1043:8508\n
an empty class|PCI_CLASS=\nPCI_ID=10DE:13C2\nPCI_SUBSYS_ID=1043:8508\n
a class that is too large|PCI_CLASS=1030000\nPCI_ID=10DE:13C2\nPCI_SUBSYS_ID=1043:8508\n
an endless class|PCI_CLASS=333333333333333333333333333333333333\nPCI_ID=10DE:13C2\n
no id|PCI_CLASS=30000\n
half an id|PCI_CLASS=30000\nPCI_ID=10DE\n
an id of junk|PCI_CLASS=30000\nPCI_ID=ZZZZ:13C2\n
an id that is too long|PCI_CLASS=30000\nPCI_ID=10DE0:13C2\n
a subsystem of junk|PCI_CLASS=30000\nPCI_ID=10DE:13C2\nPCI_SUBSYS_ID=:\n
a driver's name of 100 characters|DRIVER=dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd\nPCI_CLASS=30000\nPCI_ID=10DE:13C2\n
NUL bytes|\0\0\0PCI_CLASS=30000\nPCI_ID=10DE:13C2\n
EOT

t "uevent with a driver's name of junk: text and JSON stay clean"
printf 'DRIVER=\e[31m\xff\nPCI_CLASS=30000\nPCI_ID=10DE:13C2\nPCI_SUBSYS_ID=1043:8508\n' >"$gpu/uevent"
run plan
! grep -q $'\e' "$work/out" || fail "an escape sequence is on stdout"
run plan --json
json
kit list
! grep -q $'\e' "$work/out" || fail "an escape sequence is in the list"
kit list --json
json list

t "uevent of all devices empty"
for file in "$devices"/*/uevent; do : >"$file"; done
run plan --json
json
binds_nothing
run boot
exits 0

t "the device's directory is gone (dangling link)"
rm "$gpu"
ln -s ../../../devices/gone "$gpu"
left_out
says "it was listed, but is gone"
run plan --json
verdict 02:00.1 bind

t "the device is a file"
rm "$gpu"
echo >"$gpu"
unknown

for wrong in $wrong_files; do
	t "iommu_group $wrong"
	$wrong "$gpu/iommu_group"
	[ "$wrong" != is_dangling ] || ln -sfn ../../kernel/nowhere/4x "$gpu/iommu_group"
	left_out
	run plan --json
	exits 1
	if [ "$wrong" = vanished ]; then
		verdict 02:00.0 "refuse no-iommu"
		verdict 02:00.1 bind
	else
		verdict 02:00.0 "refuse group"
		verdict 02:00.1 "refuse group"
	fi
done

t "iommu_group of one device of junk, the other in another slot"
mv "$gpu" "$work/gpu"
run plan --json
verdict 02:00.1 bind
cp -a "$work/gpu" "$devices/0000:03:00.0"
rm -f "$devices/0000:03:00.0/iommu_group"
mkdir "$devices/0000:03:00.0/iommu_group" "$root/sys/kernel/iommu_groups/4/devices/0000:03:00.0"
run plan --json
verdict 02:00.1 "refuse group"
verdict 03:00.0 "refuse group"
run plan
says "the iommu_group of 0000:03:00.0 in the same IOMMU group cannot be read (Invalid argument)"

for number in 1048577 4294967296 99999999999999999999999 -1 4x ''; do
	t "group '$number'"
	ln -sfn "../../../kernel/iommu_groups/$number" "$gpu/iommu_group"
	left_out
	run plan --json
	verdict 02:00.0 "refuse group"
	verdict 02:00.1 "refuse group"
done

t "group 1048576 costs no memory"
ln -sfn ../../../kernel/iommu_groups/1048576 "$gpu/iommu_group"
run plan --json
json
peak=$(python3 -c 'import resource, subprocess, sys
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)' "$build/vfio-bind" --root "$root" plan)
[[ $build == */san ]] || [ "$peak" -le 16384 ] || fail "peak memory $peak KiB"

# Both cards' files are wrong, or the console's: whoever names it must not get it.
for wrong in empty noise is_directory is_fifo is_dangling; do
	t "boot_vga of the console $wrong, its rule names it by address"
	printf '[device guest]\naddress = 01:00.0\n' >"$policy"
	$wrong "$devices/0000:01:00.0/boot_vga"
	run plan
	says 0000:01:00.0
	run plan --json
	binds_nothing
done

t "boot_vga of another card of junk: it is left out or refused"
echo yes >"$gpu/boot_vga"
left_out

t "boot_vga of the console is junk, a framebuffer shows that it is the console"
junk "$devices/0000:01:00.0/boot_vga"
mkdir "$devices/0000:01:00.0/efi-framebuffer.0"
run plan --json
verdict 01:00.0 "skip boot-vga"
verdict 02:00.0 bind

t "nobody can tell whether a framebuffer is below the console, its rule names it by address"
printf '[device guest]\naddress = 01:00.0\n' >"$policy"
rm -f "$devices"/*/boot_vga
ln -s efi-framebuffer.0 "$devices/0000:01:00.0/efi-framebuffer.0"
run plan --json
binds_nothing
verdict 01:00.0 "skip boot-vga"

# screen_info with a framebuffer at 0xc0000000, as EFI leaves it.
screen_info()
{
	mkdir -p "$root/sys/kernel/boot_params"
	{
		head -c 15 /dev/zero
		printf '\x70'
		head -c 8 /dev/zero
		printf '\0\0\0\xc0\0\0\x10\0'
		head -c 100 /dev/zero
	} >"$root/sys/kernel/boot_params/data"
}

t "resource holds the framebuffer"
screen_info
printf '0x00000000c0000000 0x00000000cfffffff 0x0000000000042208\n' >"$gpu/resource"
run plan --json
verdict 02:00.0 "skip boot-vga"

for wrong in $wrong_files; do
	t "resource $wrong, while no other device holds the framebuffer"
	screen_info
	rm -f "$devices"/*/boot_vga
	printf '[device guest]\naddress = 02:00.0\n' >"$policy"
	printf '0x00000000f0000000 0x00000000ffffffff 0x0000000000042208\n' >"$devices/0000:01:00.0/resource"
	$wrong "$gpu/resource"
	run plan
	says 0000:02:00.0
	run plan --json
	binds_nothing
done

for wrong in $wrong_files; do
	t "screen_info and iomem $wrong"
	mkdir -p "$root/sys/kernel/boot_params"
	: >"$root/proc/iomem"
	: >"$root/sys/kernel/boot_params/data"
	$wrong "$root/proc/iomem"
	$wrong "$root/sys/kernel/boot_params/data"
	run plan --json
	exits 0
	verdict 02:00.0 bind
done

t "iomem of two megabytes of junk"
head -c 2000000 /dev/urandom >"$root/proc/iomem"
run plan --json
verdict 02:00.0 bind

for file in secondary_bus_number sriov_numvfs serial_number; do
	for wrong in empty noise is_directory is_fifo is_dangling; do
		t "$file $wrong"
		$wrong "$gpu/$file"
		run plan --json
		json
		run boot
		exits 0
	done
done

t "a serial number of junk: text and JSON stay clean"
printf '[device guest]\naddress = 02:00.0\nserial = 1\n' >"$policy"
printf '\e[31m\xff\n' >"$gpu/serial_number"
run plan
! grep -q $'\e' "$work/out" || fail "an escape sequence is on stdout"
run plan --json
json
verdict 02:00.0 "refuse identity"

t "driver link dangling"
ln -s ../../../bus/pci/drivers/gone "$gpu/driver"
run plan --json
json
verdict 02:00.0 bind
run boot
exits 0

for wrong in empty noise is_directory is_fifo; do
	t "driver link $wrong"
	$wrong "$gpu/driver"
	run plan --json
	json
	run boot
	exits 0
	run status --json
	json status
done

t "a driver link to a name of 200 characters"
ln -s "../../../bus/pci/drivers/$(printf 'd%.0s' {1..200})" "$gpu/driver"
run plan --json
json
run apply --json
json apply

for entry in junk 02:00 0000:02:00.8 0000:02:20.0 0000:02:00.0.bak $'new\nline' $'\e[31m' $'\xff\xfe' "$(printf 'x%.0s' {1..250})"; do
	t "an entry $(printf %q "${entry:0:20}") among the devices"
	mkdir "$devices/$entry"
	cp "$gpu/uevent" "$devices/$entry/"
	run plan
	exits 0
	! grep -q $'\e' "$work/out" || fail "an escape sequence is on stdout"
	grep -q 'left out' "$work/out" || fail "no line about it"
	run plan --json
	exits 0
	json
	verdict 02:00.0 bind
	is entries "$(query '.devices | length')" 4
done

for entry in 02:00.0 0000:0A:00.0 00000000:02:00.0; do
	t "the entry $entry is not how the kernel writes an address"
	mkdir "$devices/$entry"
	cp "$gpu/uevent" "$devices/$entry/"
	run plan --json
	exits 0
	json
	is "entries for 02:00.0" "$(query '[.devices[] | select(.address == "0000:02:00.0")] | length')" 1
	is entries "$(query '.devices | length')" 4
done

for wrong in $wrong_files; do
	t "sys/bus/pci/devices $wrong"
	$wrong "$devices"
	run plan --json
	json
	binds_nothing
	exits 1 # there is an IOMMU, but what the rule wants is absent
	run boot
	exits 0
	kit list
	kit list --json
	json list
done

t "sys/bus/pci/devices is a file: the true reason is given"
empty "$devices"
run plan
says "Not a directory"

t "no sys at all"
rm -rf "$root/sys"
run plan --json
exits 3
json
result nothing
run boot
exits 0

for wrong in $wrong_files; do
	t "sys/kernel/iommu_groups $wrong"
	$wrong "$root/sys/kernel/iommu_groups"
	run plan --json
	json
	run boot
	exits 0
done

for wrong in $wrong_files; do
	t "osrelease $wrong"
	$wrong "$root/proc/sys/kernel/osrelease"
	run plan --json
	exits 0
	json
	verdict 02:00.0 bind
done

t "osrelease leads out of the module directory"
echo ../../../../../../../../etc >"$root/proc/sys/kernel/osrelease"
run plan --json
exits 0

for wrong in empty noise is_directory is_fifo; do
	t "disable_denylist $wrong"
	mkdir -p "$root/sys/module/vfio_pci/parameters"
	$wrong "$root/sys/module/vfio_pci/parameters/disable_denylist"
	run plan --json
	exits 0
	json
done

# The indexes of depmod, damaged: without vfio-pci's driver directory, plan must look into them.
for wrong in empty noise short half flipped is_directory is_fifo; do
	t "module indexes $wrong"
	rm -rf "$root/sys/bus/pci/drivers/vfio-pci"
	modules=$root/lib/modules/6.1.0-test
	mkdir -p "$modules/kernel"
	printf 'kernel/vfio-pci.ko:\n' >"$modules/modules.dep"
	: >"$modules/kernel/vfio-pci.ko"
	printf 'alias vfio_pci:v*d*sv*sd*bc*sc*i* vfio_pci\n%s' "$(seq 300 | sed 's/.*/alias pci:v0000&d*sv*sd*bc*sc*i* other&/')" >"$modules/modules.alias"
	depmod -b "$root" 6.1.0-test 2>/dev/null
	for file in dep alias symbols builtin builtin.alias; do
		file=$modules/modules.$file.bin
		[ -e "$file" ] || continue
		case $wrong in
		short) truncate -s 14 "$file" ;;
		half) truncate -s $(($(stat -c %s "$file") / 2)) "$file" ;;
		flipped) python3 -c 'import random, sys
d = bytearray(open(sys.argv[1], "rb").read()); random.seed(1)
for i in range(12, len(d)): d[i] = random.randrange(256)
open(sys.argv[1], "wb").write(d)' "$file" ;;
		*) $wrong "$file" ;;
		esac
	done
	run plan --json
	json
	printf '[policy]\ndriver = auto\n%s' "$(good_policy)" >"$policy"
	run plan --json
	json
	run boot
	exits 0
done

for rule in id path drop-in; do
	t "whatever call of plan fails: both functions of the second card are bound, or none; and nothing else ($rule)"
	case $rule in
	path) printf '[device guest]\npath = 00:02.0/00.0 00:02.0/00.1\n[device other]\nserial = 1\noptional = yes\n' >"$policy" ;;
	drop-in)
		printf '[device guest]\nid = 10de:13c2 10de:0fbb\nboot-vga = allow\n' >"$policy"
		printf '[device guest]\naddress = 02:00.0 02:00.1\n' >"$dropins/50-site.conf"
		;;
	esac
	strace -f -qq -o "$work/trace" -E "ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0" "$build/vfio-bind" --root "$root" plan >"$work/out"
	is "without a failure" "$(grep -c ': bind: ' "$work/out")" 2
	calls=$(sed 's/^[0-9]* *//; s/(.*//' "$work/trace" |
		grep -E '^(openat2?|read|fstat|newfstatat|readlinkat|getdents64|statfs|statx)$' | sort | uniq -c | awk '{ print $2 ":" $1 }')
	[ -n "$calls" ] || fail "nothing was traced"
	for call in $calls; do
		total=${call#*:}
		for n in $(seq 1 $((total > 40 ? total / 40 : 1)) "$total"); do
			# The leak checker does not work under strace.
			strace -f -qq -o /dev/null -e inject="${call%:*}:error=EIO:when=$n" -E "ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0" \
				"$build/vfio-bind" --root "$root" plan >"$work/out" 2>"$work/err"
			code=$?
			{ [ $code -lt 128 ] && [ $code != 99 ]; } || fail "${call%:*} $n: crashed ($code)"
			bound=$(sed -n 's/: bind: .*//p' "$work/out" | tr '\n' ' ')
			[[ -z $bound || $bound == "0000:02:00.0 0000:02:00.1 " ]] || fail "${call%:*} $n: binds $bound"
		done
	done
done

t "what may be in use counts as used"
needy_machine
run plan --json
for device in 00:03.0 00:05.0 00:06.0 00:07.0 00:0a.0; do verdict $device "refuse storage"; done
verdict 00:08.0 "refuse last-input"
verdict 00:09.0 "refuse network"
verdict 00:02.0 bind
rm -r "$root/sys/class/input" "$root/sys/class/net"
run plan --json
verdict 00:08.0 bind
verdict 00:09.0 bind
: >"$root/sys/class/input"
run plan
says "0000:00:08.0: refuse last-input: nobody can tell which keyboards hang on it (sys/class/input: Not a directory)"
says "0000:00:09.0: refuse last-input"
rm "$root/sys/class/input"
: >"$root/sys/class/net"
run plan
says "0000:00:08.0: refuse network: nobody can tell whether the host uses a network interface behind it (sys/class/net: "
says "0000:00:09.0: refuse network"
: >"$root/etc/initrd-release"
run plan --json
verdict 00:08.0 bind
verdict 00:09.0 bind
rm "$root/etc/initrd-release" "$root/sys/class/net"
rm -r "$root/sys/class/block"
: >"$root/sys/class/block"
run plan
for device in 3 5 6 7 8 9 a; do
	says "0000:00:0$device.0: refuse storage: nobody can tell whether the host uses its storage (sys/class/block: "
done

# Every call without a sanitizer, of which there are many more calls and which are slower.
t "whatever call of plan fails: what the host needs is never bound"
needy_machine
stride=1
! grep -qa __asan_init "$build/vfio-bind" || stride=7
strace -f -qq -o "$work/trace" -E "ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0" "$build/vfio-bind" --root "$root" plan >"$work/out"
is "without a failure" "$(sed -n 's/: bind: .*//p' "$work/out" | tr '\n' ' ')" "0000:00:02.0 "
calls=$(sed 's/^[0-9]* *//; s/(.*//' "$work/trace" |
	grep -E '^(openat2?|read|fcntl|fstat|newfstatat|readlinkat|getdents64|statfs|statx)$' | sort | uniq -c | awk '{ print $2 ":" $1 }')
[ -n "$calls" ] || fail "nothing was traced"
for call in $calls; do
	for n in $(seq 1 $stride "${call#*:}"); do
		strace -f -qq -o /dev/null -e trace="${call%:*}" -e inject="${call%:*}:error=EIO:when=$n" \
			-E "ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0" "$build/vfio-bind" --root "$root" plan >"$work/out" 2>"$work/err"
		code=$?
		{ [ $code -lt 128 ] && [ $code != 99 ]; } || fail "${call%:*} $n: crashed ($code)"
		bound=$(sed -n 's/: bind: .*//p' "$work/out" | tr '\n' ' ')
		[[ -z $bound || $bound == "0000:00:02.0 " ]] || fail "${call%:*} $n: binds $bound"
	done
done
