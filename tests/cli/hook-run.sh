# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154,SC2016
# vfio-hook run: a QEMU that is started by hand, up to the moment when it is there. Any program stands for QEMU.

claims=$root/run/vfiokit/claims
hooks_conf=$root/etc/vfiokit/hooks.conf

# r NAME: begins a test on a machine with eight CPUs and a cgroup tree, but without systemd.
r()
{
	t "$1"
	mkdir -p "$root/sys/fs/cgroup/system.slice" "$root/sys/devices/system/cpu" "$root/dev"
	echo cpuset cpu >"$root/sys/fs/cgroup/cgroup.controllers"
	echo 0-7 | tee "$root/sys/devices/system/cpu/possible" >"$root/sys/devices/system/cpu/online"
	printf '[guest win]\nisolate-cpus = 2-3\n' >"$hooks_conf"
}

# starts WORD...: vfio-hook run win -- WORD...
starts() { bounded "$build/vfio-hook" --root "$root" run win -- "$@"; }

for words in run "run win" "run win --" "run win sh" "run -- sh" "run win sh --"; do
	r "wrong usage: $words"
	# shellcheck disable=SC2086
	bounded "$build/vfio-hook" --root "$root" $words
	exits 2
	says_at_most 1
	says "expected 'GUEST -- QEMU...' behind 'run'"
	[ ! -e "$claims" ] || fail "it claimed something"
done

r "words, environment and exit code are QEMU's own"
WIN_TEST=x bounded env WIN_TEST=x "$build/vfio-hook" --root "$root" run win -- sh -c 'echo "$# $1 $2 $WIN_TEST"; exit 7' sh --version '-a b'
exits 7
[ "$(cat "$work/out")" = "2 --version -a b x" ] || fail "it got: $(cat "$work/out")"

r "the claim is there before QEMU"
starts sh -c "cat $claims/*"
exits 0
grep -qx 'name win' "$work/out" || fail "there is no claim: $(cat "$work/out")"
grep -qx 'cpus 2-3' "$work/out" || fail "it has no CPUs: $(cat "$work/out")"
grep -qx 'slice machine.slice' "$work/out" || fail "it has no slice: $(cat "$work/out")"

r "the claim lives with the process that becomes QEMU"
mkdir -p "$root/proc"
sh -c 'mkdir "$0/proc/$$"; echo "$$ (sh) S 1 1 1 0 -1 4 1 1 1 1 1 1 1 1 20 0 1 0 98765 1 1" >"$0/proc/$$/stat"
	exec "$1" --root "$0" run win -- sh -c "echo \$\$; cat $0/run/vfiokit/claims/*"' "$root" "$build/vfio-hook" >"$work/out" 2>"$work/err" </dev/null
pid=$(head -n 1 "$work/out")
grep -qx "running $pid 98765" "$work/out" || fail "it is not running: $(cat "$work/out")"
starts true
exits 1
says "it runs already, as process $pid; it is not started"
says_at_most 1
sed -i '1s/ S / Z /' "$root/proc/$pid/stat"
starts true
exits 0

r "a second one while the first is being started"
starts true
exits 0
starts true
exits 1
says "it is being started"

r "a program that is not there: everything is given back"
starts /none
exits 127
says "/none: No such file or directory; it is not started"
[ -z "$(ls "$claims")" ] || fail "the claim is still there"

r "a program that cannot be run: everything is given back"
starts "$work"
exits 126
says "it is not started"
[ -z "$(ls "$claims")" ] || fail "the claim is still there"

r "isolation that is required and cannot be had refuses the start"
echo 'require = isolation' >>"$hooks_conf"
starts echo started
exits 1
says "could not all be isolated"
[ ! -s "$work/out" ] || fail "it was started"
[ -z "$(ls "$claims")" ] || fail "the claim is still there"

r "-daemonize is refused"
starts qemu-system-x86_64 -daemonize
exits 1
says "-daemonize"
says_at_most 1
[ ! -e "$claims" ] || fail "it claimed something"

r "disks that nobody can know refuse the start"
starts echo -readconfig x
exits 1
says "so nobody knows its disks; it is not started"
printf '[guest win]\nclaim-disks = no\n' >"$hooks_conf"
starts echo started
exits 0
[ "$(cat "$work/out")" = started ] || fail "it was not started"

