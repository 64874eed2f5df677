# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154
# What libvirt may expect of vfio-hook: silence, its exit codes, an end.

uuid=4dea22b3-1d52-d8f3-2516-782e98ab3fa0
claim=$root/run/vfiokit/claims/$uuid
hooks_conf=$root/etc/vfiokit/hooks.conf
everything='[guests]\nisolate-cpus = 2-3\ninhibit = sleep\n'

# xml [NAME] [XML of <devices>] [XML of <domain>]
xml()
{
	printf '<domain type="kvm" id="1"><name>%s</name><uuid>%s</uuid>%s<devices>%s</devices></domain>' \
		"${1:-win}" "$uuid" "${3:-}" "${2:-}"
}

# hook WORD...: as libvirt does on its system, with standard input from $work/xml.
hook()
{
	timeout -k 2 "$limit" "$build/vfio-hook" --root "$root" call "$@" >"$work/out" 2>"$work/err" <"$work/xml"
	code=$?
	case $code in
	124 | 137) fail "hung: $*" ;;
	99 | 13[0-9]) fail "crashed ($code): $(told)" ;;
	esac
	! grep -qE 'Sanitizer|runtime error:' "$work/err" || fail "crashed within: $(grep -m 1 -E 'Sanitizer|runtime error:' "$work/err")"
	[ ! -s "$work/out" ] || fail "'$*' printed on standard output"
}

# On this machine, with eight CPUs and a cgroup tree, but without systemd.
machine_for_hooks()
{
	mkdir -p "$root/sys/fs/cgroup/system.slice" "$root/sys/devices/system/cpu" "$root/dev"
	echo cpuset cpu >"$root/sys/fs/cgroup/cgroup.controllers"
	echo 0-7 | tee "$root"/sys/devices/system/cpu/{online,present} >"$root/sys/devices/system/cpu/possible"
	xml >"$work/xml"
}

# h NAME: begins a test of the hook.
h()
{
	t "$1"
	machine_for_hooks
}

h "a guest about which nothing is said claims nothing"
for op in "prepare begin" "start begin" "started begin" "stopped end" "release end"; do
	# shellcheck disable=SC2086
	hook win $op -
	exits 0
	[ ! -s "$work/err" ] || fail "$op said something: $(told)"
done
[ ! -e "$root/run/vfiokit/claims" ] || fail "there is a folder for claims"

h "a claim is made, kept and given back"
printf "$everything" >"$hooks_conf"
hook win prepare begin -
exits 0
grep -qx 'cpus 2-3' "$claim" || fail "no CPUs in the claim: $(cat "$claim" 2>&1)"
grep -qx 'inhibit 1' "$claim" || fail "nothing inhibited in the claim"
grep -q '^pending ' "$claim" || fail "it is not pending"
says "could not all be isolated" # there is no systemd for this root
hook win release end destroyed
exits 0
[ ! -e "$claim" ] || fail "the claim is still there"

h "a guest in a partition of its own has a claim: its slice is not confined for others"
xml win '' '<resource><partition>/prod-a/b</partition></resource>' >"$work/xml"
for op in "prepare begin" "started begin"; do
	# shellcheck disable=SC2086
	hook win $op -
	exits 0
	grep -qxF 'slice prod\x2da.slice' "$claim" || fail "no slice in the claim: $(cat "$claim" 2>&1)"
	hook win release end -
	[ ! -e "$claim" ] || fail "the claim is still there"
done

h "release twice, and without prepare"
printf "$everything" >"$hooks_conf"
hook win release end -
exits 0
hook win release end -
exits 0

h "started finds QEMU, and the claim lives with it"
printf "$everything" >"$hooks_conf"
hook win prepare begin -
mkdir -p "$root/run/libvirt/qemu" "$root/proc/4711"
echo 4711 >"$root/run/libvirt/qemu/win.pid"
printf 'qemu\0-uuid\0%s\0' "$uuid" >"$root/proc/4711/cmdline"
echo "4711 (q) e) mu) S 1 1 1 0 -1 4 1 1 1 1 1 1 1 1 20 0 1 0 98765 1 1" >"$root/proc/4711/stat"
hook win started begin -
exits 0
grep -qx 'running 4711 98765' "$claim" || fail "not running: $(cat "$claim")"
bounded "$build/vfio-hook" --root "$root" reconcile
[ -e "$claim" ] || fail "reconcile dropped a guest that runs"
hook win prepare begin -
exits 1
says "guest win: it runs already, as process 4711; it is not started"
hook win release end -
exits 0
[ -e "$claim" ] || fail "release took the claim of a QEMU that runs"
rm "$root/proc/4711/stat"
bounded "$build/vfio-hook" --root "$root" reconcile
[ ! -e "$claim" ] || fail "reconcile kept a guest that has ended"

h "reconnect makes the claim anew"
printf "$everything" >"$hooks_conf"
hook win reconnect begin -
exits 0
[ -e "$claim" ] || fail "there is no claim"

h "a guest that never came is given up when its time is over"
printf "$everything" >"$hooks_conf"
hook win prepare begin -
sed -i 's/^pending .*/pending 1/' "$claim"
bounded "$build/vfio-hook" --root "$root" reconcile
[ ! -e "$claim" ] || fail "the claim is still there"

