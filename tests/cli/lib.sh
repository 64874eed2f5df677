# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154
#
# What a topic (a file beside this one) may call. `t NAME` begins a test, the calls behind it run a
# program and check what it did, and the next `t` or the end of the file prints the verdict. Every
# test has a machine of its own in $root, and $work for its other files.

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
root=$work/root
policy=$root/etc/vfiokit/bind.conf
dropins=$policy.d
devices=$root/sys/bus/pci/devices
report=$root/run/vfiokit/bind.json
export ASAN_OPTIONS=exitcode=99 UBSAN_OPTIONS=exitcode=99 LC_ALL=C
# libpci forgets its udev context when there is no hwdb.
echo leak:udev_new >"$work/lsan"
export LSAN_OPTIONS=exitcode=99:print_suppressions=0:suppressions=$work/lsan
chmod 644 "$work/lsan"

# Two identical GPUs with audio, of which 01:00.0 has the console and nobody has a driver yet; a
# NVMe disk, a NIC that its driver holds, an ISA bridge. vfio-pci is registered, as if built in.
cat >"$work/machine" <<-'EOT'
	PCI: 00:00.0 060000 8086:29c0 1af4:1100 - 0
	PCI: 00:01.0 060400 8086:1901 - pcieport 1 secondary_bus_number=1
	PCI: 00:02.0 060400 8086:1901 - pcieport 2 secondary_bus_number=2
	PCI: 00:01.0/01:00.0 030000 10de:13c2 1043:8508 - 3 boot_vga=1
	PCI: 00:01.0/01:00.1 040300 10de:0fbb 1043:8508 - 3
	PCI: 00:02.0/02:00.0 030000 10de:13c2 1043:8508 - 4 boot_vga=0
	PCI: 00:02.0/02:00.1 040300 10de:0fbb 1043:8508 - 4
	PCI: 00:03.0 010802 144d:a808 144d:a801 - 5
	PCI: 00:04.0 020000 8086:10d3 8086:0000 e1000e 6
	PCI: 00:1f.0 060100 8086:2918 1af4:1100 - 7
	D: sys/bus/pci/drivers/vfio-pci
	F: proc/cmdline=root=/dev/vda1 quiet\n
	F: proc/sys/kernel/osrelease=6.1.0-test\n
EOT
"$mktree" "$work/machine" "$work/template" || exit 1
mkdir -p "$work/template/etc/vfiokit/bind.conf.d"

# needy_machine: puts in place of the machine one that is in use: a btrfs on a SATA and a USB disk (00:03.0, 00:05.0), a
# disk below dm-0 (00:06.0), resume= (00:07.0), the last keyboard (00:08.0), a USB NIC that is up (00:09.0), a disk that
# another mount namespace has mounted (00:0a.0). The policy has them all, and a card (00:02.0) that nothing needs.
needy_machine()
{
	cat >"$work/needy" <<-'EOT'
		PCI: 00:00.0 060000 8086:29c0 1af4:1100 - 0
		PCI: 00:02.0 030000 10de:13c2 1043:8508 - 4 boot_vga=0
		PCI: 00:03.0 010601 8086:2922 1af4:1100 - 5
		PCI: 00:05.0 0c0330 1b36:000d 1af4:1100 - 6
		PCI: 00:06.0 010802 1b36:0010 1af4:1100 - 7
		PCI: 00:07.0 010601 8086:2922 1af4:1100 - 8
		PCI: 00:08.0 0c0330 1b36:000d 1af4:1100 - 9
		PCI: 00:09.0 0c0330 1b36:000d 1af4:1100 - 10
		PCI: 00:0a.0 010601 8086:2922 1af4:1100 - 11
		D: sys/bus/pci/drivers/vfio-pci
		F: proc/sys/kernel/osrelease=6.1.0-test\n
		P: /devices/pci0000:00/0000:00:03.0/ata1/block/sda
		E: SUBSYSTEM=block
		A: dev=8:0
		P: /devices/pci0000:00/0000:00:05.0/usb3/block/sdb
		E: SUBSYSTEM=block
		A: dev=8:16
		P: /devices/pci0000:00/0000:00:06.0/ata1/block/nvme0n1
		E: SUBSYSTEM=block
		A: dev=259:0
		P: /devices/pci0000:00/0000:00:07.0/ata1/block/sdc
		E: SUBSYSTEM=block
		A: dev=8:32
		P: /devices/pci0000:00/0000:00:0a.0/ata1/block/sdd
		E: SUBSYSTEM=block
		A: dev=8:48
		F: sys/fs/ext4/sdd/state=x
		P: /devices/virtual/block/dm-0
		E: SUBSYSTEM=block
		A: dev=254:0
		A: dm/name=vg-lv
		L: slaves/nvme0n1=../../../../pci0000:00/0000:00:06.0/ata1/block/nvme0n1
		F: sys/fs/btrfs/1234/devices/sda=x
		F: sys/fs/btrfs/1234/devices/sdb=x
		F: proc/self/mountinfo=26 1 0:30 / /data rw - btrfs /dev/sda rw\n
		F: proc/cmdline=quiet resume=/dev/sdc\n
		F: proc/swaps=Filename\tType\tSize\tUsed\tPriority\n
		P: /devices/pci0000:00/0000:00:08.0/usb1/1-1/input/input3
		E: SUBSYSTEM=input
		A: name=Board
		A: capabilities/key=1000000000007 ff9f207ac14057ff febeffdfffefffff fffffffffffffffe
		P: /devices/pci0000:00/0000:00:09.0/usb2/2-1/net/eth7
		E: SUBSYSTEM=net
		A: flags=0x1003
		F: proc/net/route=Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\n
	EOT
	rm -r "$root"
	"$mktree" "$work/needy" "$root" || fail "mktree"
	mkdir -p "$root/etc/vfiokit"
	cat >"$policy" <<-'EOT'
		[device disks]
		address = 00:03.0 00:05.0 00:06.0 00:07.0 00:0a.0
		allow = storage
		[device usb]
		address = 00:08.0 00:09.0
		[device card]
		address = 00:02.0
		boot-vga = allow
	EOT
}

