# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
#
# What the guest() of a case may call. Every check prints VM-OK or VM-FAIL, on the console and on
# the second serial port, where the host reads it.

report=/run/vfiokit/bind.json
pci=/sys/bus/pci/devices

# Milliseconds since the kernel was started, in steps of ten.
ms() {
	local up rest

	read -r up rest </proc/uptime
	echo "${up%.*}${up#*.}0"
}

say() {
	echo "$*"
	echo "$*" >/dev/ttyS1
}

ok() {
	say "VM-OK $*"
}

not_ok() {
	say "VM-FAIL $*"
}

# check TEXT COMMAND...: the command succeeds.
check() {
	local text=$1

	shift
	if "$@"; then ok "$text"; else not_ok "$text ($* failed)"; fi
}

check_not() {
	local text=$1

	shift
	if "$@"; then not_ok "$text ($* succeeded)"; else ok "$text"; fi
}

# is TEXT GOT WANT
is() {
	if [ "$2" = "$3" ]; then ok "$1: $2"; else not_ok "$1: is '$2', not '$3'"; fi
}

# full ADDRESS: with its domain; cases leave it out.
full() {
	case $1 in
	*:*:*) echo "$1" ;;
	*) echo "0000:$1" ;;
	esac
}

# dev ADDRESS: its directory.
dev() {
	echo "$pci/$(full "$1")"
}

# link ADDRESS NAME: where the device's link driver or iommu_group leads, "none" if there is none.
link() {
	local target

	target=$(readlink "$(dev "$1")/$2") || target=none
	echo "${target##*/}"
}

group() {
	link "$1" iommu_group
}

# driver ADDRESS WANT
driver() {
	is "driver of $1" "$(link "$1" driver)" "$2"
}

# override ADDRESS WANT: "(null)" is what the kernel shows for none.
override() {
	is "override of $1" "$(cat "$(dev "$1")/driver_override")" "$2"
}

# flatten FILE: JSON as lines "path<TAB>value".
flatten() {
	awk -f /guest/json.awk "$1"
}

# value PATH: a scalar of the report, for instance .result
value() {
	flatten "$report" | awk -F '\t' -v path="$1" '$1 == path { print $2; exit }'
}

# field ADDRESS KEY: of the device in the report ("null" for the entry without an address).
field() {
	local address=$1

	[ "$1" = null ] || address=$(full "$1")
	flatten "$report" | awk -F '\t' -v address="$address" -v key="$2" '
		$1 ~ /^\.devices\.[0-9]+\./ { split($1, p, "."); value[p[3], p[4]] = $2 }
		$1 ~ /^\.devices\.[0-9]+\.address$/ && $2 == address { n = p[3]; found = 1 }
		END { if (found) print value[n, key]; else print "no such device in the report" }'
}

# verdict ADDRESS WANT: "bind", or with its reason: "skip boot-vga".
verdict() {
	local got

	got="$(field "$1" verdict) $(field "$1" reason)"
	is "verdict of $1" "${got% null}" "$2"
}

# reported REGEX: a line of the flattened report has it.
reported() {
	flatten "$report" | grep -q "$1"
}

result() {
	is "result" "$(value .result)" "$1"
}

# Whatever the policy was: what the report says about the drivers is what sysfs says.
truthful() {
	local lies

	flatten "$report" | awk -F '\t' '
		$1 ~ /^\.devices\.[0-9]+\./ { split($1, p, "."); value[p[3], p[4]] = $2; last = p[3] }
		END { for (i = 0; i <= last; i++) if (value[i, "address"] != "")
			print value[i, "address"], value[i, "driver_after"], value[i, "verdict"] }' \
		>/tmp/truth
	lies=$(while read -r address after verdict; do
		[ -e "$pci/$address" ] || continue # absent, or null
		now=$(link "$address" driver)
		[ "${after%null}" = "${now%none}" ] || echo "$address $verdict: says $after, has $now"
		case $verdict:$now in
		bind:none | bound:none) echo "$address $verdict: has no driver" ;;
		esac
	done </tmp/truth | tr '\n' ';')
	is "the report tells the truth" "${lies:-yes}" yes
}