h "junk among the claims harms nobody"
printf "$everything" >"$hooks_conf"
mkdir -p "$root/run/vfiokit/claims/directory"
echo junk >"$root/run/vfiokit/claims/$uuid"
hook win prepare begin -
exits 0
grep -q '^cpus 2-3' "$claim" || fail "no claim: $(cat "$claim")"

h "migrate and restore print nothing, and read nothing"
for op in migrate restore; do
	hook win $op begin -
	exits 0
	[ ! -s "$work/err" ] || fail "$op said something: $(told)"
	timeout 5 "$build/vfio-hook" --root "$root" call win $op begin - <>"$work/fifo.$op" >"$work/out" || fail "$op waits for its input"
done

h "what libvirt does not know yet is no business of ours"
printf "$everything" >"$hooks_conf"
for words in "attach begin -" "prepare end -" "prepare - -" "release begin -" "bogus begin -" "'' '' ''" "prepare begin2 -"; do
	eval "hook win $words"
	exits 0
	[ ! -s "$work/err" ] || fail "$words said something: $(told)"
	[ ! -e "$claim" ] || fail "$words made a claim"
done

for bad in '' '<domain' '<domain/>' 'junk' '<!DOCTYPE d [<!ENTITY a "b">]><domain><name>&a;</name></domain>'; do
	h "a description like '${bad:0:12}' refuses the start, and nothing else"
	printf %s "$bad" >"$work/xml"
	hook win prepare begin -
	exits 1
	says "guest win: its description cannot be read"
	says "it is not started"
	says_at_most 1
	for op in "started begin" "reconnect begin" "release end"; do
		# shellcheck disable=SC2086
		hook win $op -
		exits 0
	done
	printf '[guest win]\nclaim-disks = no\n' >"$hooks_conf"
	hook win prepare begin -
	exits 0
done

h "a description that is too large"
{ xml | head -c -9; head -c 9000000 /dev/zero | tr '\0' ' '; echo '</domain>'; } >"$work/xml"
hook win prepare begin -
exits 1
says "8 MiB"

h "standard input is closed"
timeout 5 "$build/vfio-hook" --root "$root" call win prepare begin - <&- >"$work/out" 2>"$work/err"
code=$?
exits 1
timeout 5 "$build/vfio-hook" --root "$root" call win started begin - <&- >"$work/out" 2>"$work/err"
code=$?
exits 0

h "a description that never ends is waited for until the deadline"
mkfifo "$work/fifo"
start=$SECONDS
timeout 20 "$build/vfio-hook" --root "$root" call win started begin - <>"$work/fifo" >"$work/out" 2>"$work/err"
code=$?
exits 0
[ $((SECONDS - start)) -lt 14 ] || fail "it took $((SECONDS - start)) s"

# late PATH OPERATION SUBOPERATION: the time of a call is over while it looks at this path.
late()
{
	strace -qq -o "$work/trace" -P "$1" -e trace=%file -e inject=%file:signal=ALRM:when=1 \
		"$build/vfio-hook" --root "$root" call win "$2" "$3" - <"$work/xml" >"$work/out" 2>"$work/err"
	code=$?
	grep -q SIGALRM "$work/trace" || fail "$2 does not look at $1"
}

h "what hangs refuses the start until it is known that no disk is in danger"
printf "$everything" >"$hooks_conf"
for path in etc/vfiokit/hooks.conf "run/vfiokit/claims/$uuid"; do
	late "$path" prepare begin
	exits 1
	says "vfio-hook: it took too long to find out what the guest needs"
	says "the guest is not started"
done
xml win '<disk type="block"><source dev="/dev/sdx"/></disk>' >"$work/xml"
late run/vfiokit/hooks.lock prepare begin
exits 1
xml >"$work/xml"
late run/vfiokit/hooks.lock prepare begin
exits 0
[ ! -s "$work/err" ] || fail "it said $(told)"
for operation in "started begin" "reconnect begin" "release end"; do
	# shellcheck disable=SC2086
	late "run/vfiokit/claims/$uuid" $operation
	exits 0
	[ ! -s "$work/err" ] || fail "$operation said $(told)"
done

long=$(printf 'n%.0s' {1..200})
for guest in "a b" "-rf" "--help" "Grün" "q\"'\$(x)" "$long" "call" "status"; do
	h "a guest named ${guest:0:20}"
	printf "$everything" >"$hooks_conf"
	xml "${guest//\"/\&quot;}" >"$work/xml"
	hook "$guest" prepare begin -
	exits 0
	grep -qxF "name $guest" "$claim" || fail "the claim says $(grep ^name "$claim")"
	bounded "$build/vfio-hook" --root "$root" status --json
	is "number of claims" "$(query '.claims | length')" 1
	hook "$guest" release end -
	exits 0
	[ ! -e "$claim" ] || fail "the claim is still there"
done

h "settings of a guest with an odd name"
printf '[guest -a b]\nisolate-cpus = 5\n' >"$hooks_conf"
xml "-a b" >"$work/xml"
hook "-a b" prepare begin -
grep -qx 'cpus 5' "$claim" || fail "the claim is $(cat "$claim")"

h "a broken configuration is said, and does not stop a guest"
printf '[guests]\nisolate-cpus = 2-3\nfoo = 1\n' >"$hooks_conf"
hook win prepare begin -
exits 0
says "hooks.conf:3: unknown key 'foo'"
[ ! -e "$claim" ] || fail "a broken section was used"

