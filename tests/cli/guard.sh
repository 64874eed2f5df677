# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154,SC2016
# vfio-guard without systemd: in a name space with a /run and a /dev of its own, beside processes that stand for QEMU.

uuid=4dea22b3-1d52-d8f3-2516-782e98ab3fa0

# What the scripts below may call. What the guard says goes to /run/log, as journald gets it.
cat >"$work/guard-lib" <<'EOS'
mount -t tmpfs none /run && mount -t tmpfs none /dev && mknod -m 666 /dev/null c 1 3 || exit 99
mkdir -p /run/vfiokit/claims
claims=/run/vfiokit/claims claim=/run/vfiokit/claims/$uuid held=/run/vfiokit/held/$uuid
export DBUS_SYSTEM_BUS_ADDRESS=unix:path=/run/bus
trap 'kill -KILL $(jobs -p) 2>/dev/null' EXIT
python3 -c 'import socket
log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
log.bind("/dev/log")
while True:
	print(log.recv(65536).decode().rstrip("\0\n"), flush=True)' >/run/log &

# within SECONDS COMMAND...: until it succeeds.
within()
{
	local until=$((SECONDS + $1))

	shift
	until "$@" >/dev/null 2>&1; do
		[ "$SECONDS" -lt "$until" ] || { echo "not in time: $*"; return 1; }
		sleep 0.05
	done
}

bus() { python3 "$cli/fake-bus.py" /run/bus >>/run/inhibitors & within 10 test -S /run/bus; }
log() { tr -c '[:print:]\n' '?' </run/log; }
says() { grep -qF -e "$1" /run/log; }
count() { grep -cF -e "$1" /run/log; }
is_there() { kill -0 "$1" 2>/dev/null; }
state() { sed 's/.*) //;s/ .*//' "/proc/$1/stat"; }
is_stopped() { [ "$(state "$1")" = T ]; }
in_ms() { awk -v "later=$1" '{ printf "%d", $1 * 1000 + later }' /proc/uptime; }
running() { echo "running $1 $(sed 's/.*) //' "/proc/$1/stat" | cut -d ' ' -f 20)"; }

# claims LIFE [LINE...]: the guest's claim, as the hook writes it.
claims()
{
	local life=$1

	shift
	printf '%s\n' 'vfiokit-claim 1' 'name win' "$life" 'slice machine.slice' 'cpus ' 'inhibit 0' "$@" |
		awk '/^inhibit/ { last = $0; next } { print } END { print last }' >"$claims/.new"
	mv "$claims/.new" "$claim"
}

qemu() { sleep 1000 & qemu=$!; }
guard() { "$build/vfio-guard" "$uuid" & guard=$!; }
ends() { within "$1" eval '! is_there "$guard"' && wait "$guard"; }
is_held() { [ -e "$held" ]; }
within 10 test -S /dev/log
EOS

# g NAME SCRIPT: what the script prints is wrong.
g()
{
	t "$1"
	bounded env "build=$build" "cli=$cli" "uuid=$uuid" unshare -m bash -c '. "$0"; eval "$1"' "$work/guard-lib" "$2"
	exits 0
	[ ! -s "$work/out" ] || fail "$(cat "$work/out")"
}

g "it ends with its guest, though nobody is there to notice" '
qemu
claims "$(running $qemu)"
guard
within 10 is_held
sleep 0.2
is_there $guard || echo "it has ended before its guest"
kill -KILL $qemu
ends 10 || echo "exit code $?"
[ ! -e "$claim" ] || echo "the claim is still there"
[ ! -e "$held" ] || echo "it still says that it holds something"'

g "a guest that never comes: it ends when its time is over" '
claims "pending $(in_ms 5000)"
guard
within 10 is_held
is_there $guard || echo "it has ended before its time"
ends 10 || echo "exit code $?"
[ ! -e "$claim" ] || echo "the claim is still there"'

g "the claim is taken away" '
claims "pending $(in_ms 60000)"
guard
within 10 is_held
rm "$claim"
ends 10 || echo "exit code $?"'

g "pending, then running" '
claims "pending $(in_ms 5000)"
guard
within 10 is_held
qemu
claims "$(running $qemu)"
sleep 5.5
is_there $guard || echo "it has ended with the time to wait"
kill -KILL $qemu
ends 10 || echo "exit code $?"'

for next in running pending; do
	g "the guest lives again before its end is noticed: $next" "
next=$next"'
qemu
claims "$(running $qemu)"
guard
within 10 is_held
kill -STOP $guard
within 10 is_stopped $guard
kill -KILL $qemu
wait $qemu 2>/dev/null
qemu
[ $next = running ] && claims "$(running $qemu)" || claims "pending $(in_ms 60000)"
new=$(cat "$claim")
kill -CONT $guard
sleep 0.5
is_there $guard || echo "it has ended with the life before"
[ "$(cat "$claim")" = "$new" ] || echo "the claim of the new life is gone"
claims "$(running $qemu)"
sleep 0.2
kill -KILL $qemu
ends 10 || echo "exit code $?"
[ ! -e "$claim" ] || echo "the claim is still there"'
done

