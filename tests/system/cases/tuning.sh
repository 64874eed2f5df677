# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2054,SC2154
# Interrupts, unbound work and the clock of CPUs make room for guests, and get back what they were

# acpi-cpufreq leaves the K8, which the processors would be, to another driver; it shall wait until it is wanted. The other
# device is one that nothing depends on, whose interrupts come and go with its driver.
files()
{
	iasl -p "$build/clock" "$system/clock.dsl"
	${CC:-cc} -O2 -Wall -Wextra -Werror -o "$1/hold-profile" "$system/hold-profile.c" -lsystemd
}
machine() { qemu+=(-acpitable "file=$build/clock.aml" -cpu "max,vendor=GenuineIntel,family=6" -device virtio-rng-pci,addr=0x8); }
cmdline() { echo apparmor=0 modprobe.blacklist=acpi-cpufreq; }
rng=0000:00:08.0

workqueues=/sys/devices/virtual/workqueue/cpumask
new_ones=/proc/irq/default_smp_affinity
clocks=/sys/devices/system/cpu/cpufreq

# numbers: of the interrupts that somebody uses.
numbers()
{
	local folder
	for folder in /sys/kernel/irq/*; do
		[ -z "$(cat "$folder/actions")" ] || echo "${folder##*/}"
	done | sort -n
}