h "the host must keep a CPU"
printf '[guests]\nisolate-cpus = 0-7\n' >"$hooks_conf"
hook win prepare begin -
exits 0
says "the host none"
! grep -q '^cpus 0' "$claim" || fail "the claim has all CPUs"
echo 'require = isolation' >>"$hooks_conf"
hook win prepare begin -
exits 1
says "isolate-cpus"
[ ! -e "$claim" ] || fail "the claim is still there"

h "the host must keep a CPU beside two guests"
printf '[guest win]\nisolate-cpus = 0-3\n[guest lin]\nisolate-cpus = 4-7\nrequire = isolation\n' >"$hooks_conf"
hook win prepare begin -
exits 0
xml lin | sed 's/3fa0/3fa1/' >"$work/xml"
hook lin prepare begin -
exits 1
says "guest lin: isolate-cpus: the guests would have every CPU"
[ -e "$claim" ] || fail "the first one's claim is gone"
[ ! -e "${claim%0}1" ] || fail "the second one's claim is there"

h "isolation that is required and cannot be had refuses the start"
printf '[guests]\nisolate-cpus = pinned\nrequire = isolation\n' >"$hooks_conf"
hook win prepare begin -
exits 1
says "not pinned"
sed -i 's/pinned/2/' "$hooks_conf"
hook win prepare begin -
exits 1
says "could not all be isolated"
[ ! -e "$claim" ] || fail "the claim is still there"

h "CPUs that this host does not have"
echo 0-31 >"$root/sys/devices/system/cpu/possible" # as the firmware of many boards says
printf '[guests]\nisolate-cpus = 6-9\n' >"$hooks_conf"
hook win prepare begin -
exits 0
says "guest win: isolate-cpus: this host has no CPUs 8-9; isolated are only 6-7"
grep -qx 'cpus 6-7' "$claim" || fail "the claim is $(cat "$claim")"
hook win release end -
printf '[guests]\nisolate-cpus = 20-23\nirqs = away\n' >"$hooks_conf"
hook win prepare begin -
exits 0
says "guest win: isolate-cpus: this host has no CPUs 20-23; no CPU is isolated"
says "no CPU is isolated for this guest, so there is none to keep free"
[ ! -e "$claim" ] || fail "there is a claim: $(cat "$claim")"
for cpus in 6-9 20-23; do
	printf '[guests]\nisolate-cpus = %s\nrequire = isolation\n' $cpus >"$hooks_conf"
	hook win prepare begin -
	exits 1
	says "guest win: isolate-cpus: this host has no CPUs ${cpus/6-/8-}, so they cannot be isolated; it is not started"
	[ ! -e "$claim" ] || fail "there is a claim: $(cat "$claim")"
done
xml win '' '<vcpu cpuset="20">1</vcpu>' >"$work/xml"
printf '[guests]\nisolate-cpus = pinned\n' >"$hooks_conf"
hook win prepare begin -
exits 0
says "this host has no CPUs 20; no CPU is isolated"

h "CPUs that are offline are there"
echo 0-5 >"$root/sys/devices/system/cpu/online"
printf '[guests]\nisolate-cpus = 6-7\n' >"$hooks_conf"
hook win prepare begin -
exits 0
says_not "this host has no"
grep -qx 'cpus 6-7' "$claim" || fail "the claim is $(cat "$claim")"

h "pins, siblings"
mkdir -p "$root"/sys/devices/system/cpu/cpu2/topology
echo 2,6 >"$root"/sys/devices/system/cpu/cpu2/topology/thread_siblings_list
xml win '' '<cputune><vcpupin vcpu="0" cpuset="2"/></cputune>' >"$work/xml"
printf '[guests]\nisolate-cpus = pinned\n' >"$hooks_conf"
hook win prepare begin -
says "CPUs 6 are threads of the same"
grep -qx 'cpus 2' "$claim" || fail "the claim is $(cat "$claim")"
echo 'smt-siblings = include' >>"$hooks_conf"
hook win prepare begin -
says_not "threads of the same"
grep -qx 'cpus 2,6' "$claim" || fail "the claim is $(cat "$claim")"

hostdev='<hostdev type="pci" managed="%s"><source><address domain="0x0000" bus="0x%s" slot="0x00" function="0x0"/></source></hostdev>'

h "inhibit = auto: guests with a PCI device"
# shellcheck disable=SC2059
xml win "$(printf "$hostdev" yes 02)$(printf "$hostdev" yes 02 | sed 's/function="0x0"/function="0x1"/')" >"$work/xml"
hook win prepare begin -
exits 0
grep -qx 'inhibit 1' "$claim" || fail "the claim is $(cat "$claim" 2>&1)"
says_not "IOMMU"

# devices TEXT: says it, and refuses with require = devices.
devices()
{
	hook win prepare begin -
	exits 0
	says "$1"
	hook win release end -
	printf '[guests]\nrequire = devices\n' >"$hooks_conf"
	hook win prepare begin -
	exits 1
	says "$1"
	says "it is not started"
	says_at_most 1
	[ ! -e "$claim" ] || fail "there is a claim"
}

h "a PCI device that is not there"
# shellcheck disable=SC2059
xml win "$(printf "$hostdev" yes 09)" >"$work/xml"
devices "0000:09:00.0: there is no such PCI device"

