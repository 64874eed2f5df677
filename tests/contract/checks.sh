# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Runs inside of run.sh's root. Says "ok ..." or "not ok ..." for each check, and how many at the end.
set -u

hooks=/etc/libvirt/hooks/qemu.d
calls=/tmp/calls # a directory for each call of vfio-hook: words, stdin, stdout, stderr, code
uuid=00000000-0000-4000-8000-000000000001
name="-a b'\"\$(c)"
claim=/run/vfiokit/claims/$uuid
passed=0 failed=0

ok() { echo "ok $*"; passed=$((passed + 1)); }
not_ok() { echo "not ok $*"; failed=$((failed + 1)); }

# is TEXT GOT WANT
is() { if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1: is '$2', not '$3'"; fi; }

# has TEXT GOT PART
has() { if [[ $2 == *"$3"* ]]; then ok "$1"; else not_ok "$1: '$2' does not hold '$3'"; fi; }

# check TEXT COMMAND...
check()
{
	local text=$1 out

	shift
	if out=$("$@" 2>&1); then ok "$text"; else not_ok "$text: $* failed: $out"; fi
}

wait_for()
{
	local until=$((SECONDS + $1))

	shift
	until "$@" >/dev/null 2>&1; do
		[ "$SECONDS" -lt "$until" ] || return 1
		sleep 0.1
	done
}

# The daemon alone: what it would do with cgroups, other users and machined is for tests/system.
daemon_start()
{
	libvirtd >>/tmp/libvirtd.log 2>&1 &
	wait_for 60 virsh -q list
}

has_ended() { ! pgrep -x libvirtd; }

daemon_kill()
{
	pkill -KILL -x libvirtd # there is no other in this name space
	wait_for 10 has_ended
}

# In place of the link, what stands between libvirt and our program and writes down all that passes.
install_recorder()
{
	rm "$hooks/50-vfiokit"
	cat >"$hooks/50-vfiokit" <<-'EOT'
		#!/bin/bash
		call=$(printf '/tmp/calls/%03d' "$(ls /tmp/calls | wc -l)")
		mkdir "$call"
		printf '%s|' "$@" >"$call/words"
		env >"$call/environment"
		cat >"$call/stdin"
		vfio-hook call "$@" <"$call/stdin" >"$call/stdout" 2>"$call/stderr"
		code=$?
		echo "50 $2" >>/tmp/order
		echo $code >"$call/code"
		cat "$call/stdout"
		cat "$call/stderr" >&2
		exit $code
	EOT
	chmod 755 "$hooks/50-vfiokit"
}

# Those of others, in front of and behind ours. The last one vetoes the operation that stands in /tmp/veto.
install_neighbours()
{
	printf '#!/bin/sh\necho "10 $2" >>/tmp/order\n' >"$hooks/10-other"
	printf '#!/bin/sh\necho "90 $2" >>/tmp/order\n[ "$2" != "$(cat /tmp/veto)" ] || { echo "90 says no" >&2; exit 1; }\n' \
		>"$hooks/90-other"
	chmod 755 "$hooks"/[19]0-other
}

# forget: what was called so far.
forget()
{
	rm -rf $calls /tmp/order
	mkdir $calls
	: >/tmp/order
}

order() { tr '\n' ' ' </tmp/order; }
words() { cat $calls/*/words | sed "s/^/ /" | tr '\n' ' '; }

# all_of WHAT: of each call, one line.
all_of() { cat $calls/*/"$1" | sort -u | tr '\n' ' '; }

# called TEXT OPERATION...: exactly these, in this order; with exit code 0 and an empty standard output.
called()
{
	local text=$1 got

	shift
	got=$(for call in "$calls"/*; do cut -d'|' -f2 "$call/words"; done | tr '\n' ' ')
	is "$text: operations" "$got" "$* "
	is "$text: nothing on standard output" "$(cat $calls/*/stdout | wc -c)" 0
}

# define [XML of <devices>]
define()
{
	cat >/tmp/guest.xml <<-EOT
		<domain type='qemu'><name>-a b'"\$(c)</name><uuid>$uuid</uuid><memory unit='MiB'>32</memory><vcpu>1</vcpu>
		<cputune><vcpupin vcpu='0' cpuset='0'/></cputune>
		<metadata><x:note xmlns:x='urn:x'>kept</x:note></metadata>
		<os><type arch='x86_64' machine='q35'>hvm</type></os><devices><emulator>/usr/bin/qemu-system-x86_64</emulator>
		<controller type='usb' model='none'/><memballoon model='none'/>${1:-}</devices></domain>
	EOT
	virsh -q define /tmp/guest.xml
}

start() { virsh -q start $uuid --paused; }
destroy() { virsh -q destroy $uuid; }

settings() { printf '%s\n' '[guests]' "$@" >/etc/vfiokit/hooks.conf; }

echo 'user = "root"
group = "root"
dynamic_ownership = 0
remember_owner = 0
security_driver = "none"
cgroup_controllers = []
namespaces = []
stdio_handler = "file"' >>/etc/libvirt/qemu.conf
printf 'auth_unix_rw = "none"\nauth_unix_ro = "none"\nlog_outputs = "2:stderr"\n' >>/etc/libvirt/libvirtd.conf
install_neighbours
install_recorder
: >/tmp/veto
forget
settings 'inhibit = sleep'
check "libvirtd answers" daemon_start
check "a guest with an odd name is defined" define

# --- a life --------------------------------------------------------------------------------------------------------

check "it starts" start
called "a start" prepare start started
is "three hooks in the order of their names" "$(order)" \
	"10 prepare 50 prepare 90 prepare 10 start 50 start 90 start 10 started 50 started 90 started "
is "what a hook is called with" "$(cat $calls/000/words)" "$name|prepare|begin|-|"
has "its description" "$(cat $calls/000/stdin)" "<uuid>$uuid</uuid>"
has "it lives already in prepare" "$(cat $calls/000/stdin)" " id="
has "with the metadata" "$(cat $calls/000/stdin)" "kept</"
is "the environment" "$(all_of environment | tr ' ' '\n' | cut -d= -f1 | grep -v -x -e _ -e PWD -e SHLVL | sort -u | tr '\n' ' ')" "LC_ALL PATH "
is "exit codes" "$(all_of code)" "0 "
has "the claim of a guest that runs" "$(cat $claim)" "running "
is "its QEMU" "$(sed -n 's/^running \([0-9]*\) .*/\1/p' $claim)" "$(pgrep -f "uuid $uuid")"
has "without a bus it says so" "$(cat $calls/000/stderr)" "cannot reach the system bus"

forget
daemon_kill
check "the daemon comes back after SIGKILL" daemon_start
wait_for 30 grep -q '90 reconnect' /tmp/order
called "a daemon that comes back" reconnect
is "reconnect: exit codes" "$(all_of code)" "0 "
has "the claim lives on" "$(cat $claim)" "running "

forget
check "it is saved" virsh -q managedsave $uuid
called "saving" stopped release
is "saving: what a hook is called with" "$(cat $calls/001/words)" "$name|release|end|-|"
check "the claim is gone" test ! -e $claim
forget
check "it is restored" virsh -q start $uuid --paused
called "restoring" restore prepare start started
has "restore: the description" "$(cat $calls/000/stdin)" "<uuid>$uuid</uuid>"
is "restore: exit codes" "$(all_of code)" "0 "
forget
check "it is killed" pkill -KILL -f "uuid $uuid"
check "libvirt notices" wait_for 30 grep -q '90 release' /tmp/order
called "a guest that was killed" stopped release
check "the claim is gone again" test ! -e $claim

# --- vetoes --------------------------------------------------------------------------------------------------------

# veto TEXT PART OPERATION...: a start that must fail with this in virsh's words.
veto()
{
	local text=$1 part=$2 out

	shift 2
	forget
	if out=$(start 2>&1); then not_ok "$text: it starts"; else ok "$text: it does not start"; fi
	has "$text: virsh says why" "$out" "$part"
	called "$text" "$@"
	check "$text: no claim is left" test ! -e $claim
}

echo prepare >/tmp/veto
veto "a veto of another behind ours" "90 says no" prepare stopped release
is "all hooks run nevertheless" "$(order)" \
	"10 prepare 50 prepare 90 prepare 10 stopped 50 stopped 90 stopped 10 release 50 release 90 release "
echo start >/tmp/veto
veto "a veto of another in start" "90 says no" prepare start stopped release
: >/tmp/veto

define "<hostdev mode='subsystem' type='pci' managed='yes'><source><address domain='0x7abc' bus='0xff' slot='0x1f'
	function='0x7'/></source></hostdev>"
settings 'inhibit = sleep' 'require = devices'
veto "a device that is missing" "7abc:ff:1f.7" prepare stopped release
is "our exit code is 1 in prepare alone" "$(cat $calls/*/code | tr '\n' ' ')" "1 0 0 "
has "one line says it" "$(cat $calls/000/stderr)" "; it is not started"
is "and no other line" "$(grep -c 'not started' $calls/000/stderr)" 1
define
settings 'isolate-cpus = pinned' 'require = isolation'
veto "isolation that cannot be had" "isolate-cpus" prepare stopped release

# --- how we are installed ------------------------------------------------------------------------------------------

rm "$hooks/50-vfiokit"
ln -s /usr/sbin/vfio-hook "$hooks/50-vfiokit"
forget
has "the link that make install lays" "$(start 2>&1)" "isolate-cpus"
is "it has called us in between" "$(order)" "10 prepare 90 prepare 10 stopped 90 stopped 10 release 90 release "
settings 'inhibit = sleep'
check "it starts with the link" start
has "its claim" "$(cat $claim)" "running "
check "it ends" destroy
check "its claim is gone" test ! -e $claim
has "status knows the daemon" "$(vfio-hook status 2>/dev/null)" "libvirtd: confined as"
has "and that it calls us" "$(vfio-hook status --json 2>/dev/null)" '"sees_hook":	"yes"'

# It looks for hooks when it starts, and status must say so: this is why a guest has nothing of what was configured.
daemon_kill
mv $hooks /tmp/hooks
check "a daemon starts without any hook" daemon_start
sleep 3
mv /tmp/hooks $hooks
touch -h $hooks/*
forget
check "a guest starts" start
is "no hook is called" "$(order)" ""
check "nothing is claimed" test ! -e $claim
has "status says why" "$(vfio-hook status 2>/dev/null)" "libvirtd does not call us: it was started before the hook was installed"
check "it ends without us" destroy

daemon_kill
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