# boot [OPTION...]: vfio-bind boot, with the checks that hold in every case.
boot() {
	local start status

	start=$(ms)
	vfio-bind boot "$@" >/run/boot.out 2>&1
	status=$?
	took=$(($(ms) - start))
	say "boot took $took ms"
	is "boot exits" $status 0
	check "boot ends before its deadline" [ $took -lt 10500 ]
	[ ! -e "$report" ] || truthful
}

# quicker_than MILLISECONDS: the last boot was.
quicker_than() {
	check "it took less than $1 ms" [ $took -lt "$1" ]
}

# coldplug: what udev does after us, a modprobe for every device there is.
coldplug() {
	local alias

	for alias in "$pci"/*/modalias; do
		modprobe -q "$(cat "$alias")" 2>/dev/null
	done
}

# wait_for SECONDS COMMAND...
wait_for() {
	local tries=$(($1 * 10))

	shift
	while ! "$@" 2>/dev/null; do
		[ $tries -gt 0 ] || return 1
		tries=$((tries - 1))
		sleep 0.1
	done
}

# Our lines in the kernel log.
log() {
	dmesg | grep 'vfio-bind'
}

# counted COMMAND...: runs it, and sets $writes to the number of writes to sysfs that anyone made
# meanwhile, and $loads to the number of modules that anyone tried to load.
counted() {
	local t=/sys/kernel/tracing

	[ -e $t/trace ] || mount -t tracefs tracefs $t
	echo 'p:vm/write kernfs_fop_write_iter' >$t/kprobe_events
	echo 1 >$t/events/vm/write/enable
	echo 1 >$t/events/syscalls/sys_enter_finit_module/enable
	: >$t/trace
	"$@"
	cat $t/trace >/tmp/trace
	echo 0 >$t/events/vm/write/enable
	writes=$(grep -c ' write: ' /tmp/trace)
	loads=$(grep -c 'sys_finit_module' /tmp/trace)
	say "counted: $writes writes to sysfs, $loads modules"
}

# After counted: nothing was written or loaded, or both were.
untouched() {
	is "writes to sysfs" "$writes" 0
	is "modules loaded" "$loads" 0
}

touched() {
	check "sysfs was written to" [ "$writes" -gt 0 ]
	check "modules were loaded" [ "$loads" -gt 0 ]
}

# opens ADDRESS: the device's group is whole, and can be opened the way QEMU does it.
opens() {
	check "a VFIO user can open $1" vfio-open "$(group "$1")" "$(full "$1")"
}

# logged REGEX: one of our lines in the kernel log has it.
logged() {
	log | grep -q "$1"
}

# fact NAME: what strict-init has found when it was started.
fact() {
	sed -n "s/^$1 *//p" /run/init-facts
}

# started_like_an_init ARGUMENT...: just as the kernel would have started it, with those arguments.
started_like_an_init() {
	is "pid" "$(fact pid)" 1
	is "arguments" "$(fact argv)" "/init${*:+ $*}"
	is "signals" "$(fact signals)" ""
	is "open files" "$(fact files)" "0 1 2"
	is "umask" "$(fact umask)" 022
	is "directory" "$(fact cwd)" /
	is "children" "$(fact children)" 0
	is "alarm" "$(fact alarm)" 0
}

# adopt STATUS: vfio-bind status knows the run as PID 1, and exits with STATUS; the next run, say a
# hook's, finds the report of it in /run or brings it there.
adopt() {
	vfio-bind status >/tmp/status
	is "exit code of status" $? "$1"
	check "status has something to say" [ -s /tmp/status ]
	cat /tmp/status
	vfio-bind boot
	is "exit code of the next run" $? 0
	check "the report is in /run" [ -e "$report" ]
	check_not "there is none in /dev" [ -e /dev/.vfiokit/bind.json ]
	check "the next run is behind it" reported '^\.runs\.0\.result'
}