h "a PCI device that is neither managed nor on vfio-pci"
# shellcheck disable=SC2059
xml win "$(printf "$hostdev" no 02)" >"$work/xml"
rm -rf "$devices/0000:02:00.1/iommu_group" "$root/sys/kernel/iommu_groups/4/devices/0000:02:00.1"
devices "0000:02:00.0: has no driver, and the guest's definition does not say managed='yes'"

h "a PCI device in one group with one that the host uses"
ln -sfn ../../../../bus/pci/drivers/e1000e "$(realpath "$devices/0000:02:00.1")/driver"
# shellcheck disable=SC2059
xml win "$(printf "$hostdev" yes 02)" >"$work/xml"
devices "0000:02:00.0: is in one IOMMU group with 0000:02:00.1, which driver e1000e holds"

h "a PCI device without an IOMMU group"
rm "$(realpath "$devices/0000:02:00.0")/iommu_group"
# shellcheck disable=SC2059
xml win "$(printf "$hostdev" yes 02)" >"$work/xml"
devices "0000:02:00.0: has no IOMMU group"

usb='<hostdev type="usb"><source%s><vendor id="0x1234"/><product id="0xbeef"/></source></hostdev>'

h "a USB device that is not there"
# shellcheck disable=SC2059
xml win "$(printf "$usb" '')" >"$work/xml"
devices "USB 1234:beef: there is no such device"

h "a USB device that may be absent behind a migration only"
# shellcheck disable=SC2059
xml win "$(printf "$usb" ' startupPolicy="requisite"')" >"$work/xml"
devices "USB 1234:beef: there is no such device"

h "a USB device that may be absent"
# shellcheck disable=SC2059
xml win "$(printf "$usb" ' startupPolicy="optional"')" >"$work/xml"
printf '[guests]\nrequire = devices\n' >"$hooks_conf"
hook win prepare begin -
exits 0
[ ! -s "$work/err" ] || fail "it said $(told)"

h "a USB device that is there, and there twice"
for n in 1-1 1-2; do
	mkdir -p "$root/sys/bus/usb/devices/$n"
	echo 1234 >"$root/sys/bus/usb/devices/$n/idVendor"
	echo beef >"$root/sys/bus/usb/devices/$n/idProduct"
done
# shellcheck disable=SC2059
xml win "$(printf "$usb" '')" >"$work/xml"
devices "there are 2 of them"
rm -r "$root/sys/bus/usb/devices/1-2"
hook win prepare begin -
exits 0
[ ! -s "$work/err" ] || fail "it said $(told)"

h "SCSI and mediated devices that are not there"
xml win '<hostdev type="scsi"><source><adapter name="scsi_host2"/><address bus="0" target="1" unit="5"/></source></hostdev>' >"$work/xml"
devices "SCSI device 2:0:1:5: there is no such device"
rm "$hooks_conf"
xml win "<hostdev type='mdev'><source><address uuid='$uuid'/></source></hostdev>" >"$work/xml"
devices "mediated device $uuid: there is no such device"

h "an NVMe disk of which the host has mounted a partition"
number=259:1048575
mkdir -p "$root/sys/devices/pci0000:00/0000:00:03.0/nvme/nvme0/nvme0n1/nvme0n1p1" "$root"/{proc/self,sys/class/block,sys/dev/block}
for part in nvme0n1:$number nvme0n1/nvme0n1p1:259:1048574; do
	path=devices/pci0000:00/0000:00:03.0/nvme/nvme0/${part%%:*}
	echo "${part#*:}" >"$root/sys/$path/dev"
	ln -s "../../$path" "$root/sys/class/block/${path##*/}"
	ln -s "../../$path" "$root/sys/dev/block/${part#*:}"
done
echo 1 >"$root/sys/$path/partition"
echo "26 1 259:1048574 / /data rw - ext4 /dev/nvme0n1p1 rw" >"$root/proc/self/mountinfo"
xml win '<disk type="nvme" device="disk"><source type="pci" managed="yes" namespace="1">
	<address domain="0x0000" bus="0x00" slot="0x03" function="0x0"/></source></disk>' >"$work/xml"
hook win prepare begin -
exits 0
grep -qx 'hold /dev/nvme0n1' "$claim" || fail "the disk is not in the claim: $(cat "$claim" 2>&1)"
hook win release end -
mknod "$root/dev/nvme0n1" b "${number%:*}" "${number#*:}" || fail "cannot make a node"
# There is no such disk: the second open, behind that for a look, gets the kernel's answer for one in use.
ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 strace -qq -o "$work/trace" -P dev/nvme0n1 -e trace=openat2 -e inject=openat2:error=EBUSY:when=2 \
	"$build/vfio-hook" --root "$root" call win prepare begin - <"$work/xml" >"$work/out" 2>"$work/err"
code=$?
exits 1
says "guest win: /dev/nvme0n1: /dev/nvme0n1p1 is mounted on /data; unmount it; it is not started"
[ ! -e "$claim" ] || fail "there is a claim"

# As the daemons call it: by the name of the link, without a word on anything.
ln -sf "$build/vfio-hook" "$work/50-vfiokit"

h "a user's daemon gets silence"
printf junk >"$work/xml"
for op in "prepare begin" "release end"; do
	# shellcheck disable=SC2086
	timeout 5 setpriv --reuid=65534 --regid=65534 --clear-groups "$work/50-vfiokit" win $op - <"$work/xml" >"$work/out" 2>"$work/err"
	code=$?
	exits 0
	[ ! -s "$work/out" ] && [ ! -s "$work/err" ] || fail "$op said something"