g "a claim that cannot be read is no end of its guest" '
qemu
claims "$(running $qemu)"
guard
within 10 is_held
echo junk >"$claims/.new"
mv "$claims/.new" "$claim"
sleep 0.3
is_there $guard || echo "it has ended"
kill -KILL $qemu
ends 10 || echo "exit code $?"'

g "no claim, and no directory of claims" '
rmdir "$claims"
timeout 10 "$build/vfio-guard" "$uuid" || echo "exit code $?"'

# The limit is that of a name space of users, so nobody else has it.
g "no instance of inotify is left" '
unshare -r bash -c "echo 0 >/proc/sys/user/max_inotify_instances && exec \"\$0\" \"\$1\"" "$build/vfio-guard" "$uuid" ||
	echo "exit code $? without a claim"
qemu
claims "pending $(in_ms 60000)"
unshare -r bash -c "echo 0 >/proc/sys/user/max_inotify_instances && exec \"\$0\" \"\$1\"" "$build/vfio-guard" "$uuid" & guard=$!
within 10 is_held
claims "$(running $qemu)"
sleep 1.5
is_there $guard || echo "it has ended"
[ "$(count "cannot watch")" = 1 ] || log
kill -KILL $qemu
ends 10 || echo "exit code $?"'

g "what logind is asked for" '
bus
for bits in 1 2 4 8 15; do
	claims "pending $(in_ms 60000)" "inhibit $bits"
	guard
	within 10 is_held
	kill $guard
	ends 10 || echo "exit code $?"
done
expected="sleep idle shutdown handle-lid-switch sleep:idle:shutdown:handle-lid-switch"
[ "$(sed "s/|vfiokit|guest win runs|block$//" /run/inhibitors | tr "\n" " ")" = "$expected " ] || cat /run/inhibitors'

g "without logind: said once, and when it is there" '
qemu
claims "$(running $qemu)" "inhibit 1"
guard
within 10 is_held
sleep 6
[ "$(wc -l </run/log)" = 1 ] || log
says "guest win: cannot block sleep: " || log
bus
within 10 says "guest win: logind blocks sleep now" || log
[ "$(wc -l </run/log)" = 2 ] || log
[ "$(wc -l </run/inhibitors)" = 1 ] || cat /run/inhibitors'

# stored NAME: a guard to which systemd gives an inhibitor that it kept under this name.
for kept in inhibitor-1 inhibitor-2; do
	g "an inhibitor that systemd kept: $kept" "
kept=$kept"'
bus
claims "pending $(in_ms 60000)" "inhibit 2"
bash -c "exec 3</dev/null; LISTEN_PID=\$\$ LISTEN_FDS=1 LISTEN_FDNAMES=$kept exec \"$build/vfio-guard\" $uuid" & guard=$!
within 10 is_held
asked=$(cat /run/inhibitors)
[ $kept = inhibitor-1 ] && expected="idle|vfiokit|guest win runs|block" || expected=
[ "$asked" = "$expected" ] || echo "logind was asked for: $asked"'
done

# prepare [XML of <devices>]: as libvirt calls, with a systemd that starts no guard, though it says so.
prepare='
bus
prepare()
{
	printf "<domain type=\"kvm\"><name>win</name><uuid>%s</uuid><devices>%s</devices></domain>" "$uuid" "$1" |
		"$build/vfio-hook" call win prepare begin - 2>/run/said
}'
g "a guard that did not stay refuses a guest with a disk" "$prepare"'
prepare "<disk type=\"block\" device=\"disk\"><source dev=\"/dev/none\"/></disk>" && echo "it is started"
grep -q "^vfio-hook: guest win: its guard: it did not stay, .*; it is not started$" /run/said || cat /run/said
[ ! -e "$claim" ] || echo "the claim is still there"'

g "and is said of one without" "$prepare"'
mount -t tmpfs none /etc && mkdir /etc/vfiokit && printf "[guests]\ninhibit = sleep\n" >/etc/vfiokit/hooks.conf
prepare "" || echo "it is not started"
grep -q "guest win: its guard: it did not stay" /run/said || cat /run/said'

g "one that stays is well" "$prepare"'
echo "guard $$ $(running $$ | cut -d " " -f 3)" >/run/guard
mkdir -p "${held%/*}"
cp /run/guard "$held"
prepare "<disk type=\"block\" device=\"disk\"><source dev=\"/dev/none\"/></disk>" || cat /run/said
[ -e "$claim" ] || echo "there is no claim"'