# addon_did_it: what an add-on before any init has made of twin cards, in an image without us.
addon_did_it() {
	started_like_an_init
	check "lib is still a link" [ -L /lib ]
	driver 01:00.0 none
	driver 02:00.0 vfio-pci
	coldplug
	driver 01:00.0 bochs-drm
	driver 02:00.0 vfio-pci
	/kept/later status >/tmp/status
	is "exit code of status" "$?" 0
	verdict 01:00.0 "skip boot-vga"
	verdict 02:00.0 bind
	is "image" "$(value .image)" add-on
	opens 02:00.0
}

# hold ADDRESS...: binds them to vfio-pci and starts a user of each. See hold.sh.
hold() {
	local address

	vfio-bind apply --policy /guest/hold.conf >/tmp/hold.apply 2>&1
	rm -rf /run/vfiokit
	holders=
	for address; do
		vfio-open -k "$(group "$address")" "$(full "$address")" >"/tmp/hold.$address" &
		holders="$holders $!"
		check "a VFIO user holds $address" wait_for 10 grep -q '^regions' "/tmp/hold.$address"
	done
}

let_go() {
	# shellcheck disable=SC2086 # numbers
	kill $holders
}

# outside COMMAND...: in a root that is not the initramfs.
outside() {
	local dir

	mkdir /outside
	mount -t tmpfs root /outside
	cp -a /usr /etc /bin /sbin /lib /outside/
	[ ! -e /lib64 ] || cp -a /lib64 /outside/
	for dir in dev proc run sys; do
		mkdir /outside/$dir
		mount --bind /$dir /outside/$dir
	done
	chroot /outside "$@"
}

# real_root: leaves the initramfs for a root in memory, where the case begins anew. There it does nothing.
real_root() {
	local dir

	[ ! -e /real-root ] || return 0
	mkdir /new
	mount -t tmpfs root /new
	cp -a /usr /etc /bin /sbin /lib /guest /new/
	[ ! -e /lib64 ] || cp -a /lib64 /new/
	mkdir -m 1777 /new/tmp
	touch /new/real-root
	for dir in dev proc run sys; do
		mkdir /new/$dir
		mount --move /$dir /new/$dir
	done
	exec switch_root /new /bin/sh /guest/main
}

# in_real_root ADDRESS TWIN: this is the root on the disk, and what was done in the initramfs is still so: the device is on
# vfio-pci, its twin on the driver that the image loaded early, and after our plan.
in_real_root() {
	is "root" "$(awk '$2 == "/" { type = $3 } END { print type }' /proc/mounts)" ext4
	driver "$1" vfio-pci
	driver "$2" bochs-drm
	check "the report is in /run" [ -e "$report" ]
	verdict "$1" bind
	verdict "$2" "skip boot-vga"
	is "driver of $2 when we ran" "$(field "$2" driver_after)" null
	check "we were there before the driver" earlier 'vfio-bind' 'bochs-drm.*initialized\|Initialized bochs-drm'
	opens "$1"
	vfio-bind status
	is "exit code of status" $? 0
	coldplug
	driver "$1" vfio-pci
	driver "$2" bochs-drm
}

# earlier REGEX REGEX: lines of the kernel log in that order. Unless both are there, it is not so.
earlier() {
	local first second

	first=$(dmesg | grep -n -m 1 "$1") && second=$(dmesg | grep -n -m 1 "$2") && [ "${first%%:*}" -lt "${second%%:*}" ]
}

# table: every PCI function, for a person.
table() {
	local d

	printf '%-13s %-10s %-7s %-6s %s\n' address id class group driver
	for d in "$pci"/*; do
		printf '%-13s %-10s %-7s %-6s %s\n' "${d##*/}" \
			"$(cut -c 3- "$d/vendor"):$(cut -c 3- "$d/device")" "$(cut -c 3- "$d/class")" \
			"$(group "${d##*/}")" "$(link "${d##*/}" driver)"
	done
}