done

h "any number of words is silence, too"
for words in "" "win" "win prepare" "win prepare begin" "win bogus begin - -" "--help"; do
	# shellcheck disable=SC2086
	bounded "$work/50-vfiokit" $words
	exits 0
	[ ! -s "$work/out" ] && [ ! -s "$work/err" ] || fail "'$words' said something"
done

h "an empty environment"
bounded env -i "$work/50-vfiokit" win bogus begin -
exits 0

h "help, version, wrong usage"
bounded "$build/vfio-hook" --help
exits 0
says Usage:
bounded "$build/vfio-hook" --version
exits 0
says "vfio-hook "
for words in "" "bogus" "--bogus" "status extra" "call win prepare" "--root" "--root $work/none status"; do
	# shellcheck disable=SC2086
	bounded "$build/vfio-hook" $words
	exits 2
	says_at_most 1
	[ ! -s "$work/out" ] || fail "'$words' printed on standard output"
done
for words in --help -h --version; do
	bounded "$build/vfio-guard" $words
	exits 0
	says vfio-guard
done
for words in "" "win" "../../etc/passwd" "$uuid extra"; do
	# shellcheck disable=SC2086
	bounded "$build/vfio-guard" $words
	exits 2
	says "expected the UUID of a guest"
done

h "status writes nothing"
printf "$everything" >"$hooks_conf"
hook win prepare begin -
unchanged "$root" bounded "$build/vfio-hook" --root "$root" status
says "guest win: pending"
unchanged "$root" bounded "$build/vfio-hook" --root "$root" status --json
is "CPUs" "$(query '.claims[0].cpus')" 2-3
is "the unit" "$(query '.units[] | select(.unit == "system.slice") | .state')" untouched
is "the inhibitor, without logind" "$(query '.claims[0].inhibitor')" unknown

# disk NAME [XML]
disk() { echo "<disk type='block' device='disk'><source dev='/dev/$1'/>${2:-}</disk>"; }

h "a disk stands in the claim once"
for controller in 1 2; do
	pci=devices/pci0000:00/0000:0$controller:00.0/nvme/nvme$controller
	mkdir -p "$root/sys/$pci/nvme0c${controller}n1" "$root/sys/class/block"
	ln -sf "../../$pci/nvme0c${controller}n1" "$root/sys/class/block/nvme0c${controller}n1"
done
xml win "$(disk sda)$(disk sda "<readonly/>")$(disk sdb "<readonly/>")$(disk sdb)$(disk sdc "<readonly/>")$(for controller in 1 2; do
	echo "<hostdev mode='subsystem' type='pci'><source><address domain='0' bus='0x0$controller' slot='0' function='0'/></source></hostdev>"
done)" >"$work/xml"
hook win prepare begin -
is "its disks" "$(grep -E '^(hold|check) ' "$claim" | tr '\n' ' ')" "hold /dev/sda hold /dev/sdb check /dev/sdc hold /dev/nvme0n1 "

h "status says which disks are held"
printf "$everything" >"$hooks_conf"
hook win prepare begin -
printf '%s\n' 'hold /dev/a' 'hold /dev/b' 'hold /dev/c' 'check /dev/d' >>"$claim"
mkdir -p "$root/run/vfiokit/held" "$root/proc/4712"
printf '%s\n' 'guard 4712 98765' 'held /dev/a' 'absent /dev/b' 'held /dev/z' >"$root/run/vfiokit/held/$uuid"
echo "4712 (vfio-guard) S 1 1 1 0 -1 4 1 1 1 1 1 1 1 1 20 0 1 0 98765 1 1" >"$root/proc/4712/stat"
bounded "$build/vfio-hook" --root "$root" status
says "holds /dev/a, disk /dev/b (absent), disk /dev/c (missing)"
bounded "$build/vfio-hook" --root "$root" status --json
is "disks" "$(query '.claims[0].disks | map(.path + " " + .state) | join(", ")')" "/dev/a held, /dev/b absent, /dev/c missing"
for line in 'guard 4712 98766' 'guard 4713 98765' 'guard 4712' 'held /dev/a' ''; do
	printf '%s\nheld /dev/a\n' "$line" >"$root/run/vfiokit/held/$uuid"
	bounded "$build/vfio-hook" --root "$root" status
	says "disk /dev/a (missing), disk /dev/b (missing), disk /dev/c (missing)"
done