r "a PCI device that is not there"
printf '[guest win]\nrequire = devices\n' >"$hooks_conf"
starts echo -device vfio-pci,host=05:00.0
exits 1
says "0000:05:00.0: there is no such PCI device on this host; it is not started"

r "the section of a UUID"
printf '[guest 4dea22b3-1d52-d8f3-2516-782e98ab3fa0]\nisolate-cpus = 5\n' >"$hooks_conf"
starts sh -c "cat $claims/4dea22b3-1d52-d8f3-2516-782e98ab3fa0" -uuid 4dea22b3-1d52-d8f3-2516-782e98ab3fa0
exits 0
grep -qx 'cpus 5' "$work/out" || fail "no CPUs: $(cat "$work/out")"

r "only root"
bounded setpriv --reuid=65534 --regid=65534 --clear-groups "$build/vfio-hook" run win -- true
exits 1
says "only root can claim anything"

r "huge pages cannot be found out without a description"
pool=$root/sys/devices/system/node/node1/hugepages/hugepages-2048kB
mkdir -p "$pool"
echo 10 | tee "$pool/nr_hugepages" >"$pool/free_hugepages"
echo 0 >"$pool/surplus_hugepages"
printf '[guests]\nhugepages = auto\n' >"$hooks_conf"
starts true -m 64
exits 0
says "hugepages: auto reads libvirt's description of a guest, and this one has none"
says_at_most 1
echo 'require = hugepages' >>"$hooks_conf"
starts echo started -m 64
exits 1
says "hugepages: nobody knows which huge pages it needs; it is not started"
[ ! -s "$work/out" ] || fail "it was started"
printf '[guests]\nhugepages = 2M:16@1\nrequire = hugepages\n' >"$hooks_conf"
starts cat "$pool/nr_hugepages"
exits 0
says_at_most 1
[ "$(cat "$work/out")" = 16 ] || fail "it has $(cat "$work/out") pages"

# killed INJECTION: vfio-hook run is killed in front of a system call. QEMU would write a line.
killed()
{
	(
		strace -qq -o "$work/trace" -e trace="${1%%:*}" -e inject="$1" "$build/vfio-hook" --root "$root" run win -- \
			echo QEMU -m 64 >"$work/out" 2>"$work/err" </dev/null
		true
	) 2>/dev/null
	[ ! -s "$work/out" ] || fail "killed at $1: QEMU was started"
}
# taken: what the guest wants of the host, as it is now. A file that was not written to its end has another name, and is no claim.
taken()
{
	echo "$(head -c 2 "$pool/nr_hugepages") $(cat "$workqueues") $(ls "$root/dev/shm") $(find "$root/run/vfiokit/claims" -name '*[0-9a-f]' -type f | wc -l)"
}
r "killed at any step in front of QEMU, it leaves nothing behind"
workqueues=$root/sys/devices/virtual/workqueue/cpumask
mkdir -p "$pool" "${workqueues%/*}" "$root/dev/shm"
mkdir -p "$claims"
printf '[guest win]\nisolate-cpus = 2-3\nworkqueues = away\nhugepages = 2M:16@1\nshm = glass 64k %s:%s\n' "$(id -u)" "$(id -g)" >"$hooks_conf"
all=0
for at in close:signal=KILL:when={10..50..2} execve:signal=KILL:when=1; do
	echo 10 | tee "$pool/nr_hugepages" >"$pool/free_hugepages"
	echo 0 >"$pool/surplus_hugepages"
	echo ff >"$workqueues"
	killed "$at"
	[ "$(taken)" != "16 f3 glass 1" ] || all=$((all + 1))
	# The kernel's file is never empty: whoever is killed between open and write has written nothing.
	[ -s "$pool/nr_hugepages" ] || echo 10 >"$pool/nr_hugepages"
	# Its time is over, and nobody came.
	[ -z "$(ls "$claims")" ] || sed -i 's/^pending .*/pending 1/' "$claims"/*
	bounded "$build/vfio-hook" --root "$root" reconcile
	[ "$(taken)" = "10 ff  0" ] || fail "killed at $at: $(taken)"
	[ -z "$(cd "$root/run/vfiokit" && ls settings hugepages shm 2>/dev/null)" ] || fail "killed at $at: something is remembered"
done
[ "$all" -ge 1 ] || fail "it was never killed with all that it wants"