affinity() { cat "/proc/irq/$1/smp_affinity_list"; }
affinities() { local n; for n in $(numbers); do echo "$n $(affinity "$n")"; done; }
# number_of ACTION, mask FILE: without zeros in front.
number_of() { grep -lx "$1" /sys/kernel/irq/*/actions | cut -d / -f 5; }
mask() { sed 's/^0*//' "$1"; }

# governor CPU, governors: of CPUs 0 and 1, which share a clock, of 2, and of 3.
governor() { cat "$clocks/policy$1/scaling_governor"; }
governors() { echo "$(governor 0) $(governor 2) $(governor 3)"; }

# on CPU: interrupts that may go to it.
on() { affinities | while read -r n list; do ! has_cpu "$list" "$1" || echo "$n"; done; }
has_cpu()
{
	local part
	for part in ${1//,/ }; do
		[ "${part%-*}" -gt "$2" ] || [ "${part#*-}" -lt "$2" ] || return 0
	done
	return 1
}

# refuses N: the kernel manages this interrupt.
refuses() { ! echo 0 2>/dev/null >"/proc/irq/$1/smp_affinity_list"; }

given_back()
{
	is "unbound work: $1" "$(mask $workqueues)" "$work_before"
	is "new interrupts: $1" "$(mask $new_ones)" "$new_before"
	is "interrupts: $1" "$(affinities | tr '\n' ';')" "$before"
	is "governors: $1" "$(governors)" "schedutil schedutil schedutil"
	check "no record: $1" test ! -e /run/vfiokit/settings -a ! -e /run/vfiokit/irqs
}
# now_away WHAT MASK LIST
now_away()
{
	local of_2=schedutil
	[ "$2" != 3 ] || of_2=performance
	is "governors: $1" "$(governors)" "schedutil $of_2 performance"
	is "unbound work: $1" "$(mask $workqueues)" "$2"
	is "new interrupts: $1" "$(mask $new_ones)" "$2"
	is "an interrupt of a disk: $1" "$(affinity "$movable")" "$3"
}

# What the kernel keeps is what refuses a write, and nothing else.
kept()
{
	local n kept=0 wrong=''
	for n in $(on 3); do
		if refuses "$n"; then kept=$((kept + 1)); else wrong="$wrong $n"; fi
	done
	is "movable interrupts that are left on CPU 3" "$wrong" ""
	check "the kernel keeps some there" test "$kept" -gt 0
	has "status knows the governor" "$(vfio-hook status)" "$clocks/policy3/scaling_governor: 'performance' (was 'schedutil'), set"
	has "status knows how many" "$(vfio-hook status)" " moved, $kept kept by the kernel, irqbalance absent"
	has "the journal, too" "$(journalctl -b -t vfio-hook)" "$kept interrupts stay where the kernel keeps them: managed by the kernel"
	check "reconcile has nothing to do" vfio-hook reconcile
	is "that was said once" "$(journalctl -b -t vfio-hook | grep -c 'stay where the kernel')" 1
	check "status has nothing to complain of" vfio-hook status
}

two_guests()
{
	check "two starts" start 2
	now_away "with two" 3 0-1
	check "one ends" destroy 1
	now_away "with the second" 3 0-1
	check "two ends" destroy 2
	given_back "behind both"
	check "two starts first" start 2
	check "one starts behind it" start 1
	check "two ends first" destroy 2
	now_away "with the first" 7 0-2
}

# What others change is theirs.
foreign()
{
	echo 1 >$workqueues
	echo 3 >"/proc/irq/$movable/smp_affinity_list"
	echo powersave >$clocks/policy3/scaling_governor
	check_not "status complains of a change" vfio-hook status
	has "status knows whose it is" "$(vfio-hook status)" "/sys/devices/virtual/workqueue/cpumask: '0' (was '0-3'), foreign"
	has "and of the governor" "$(vfio-hook status)" "policy3/scaling_governor: 'powersave' (was 'schedutil'), foreign"
	vfio-hook reconcile
	is "a foreign change stays" "$(mask $workqueues) $(affinity "$movable") $(governor 3)" "1 3 powersave"
	check "one ends" destroy 1
	is "it stays behind the guest" "$(mask $workqueues) $(affinity "$movable") $(governor 3)" "1 3 powersave"
	has "the journal names the governor" "$(journalctl -b -g 'policy3.*somebody else has changed it meanwhile; it was left')" left
	echo f >$workqueues
	echo schedutil >$clocks/policy3/scaling_governor
	echo 0-3 >"/proc/irq/$movable/smp_affinity_list"
	given_back "behind a foreign change"
}

rng_driver() { echo $rng >/sys/bus/pci/drivers/virtio-pci/"$1"; }
of_rng() { for n in /sys/bus/pci/devices/"$rng"/msi_irqs/*; do affinity "${n##*/}"; done | sort -u; }

# Interrupts that come while a guest runs begin away from it; nothing looks at them before it ends.
born()
{
	check "one starts, and interrupts come behind it" start 1
	rng_driver bind
	is "they begin away from it" "$(of_rng)" 0-2
	check "one ends" destroy 1
	is "they may go everywhere then" "$(of_rng)" 0-3
	rng_driver unbind
	given_back "behind interrupts that came"
}

# banned: what irqbalance may not use; perl because it is there.
banned()
{
	# shellcheck disable=SC2016 # perl's own
	perl -MSocket -e 'socket(S, PF_UNIX, SOCK_STREAM, 0); connect(S, pack_sockaddr_un($ARGV[0])) or die; syswrite(S, "setup"); print <S>' \
		/run/irqbalance/irqbalance*.sock | sed 's/.*BANNED //; s/,//g; s/^0*//'
}
banned_is() { [ "$(banned)" = "$1" ]; }
tells() { vfio-hook status | grep "irqbalance $1"; }

irqbalance()
{
	# It looks every second here, not every ten.
	echo 'IRQBALANCE_ARGS="--interval=1"' >>/etc/default/irqbalance
	check "irqbalance starts" systemctl start irqbalance
	check "it listens" wait_for 30 banned_is ""
	check "one starts beside irqbalance" start 1
	check "irqbalance was told" tells told
	check "it keeps away" wait_for 30 banned_is 8
	check "irqbalance is started again" systemctl restart irqbalance
	check "and is told again" wait_for 60 banned_is 8
	systemctl kill -s STOP irqbalance
	check "two starts while it hangs" start 2
	check "status knows" tells "not told"
	systemctl kill -s CONT irqbalance
	check "it is told when it is back" wait_for 60 banned_is c
	is "movable interrupts on CPU 3" "$(for n in $(on 3); do refuses "$n" || echo "$n"; done)" ""
	check "two ends" destroy 2
	check "one ends" destroy 1
	check "irqbalance may use all again" wait_for 30 banned_is ""
	check "irqbalance ends" systemctl stop irqbalance
	# What it has moved is its own.
	tr ';' '\n' <<<"$before" | while read -r n list; do
		[ -z "$n" ] || echo "$list" 2>/dev/null >"/proc/irq/$n/smp_affinity_list"
	done
	given_back "behind irqbalance"
}

hook() { vfio-hook call one "$@" - </tmp/1.xml; }
# takes WORD...: how long one call takes that nobody disturbs, in ms.
takes()
{
	local start
	start=$(date +%s%N)
	hook "$@" >/dev/null 2>&1
	echo $((($(date +%s%N) - start) / 1000000 + 1))
}

# killed_at MS WORD...: counts in "killed" the calls that did not come to their end, and in "between" those of them that had begun.
killed_at()
{
	local code ms=$1
	shift
	timeout -s KILL "$((ms / 1000)).$(printf %03d $((ms % 1000)))" vfio-hook call one "$@" - </tmp/1.xml 2>/dev/null
	code=$?
	[ $code = 137 ] || return 0
	killed=$((killed + 1))
	! leftovers || between=$((between + 1))
}
leftovers() { [ -e "/run/vfiokit/claims/$(uuid_of 1)" ] || [ -e /run/vfiokit/settings ]; }
all_as_before()
{
	! leftovers && [ "$(mask $workqueues) $(mask $new_ones)" = "$work_before $new_before" ] && [ "$(affinities | tr '\n' ';')" = "$before" ]
}

# The hook is killed at eight moments of a start, and four of an end, of which one undisturbed call says when they are. Of two that
# are killed one behind the other, the second finds what the first has left.
killed_hook()
{
	local start end i killed=0 between=0 left=''
	start=$(takes prepare begin) end=$(takes release end)
	for i in 1 2 3 4 5 6 7 8; do
		killed_at $((start * i / 9)) prepare begin
		[ $((i % 2)) = 0 ] || continue
		hook release end
		all_as_before || left="$left $i"
	done
	is "starts that were killed, and then ended, and left something" "$left" ""
	check "some were ($killed of 8, in $start ms)" test $killed -gt 0
	check "and some of these had begun ($between)" test $between -gt 0
	hook prepare begin
	now_away "when the hook was killed" 7 0-2
	killed=0 left=''
	for i in 1 2 3 4; do
		hook prepare begin
		killed_at $((end * i / 5)) release end
		hook release end
		all_as_before || left="$left $i"
	done
	is "ends that were killed, and left something" "$left" ""
	check "some were ($killed of 4, in $end ms)" test $killed -gt 0
	check "its claim is gone" wait_for 30 is_gone 1
	vfio-hook reconcile
	given_back "when the hook was killed"
}

has_guard() { [ "$(guard_of 1)" != 0 ]; }
killed_others()
{
	check "one starts" start 1
	kill -KILL "$(guard_of 1)"
	check "its guard comes back" wait_for 30 has_guard
	now_away "when the guard was killed" 7 0-2
	systemctl kill -s KILL libvirtd
	kill -KILL "$(qemu_of 1)"
	check "its guard ends without libvirtd" wait_for 60 is_gone 1
	given_back "when all were killed"
	systemctl start libvirtd
	check "libvirtd is back" wait_for 120 virsh -q domstate "$(uuid_of 1)"
}

# holds N: guests for which power-profiles-daemon holds the profile.
holds()
{
	[ "$(busctl get-property net.hadess.PowerProfiles /net/hadess/PowerProfiles net.hadess.PowerProfiles ActiveProfileHolds |
		grep -o '"vfiokit"\|"performance"\|"guest one runs"' | sort -u | wc -l)" = "$1" ]
}

online() { echo "$2" >"/sys/devices/system/cpu/cpu$1/online"; }

profiles=net.hadess.PowerProfiles
profile_is() { [ "$(busctl get-property $profiles /net/hadess/PowerProfiles $profiles ActiveProfile)" = "s \"$1\"" ]; }
powerprofile() { busctl set-property $profiles /net/hadess/PowerProfiles $profiles ActiveProfile s "$1"; }

# What the kernel does with governors: it sets them for all CPUs of a clock, has none for one that is offline, and cannot
# give back one whose module is gone.
kernel_governors()
{
	local file=$clocks/policy3/scaling_governor
	printf '[guests]\nisolate-cpus = 1,3\ngovernor = performance\nrequire = tuning\n' >"$conf"
	mount --bind "$file" "$file"
	mount -o remount,bind,ro "$file"
	check_not "a governor that cannot be set refuses the start" start 1
	has "the journal names it" "$(journalctl -b -t vfio-hook)" "$file: cannot be set to 'performance': Read-only file system"
	umount "$file"
	is "governors behind that" "$(governors)" "schedutil schedutil schedutil"

	echo userspace >$clocks/policy0/scaling_governor
	check "one starts" start 1
	is "governors of CPUs that share a clock" "$(governors)" "performance schedutil performance"
	modprobe -r cpufreq_userspace
	echo 'install cpufreq_userspace /bin/false' >/etc/modprobe.d/none.conf
	online 3 0
	check "status has nothing to complain of without CPU 3" vfio-hook status
	has "but knows of it" "$(vfio-hook status)" "policy3/scaling_governor: '' (was 'schedutil'), offline"
	check "nor has a call" vfio-hook reconcile
	check "one ends while its CPU is offline" destroy 1
	check_not "what it was before is no longer there" vfio-hook reconcile
	has "a call says so" "$(cat /tmp/out)" "policy0/scaling_governor: cannot be set to 'userspace': Invalid argument"
	is "and says no more" "$(wc -l </tmp/out)" 1
	rm /etc/modprobe.d/none.conf
	online 3 1
	check "it is there again" vfio-hook reconcile
	is "its governor is given back when it is back" "$(governors)" "userspace schedutil schedutil"
	check "no record of governors" test ! -e /run/vfiokit/settings
	check "the driver goes" modprobe -r acpi-cpufreq
}

profiles()
{
	printf '[guests]\nisolate-cpus = 3\ngovernor = performance\nrequire = tuning\n' >"$conf"
	check_not "a guest is refused where nothing sees to the clock" start 1
	has "the reason" "$(cat /tmp/out)" "neither power-profiles-daemon nor the kernel can say how fast its CPUs run"
	mkdir -p /run/systemd/system/power-profiles-daemon.service.d
	# It has a driver that needs no processor.
	printf '[Service]\nEnvironment=POWER_PROFILE_DAEMON_FAKE_DRIVER=1\n' >/run/systemd/system/power-profiles-daemon.service.d/fake.conf
	systemctl daemon-reload
	# Debian 13's waits for multi-user.target, of which this is a part.
	check "power-profiles-daemon starts" systemctl start --job-mode=ignore-dependencies power-profiles-daemon
	check "it holds nothing" holds 0
	systemctl kill -s STOP power-profiles-daemon
	check_not "a guest is refused where it is silent" start 1
	has "what it waits for" "$(cat /tmp/out)" "tuning: the host could not be tuned as the guest wants"
	has "who is silent" "$(journalctl -b -t vfio-hook)" "power-profiles-daemon: cannot be asked for its profiles: Connection timed out"
	printf '[guests]\nisolate-cpus = 3\ngovernor = performance\n' >"$conf"
	check "one starts without" start 1
	systemctl kill -s CONT power-profiles-daemon
	check "the profile is held" wait_for 30 holds 3
	check "status knows" vfio-hook status
	has "and says so" "$(cat /tmp/out)" "profile performance (held)"
	/guest/hold-profile power-saver &
	check "somebody wants another profile" wait_for 30 profile_is power-saver
	printf 'require = tuning\n' >>"$conf"
	check_not "a second guest is refused, because that profile wins" start 2
	has "the reason of that" "$(cat /tmp/out)" "governor: power-profiles-daemon holds the profile performance for it, but 'power-saver' is active"
	check "nothing of it is left" wait_for 30 is_gone 2
	check_not "status complains" vfio-hook status
	has "of what" "$(cat /tmp/out)" "profile performance (overruled)"
	kill -KILL "$(guard_of 1)"
	check "another guard says it" wait_for 60 sh -c "journalctl -b -t vfio-guard | grep \"but 'power-saver' is active\""
	kill $!
	check "nobody wants it any more" wait_for 30 profile_is performance
	check "the user takes it away" powerprofile power-saver
	check_not "status complains of that, too" vfio-hook status
	has "that it is missing" "$(cat /tmp/out)" "profile performance (missing)"
	check "power-profiles-daemon is started again" systemctl restart --job-mode=ignore-dependencies power-profiles-daemon
	check "the profile is held again" wait_for 60 holds 3
	kill -KILL "$(guard_of 1)"
	check "another guard holds it" wait_for 60 holds 3
	check "one ends" destroy 1
	check "nothing is held any more" wait_for 30 holds 0
}

guest()
{
	local before work_before new_before movable
	check "the processors have clocks" modprobe acpi-cpufreq
	rng_driver unbind
	work_before=$(mask $workqueues) new_before=$(mask $new_ones)
	before=$(affinities | tr '\n' ';')
	movable=$(number_of virtio1-config)
	is "an interrupt of a disk goes everywhere" "$(affinity "$movable")" 0-3
	printf '[guests]\nisolate-cpus = 3\nirqs = away\nworkqueues = away\ngovernor = performance\nrequire = tuning\n[guest two]\nisolate-cpus = 2-3\nrequire = no\n' >"$conf"
	define 1 one
	define 2 two

	rm -f /run/vfiokit/called
	check "one starts" start 1
	check "libvirt's call is noted" test -e /run/vfiokit/called
	now_away "with one" 7 0-2
	kept
	two_guests
	foreign
	born
	irqbalance
	killed_hook
	killed_others
	kernel_governors
	profiles
}