# daemon NAME LABEL SECONDS: libvirt's daemon, started so many seconds ago, with our hook laid just now.
daemon()
{
	mkdir -p "$root/run" "$root/proc/77/attr" "$root/usr/sbin" "$root/etc/libvirt/hooks/qemu.d"
	rm -f "$root"/run/*.pid "$root"/etc/libvirt/hooks/qemu.d/*
	echo 77 >"$root/run/$1.pid"
	echo "$1" >"$root/proc/77/comm"
	echo "77 ($1) S 1 1 1 0 -1 4 1 1 1 1 1 1 1 1 20 0 1 0 $(($(getconf CLK_TCK) * 10)) 1 1" >"$root/proc/77/stat"
	printf 'cpu 1 1\nbtime %d\nprocesses 1\n' $(($(date +%s) - 10 - $3)) >"$root/proc/stat"
	[ -z "$2" ] || echo "$2" >"$root/proc/77/attr/current"
	printf '#!/bin/sh\n' >"$root/usr/sbin/vfio-hook"
	chmod 755 "$root/usr/sbin/vfio-hook"
	ln -s /usr/sbin/vfio-hook "$root/etc/libvirt/hooks/qemu.d/50-vfiokit"
}
status() { bounded "$build/vfio-hook" --root "$root" status "$@"; }

h "status knows the daemon, and what confines it"
status --json
is "no daemon" "$(query .daemon)" null
daemon libvirtd "libvirtd (enforce)" 0
status --json
is "installed" "$(query .installed)" true
is "its name" "$(query .daemon.name)" libvirtd
is "its label" "$(query .daemon.confinement)" "libvirtd (enforce)"
is "it sees the hook" "$(query .daemon.sees_hook)" yes
is "it may run the hook" "$(query .daemon.may_run_hook)" yes
status
says "libvirtd: confined as 'libvirtd (enforce)'"
says_not "does not call us"
mkdir -p "$root/usr/local/sbin"
cp "$root/usr/sbin/vfio-hook" "$root/usr/local/sbin/vfio-hook"
ln -sf /usr/local/sbin/vfio-hook "$root/etc/libvirt/hooks/qemu.d/50-vfiokit"
status --json
is "AppArmor does not let it run a program there" "$(query .daemon.may_run_hook)" no
is "but it is installed" "$(query .installed)" true
status
says "may not run the hook where it is; install vfiokit with PREFIX=/usr"
echo "libvirtd (complain)" >"$root/proc/77/attr/current"
status --json
is "a profile that only complains" "$(query .daemon.may_run_hook)" yes
echo kernel >"$root/proc/77/attr/current"
status --json
is "SELinux without a policy confines nothing" "$(query .daemon.confinement)" null
daemon virtqemud system_u:system_r:virtqemud_t:s0 0
status --json
is "SELinux would have to be asked" "$(query .daemon.may_run_hook)" unknown
mkdir -p "$root/sys/fs/selinux"
printf 0 >"$root/sys/fs/selinux/enforce"
status --json
is "unless it is permissive" "$(query .daemon.may_run_hook)" yes
echo nautilus >"$root/proc/77/comm"
status --json
is "a pid file of a process that is another now" "$(query .daemon)" null

h "status says that the daemon is older than the hook"
daemon libvirtd "" 1000
status --json
is "it does not see the hook" "$(query .daemon.sees_hook)" no
is "nothing confines it" "$(query .daemon.confinement)" null
status
says "libvirtd does not call us: it was started before the hook was installed; run 'systemctl reload libvirtd'"
printf 'cpu\n' >"$root/proc/stat"
status --json
is "without the time of the boot nobody knows" "$(query .daemon.sees_hook)" unknown

h "the example is right, as it is and without its ';'"
cp "$cli/../../conf/hooks.conf" "$hooks_conf"
hook win prepare begin -
exits 0
[ ! -s "$work/err" ] || fail "it said $(told)"
sed -i 's/^;//' "$hooks_conf"
hook win prepare begin -
says_not "hooks.conf"
xml win10 '' '<cputune><vcpupin vcpu="0" cpuset="2"/></cputune>' >"$work/xml"
hook win10 prepare begin -
exits 1
says "could not all be isolated"

h "two at once do not lose a claim"
printf "$everything" >"$hooks_conf"
for n in 0 1 2 3 4 5 6 7; do
	xml "w$n" | sed "s/3fa0/3fa$n/" >"$work/xml$n"
	timeout 20 "$build/vfio-hook" --root "$root" call "w$n" prepare begin - <"$work/xml$n" >/dev/null 2>&1 &
done
wait
is "number of claims" "$(find "$root/run/vfiokit/claims" -type f | wc -l)" 8

# With an interrupt that goes everywhere, and one clock for CPUs 2 and 3.
tuned_machine()
{
	mkdir -p "$root/proc/irq/24" "$root/sys/kernel/irq/24" "$root/sys/devices/system/cpu/cpufreq/policy2"
	echo ff >"$root/proc/irq/default_smp_affinity"
	echo 0-7 >"$root/proc/irq/24/smp_affinity_list"
	echo ahci >"$root/sys/kernel/irq/24/actions"
	echo 2 3 >"$root/sys/devices/system/cpu/cpufreq/policy2/related_cpus"
	echo schedutil >"$root/sys/devices/system/cpu/cpufreq/policy2/scaling_governor"
}
tuned_values()
{
	echo "$(cat "$root/proc/irq/default_smp_affinity") $(cat "$root/proc/irq/24/smp_affinity_list") $(
		cat "$root/sys/devices/system/cpu/cpufreq/policy2/scaling_governor")"
}

h "interrupts and governors are as the guest wants them, and as they were"
tuned_machine
printf "$everything"'irqs = away\ngovernor = performance\nrequire = tuning\n' >"$hooks_conf"
hook win prepare begin -
exits 0
is "with the guest" "$(tuned_values)" "f3 0-1,4-7 performance"
kit_hook_status=$("$build/vfio-hook" --root "$root" status)
[[ $kit_hook_status == *"interrupts: 1 moved, 0 kept by the kernel, irqbalance absent"* ]] || fail "status: $kit_hook_status"
[[ $kit_hook_status == *"/scaling_governor: 'performance' (was 'schedutil'), set"* ]] || fail "status: $kit_hook_status"
hook win release end -
exits 0
is "behind it" "$(tuned_values)" "ff 0-7 schedutil"
[ ! -e "$root/run/vfiokit/settings" ] || fail "something is remembered"

# killed N NAME: the call for the guest's start is killed when it closes a file for the Nth time. Between opening and writing
# none is closed: unlike the kernel's, a file in a folder is empty then.
killed()
{
	(
		strace -qq -o "$work/trace" -e trace=close -e inject=close:signal=KILL:when="$1" \
			"$build/vfio-hook" --root "$root" call "$2" prepare begin - <"$work/xml-$2" >/dev/null
		true
	) 2>/dev/null
}
h "two calls that are killed one behind the other lose no former value"
printf '[guest win]\nisolate-cpus = 2-3\n[guest lin]\nisolate-cpus = 4-5\n[guests]\nirqs = away\ngovernor = performance\n' >"$hooks_conf"
xml win >"$work/xml-win"
xml lin | sed 's/3fa0/3fa1/' >"$work/xml-lin"
for first in 25 28 30 32 34; do
	for second in 26 28 30 32 34; do
		tuned_machine
		killed $first win
		killed $second lin
		for guest in lin win; do
			cp "$work/xml-$guest" "$work/xml"
			hook $guest release end -
		done
		[ "$(tuned_values)" = "ff 0-7 schedutil" ] || fail "killed at $first, then at $second: $(tuned_values)"
		[ ! -e "$root/run/vfiokit/settings" ] || fail "killed at $first, then at $second: something is remembered"
	done
done

h "what cannot be tuned refuses the start if it is required"
printf "$everything"'governor = performance\n' >"$hooks_conf"
hook win prepare begin -
exits 0
says "guest win: governor: neither power-profiles-daemon nor the kernel can say how fast its CPUs run"
printf "$everything"'governor = performance\nrequire = tuning\n' >"$hooks_conf"
hook win prepare begin -
exits 1
says "it is not started"
[ ! -e "$claim" ] || fail "the claim is still there"
# A governor that cannot be written.
tuned_machine
rm "$root/sys/devices/system/cpu/cpufreq/policy2/scaling_governor"
mkdir "$root/sys/devices/system/cpu/cpufreq/policy2/scaling_governor"
hook win prepare begin -
exits 1
says "scaling_governor: cannot be read"

h "what cannot be tuned is said of a guest that runs already, too"
printf "$everything"'governor = performance\nrequire = tuning\n' >"$hooks_conf"
hook win started begin -
exits 0
says "guest win: governor: neither power-profiles-daemon nor the kernel can say how fast its CPUs run"
hook win started begin -
says_not "governor"
hook win release end -
tuned_machine
rm "$root/sys/devices/system/cpu/cpufreq/policy2/scaling_governor"
mkdir "$root/sys/devices/system/cpu/cpufreq/policy2/scaling_governor"
hook win started begin -
exits 0
says "tuning: the host could not be tuned as the guest wants; the journal of vfio-hook says why"

h "what is not asked for is not looked at"
tuned_machine
printf "$everything" >"$hooks_conf"
for operation in "prepare begin" "release end"; do
	# shellcheck disable=SC2086
	strace -f -qq -e trace=%file -o "$work/trace" "$build/vfio-hook" --root "$root" call win $operation - <"$work/xml" >/dev/null 2>&1
	! grep -E 'proc/irq|kernel/irq|irqbalance|cpufreq|workqueue' "$work/trace" >"$work/looks" ||
		fail "$operation looks at $(head -n 1 "$work/looks")"
	# Is there anything to give back? Once for each of two files.
	n=$(grep -cE '"run/vfiokit/(settings|irqs)"' "$work/trace")
	[ "$n" -gt 0 ] || fail "$operation: the trace shows nothing"
	[ $((n % 2)) = 0 ] && [ "$n" -le 4 ] || fail "$operation: $n looks at what was tuned"
done

# pool COUNT: node 1 has so many pages of 2 MiB, all of them free.
pool=$root/sys/devices/system/node/node1/hugepages/hugepages-2048kB
pool()
{
	mkdir -p "$pool" "$root/dev/shm"
	echo "$1" | tee "$pool/nr_hugepages" >"$pool/free_hugepages"
	echo 0 >"$pool/surplus_hugepages"
}

h "huge pages and shared memory are not made for a guest that runs already"
pool 10
printf '[guests]\nhugepages = 2M:16@1\nshm = glass 64k %s:%s\nrequire = hugepages tuning\n' "$(id -u)" "$(id -g)" >"$hooks_conf"
for operation in started reconnect; do
	hook win $operation begin -
	exits 0
	says "guest win: $operation: huge pages and shared memory are made before a start only, and it runs already"
	is "pages" "$(cat "$pool/nr_hugepages")" 10
	[ ! -e "$root/dev/shm/glass" ] || fail "the file is there"
	hook win release end -
	[ ! -e "$claim" ] || fail "the claim is still there"
done
hook win prepare begin -
exits 0
hook win started begin -
says_not "before a start only"

h "huge pages and shared memory are there before the start, and given back"
pool 10
printf '[guests]\nhugepages = 2M:16@1\nshm = glass 64k %s:%s\nrequire = hugepages tuning\n' "$(id -u)" "$(id -g)" >"$hooks_conf"
hook win prepare begin -
exits 0
is "pages" "$(cat "$pool/nr_hugepages")" 16
is "the file" "$(stat -c '%u:%g %a %s' "$root/dev/shm/glass")" "$(id -u):$(id -g) 660 65536"
grep -qx 'pages 2048 16 1' "$claim" || fail "no pages in the claim: $(cat "$claim")"
bounded "$build/vfio-hook" --root "$root" status
says "16 huge pages of 2 MiB on node 1 (6 added), shares /dev/shm/glass"
bounded "$build/vfio-hook" --root "$root" --json status
is "the pool in JSON" "$(query '.claims[0].hugepages.pools[0].added')" 6
is "what is wanted" "$(query '.claims[0].hugepages.wanted[0].count')" 16
is "the file in JSON" "$(query '.claims[0].shm[0]')" /dev/shm/glass
hook win release end destroyed
exits 0
is "pages behind it" "$(head -c 2 "$pool/nr_hugepages")" 10
[ ! -e "$root/dev/shm/glass" ] || fail "the file is still there"
[ ! -e "$root/run/vfiokit/hugepages" ] && [ ! -e "$root/run/vfiokit/shm" ] || fail "something is still remembered"

h "huge pages of 1 GiB, beside those of another size"
pool 10
huge=${pool/2048/1048576}
mkdir -p "$huge"
echo 2 | tee "$huge/nr_hugepages" >"$huge/free_hugepages" # reserved at boot: they are used, and stay
echo 0 >"$huge/surplus_hugepages"
printf '[guests]\nhugepages = auto\nrequire = hugepages\n' >"$hooks_conf"
for gib in 2 5; do
	xml win '' "<memory unit='GiB'>$gib</memory><memoryBacking><hugepages><page size='1' unit='G'/></hugepages></memoryBacking>
		<numatune><memory mode='strict' nodeset='1'/></numatune>" >"$work/xml"
	hook win prepare begin -
	exits 0
	grep -qx "pages 1048576 $gib 1" "$claim" || fail "no pages in the claim: $(cat "$claim")"
	is "pages of 1 GiB" "$(cat "$huge/nr_hugepages")" $gib
	is "pages of 2 MiB" "$(cat "$pool/nr_hugepages")" 10
	hook win release end -
	is "pages of 1 GiB behind it" "$(head -c 1 "$huge/nr_hugepages")" 2
	[ ! -e "$root/run/vfiokit/hugepages" ] || fail "something is still remembered"
done
printf '[guests]\nhugepages = 1G:1@0\nrequire = hugepages\n' >"$hooks_conf"
hook win prepare begin -
exits 1
says "hugepages"

h "what of that cannot be had refuses the start only if it is required"
pool 10
printf '[guests]\nhugepages = 2M:1@3\nshm = glass 64k no-such-user:0\n' >"$hooks_conf"
hook win prepare begin -
exits 0
says "hugepages: it needs huge pages on node 3, but this host has no such node"
says "shm: /dev/shm/glass: there is no user 'no-such-user' in /etc/passwd; one of another service is written as a number; it is not made"
hook win release end -
printf 'require = hugepages\n' >>"$hooks_conf"
hook win prepare begin -
exits 1
says "this host has no such node; it is not started"
[ ! -e "$claim" ] || fail "there is a claim"
sed -i 's/require = .*/require = tuning/' "$hooks_conf"
hook win prepare begin -
exits 1
says "shm: the user or the group of its file is not known; it is not started"
mkdir "$root/dev/shm/dir"
printf '[guests]\nshm = dir 64k 0:0\nrequire = tuning\n' >"$hooks_conf"
hook win prepare begin -
exits 1
says "/dev/shm/dir: is there and no regular file; it was left as it is; it is not started"
[ ! -e "$claim" ] || fail "there is a claim"

h "a guest without huge pages wants none, and may start"
pool 10
printf '[guests]\nhugepages = auto\nrequire = hugepages\n' >"$hooks_conf"
hook win prepare begin -
exits 0
says "hugepages: the guest has no <memoryBacking><hugepages/>, so it uses none; none are taken"
xml win '' '<memory>oops</memory><memoryBacking><hugepages/></memoryBacking>' >"$work/xml"
hook win prepare begin -
exits 1
says "hugepages: nobody knows which huge pages it needs; it is not started"

h "the metadata of a guest sets what the file lets it"
pool 10
xml win '' "<metadata><v:guest xmlns:v='urn:vfiokit:guest:1'><v:isolate-cpus>2</v:isolate-cpus></v:guest></metadata>" >"$work/xml"
hook win prepare begin -
exits 0
says "<metadata>: sets isolate-cpus, which hooks.conf does not let it"
[ ! -e "$claim" ] || fail "there is a claim"
printf '[guest win]\nmetadata = all\n' >"$hooks_conf"
hook win prepare begin -
says_not "<metadata>"
grep -qx 'cpus 2' "$claim" || fail "no CPUs in the claim: $(cat "$claim" 2>&1)"
hook win started begin -
says_not "<metadata>"
xml win '' "<metadata><guest xmlns='urn:vfiokit:guest:1'><isolate-cpus>2</isolate-cpus><x/></guest></metadata>" >"$work/xml"
hook win release end -
hook win prepare begin -
exits 0
says "<metadata>: unknown element <x>, expected a key of [guest NAME] other than metadata; the metadata of this guest is not used"
[ ! -e "$claim" ] || fail "there is a claim"