# Takes both functions of the second card; those of the first are `skip boot-vga`.
good_policy()
{
	printf '[device guest]\nid = 10de:13c2 10de:0fbb\ngroup = whole\n'
}

# t NAME: begins a test on a fresh machine with the good policy.
t()
{
	t_end
	name=$topic/$1
	why=
	rm -rf "$root"
	cp -a "$work/template" "$root"
	good_policy >"$policy"
}

t_end()
{
	[ -n "$name" ] || return 0
	if [ -z "$why" ]; then
		echo "ok $name"
	else
		echo "not ok $name: $why"
	fi
	name=
}
name=

# fail TEXT: the test fails, all its reasons are shown on its line.
fail()
{
	why+="${why:+; }${1//$'\n'/ | }"
}

# The first words of a program's error output, for messages.
told()
{
	head -c 300 "$work/err" | tr -c '[:print:]\n' '?'
}

# bounded COMMAND...: runs it within $limit seconds, a loaded machine included. Leaves $code, $work/out and $work/err.
limit=60
bounded()
{
	timeout -k 2 "$limit" "$@" >"$work/out" 2>"$work/err" </dev/null
	code=$?
	case $code in
	124 | 137) fail "hung: $*" ;;
	99 | 13[0-9]) fail "crashed ($code): $(told)" ;;
	esac
	if grep -qE 'Sanitizer|runtime error:|ended unexpectedly' "$work/err"; then
		fail "crashed within: $(grep -m 1 -E 'Sanitizer|runtime error:|ended unexpectedly' "$work/err")"
	fi
}

# run WORD...: vfio-bind on the machine. kit: the same with vfiokit.
run()
{
	bounded "$build/vfio-bind" --root "$root" "$@"
}

kit()
{
	bounded "$build/vfiokit" --root "$root" "$@"
}

# run_as_nobody WORD...: without any privilege.
run_as_nobody()
{
	bounded setpriv --reuid=65534 --regid=65534 --clear-groups "$build/vfio-bind" --root "$root" "$@"
}

# exits CODE
exits()
{
	[ "$code" = "$1" ] || fail "exit $code, expected $1 ($(told))"
}

# says TEXT: on stdout or stderr, as it stands.
says()
{
	grep -qF -e "$1" "$work/out" "$work/err" || fail "does not say '$1'"
}

says_not()
{
	! grep -qF -e "$1" "$work/out" "$work/err" || fail "says '$1'"
}

# says_at_most N: lines on stdout and stderr together.
says_at_most()
{
	local lines

	lines=$(cat "$work/out" "$work/err" | wc -l)
	[ "$lines" -le "$1" ] || fail "$lines lines, expected at most $1"
}

# is WHAT GOT WANT
is()
{
	[ "$2" = "$3" ] || fail "$1 is '$2', expected '$3'"
}

# query FILTER [FILE]: of the JSON on stdout.
query()
{
	timeout 10 jq -r "$1" "${2:-$work/out}" 2>&1 || echo "(no JSON)"
}

# verdict ADDRESS WANT: "bind", or with the reason: "skip boot-vga". "" if it must not be listed.
verdict()
{
	is "$1" "$(query ".devices[] | select(.address == \"0000:$1\") | [.verdict, .reason // empty] | join(\" \")")" "$2"
}

# result WANT
result()
{
	is result "$(query .result)" "$1"
}

# json [COMMAND]: stdout is one strict JSON document with all the keys of DESIGN.md.
json()
{
	local wrong

	wrong=$(python3 "$cli/check-json.py" "${1:-plan}" <"$work/out" 2>&1) || fail "JSON: $wrong"
}

# fits NAME: what is on stdout fits tests/golden/NAME.schema.json.
fits()
{
	local wrong

	wrong=$(python3 "$cli/../golden/schema.py" "$1" "$work/out" 2>&1) || fail "not by the schema: $wrong"
}

# binds_nothing: neither now (stdout is JSON) nor so far (nothing below sys has changed).
binds_nothing()
{
	is "number of bind" "$(query '[.devices[] | select(.verdict == "bind")] | length')" 0
}

# What a program could have changed below DIRECTORY.
snapshot()
{
	(cd "$1" && find . -printf '%p %y %m %s %T@ %l\n' | sort && find . -type f -size -1M -exec cksum {} +)
}

# unchanged DIRECTORY COMMAND...
unchanged()
{
	local before directory=$1

	shift
	before=$(snapshot "$directory" 2>&1)
	"$@"
	[ "$before" = "$(snapshot "$directory" 2>&1)" ] || fail "'$*' changed ${directory#"$work/"}"
}

# boots: boot exits 0 without a change to sysfs, whatever it was given.
boots()
{
	unchanged "$root/sys" run boot
	exits 0
}
