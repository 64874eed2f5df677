# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154
# The kernel command line: its grammar, the switches, and junk in its place.

cmdline=$root/proc/cmdline

# off TEXT / on TEXT: what the line TEXT means.
off()
{
	t "off: $1"
	printf '%s\n' "$1" >"$cmdline"
	run plan --json
	exits 0
	json
	result off
	binds_nothing
	boots
	is "result in the report" "$(query .result "$report")" off
}

on()
{
	t "on: $1"
	printf '%s\n' "$1" >"$cmdline"
	run plan --json
	exits 0
	is errors "$(query '.errors | length')" 0
	verdict 02:00.0 bind
	run apply
	exits 1 # it was tried, on plain files
}

off 'vfiokit=off'
off 'quiet vfiokit=off root=/dev/sda1'
off '"vfiokit=off"'
off 'vfiokit="off"'
off 'vfiokit=off vfiokit=on'
off 'vfiokit=on vfiokit=off'
off 'vfiokit=plan vfiokit=off'
off 'vfiokit=off vfiokit=plan'
off 'quiet -- vfiokit=off'
off '-- single vfiokit=off vfiokit=on'
off $'quiet\tvfiokit=off'
off 'vfiokit=of'
off 'vfiokit=OFF'
off 'vfiokit=no'
off 'vfiokit=0'
off 'vfiokit='
off 'vfiokit'
off 'vfiokit="on plan"'
off 'vfiokit=on,off'

on 'quiet'
on ''
on 'vfiokit=on'
on '"vfiokit=on"'
on 'foo="bar vfiokit=off baz"'
on 'foo=vfiokit=off'
on 'xvfiokit=off vfiokitx=off VFIOKIT=off'
on 'novfiokit.skip=02:00.0'

t "vfiokit=plan reports only"
echo 'vfiokit=plan' >"$cmdline"
run plan --json
exits 0
verdict 02:00.0 bind
boots
is command "$(query .command "$report")" plan
unchanged "$root/sys" run apply --json
json plan
exits 0

t "an unknown value of vfiokit= is named"
echo 'vfiokit=maybe' >"$cmdline"
run plan
says proc/cmdline
says maybe

skips()
{
	t "skip: $1"
	printf '%s\n' "$1" >"$cmdline"
	run plan --json
	exits 0
	is errors "$(query '.errors | length')" 0
	verdict 02:00.1 "skip cmdline"
}
# In group = whole one skipped member takes the others with it: see tests/machines.
good_policy_was=$(declare -f good_policy)
good_policy() { printf '[device guest]\naddress = 02:00.1\n'; }
skips 'vfiokit.skip=02:00.1'
skips 'vfiokit.skip=0000:02:00.1'
skips 'vfiokit.skip=01:00.0,02:00.1'
skips 'vfiokit.skip=01:00.0 vfiokit.skip=02:00.1'
skips 'vfiokit.skip="01:00.0 02:00.1"'
skips '"vfiokit.skip=01:00.0 02:00.1"'
skips 'vfiokit.skip=0000:02:00.1,'
eval "$good_policy_was"

# A skip that cannot be read may have meant any device: nothing is bound, and the words are named.
for word in vfiokit.skip=02:00 vfiokit.skip=banana vfiokit.skip=01:00.0,x vfiokit.skip=02:00.9 vfiokit.skip= vfiokit.skip; do
	t "bad skip: $word"
	printf 'quiet %s\n' "$word" >"$cmdline"
	run plan --json
	json
	binds_nothing
	run plan
	says vfiokit.skip
	says proc/cmdline
	boots
done

t "a rule of the command line comes first, with its own group"
echo 'vfiokit.address=02:00.0 vfiokit.group=named' >"$cmdline"
run plan --json
exits 0
is rule "$(query '.devices[] | select(.address == "0000:02:00.0").rule')" cmdline

t "a rule of the command line alone"
rm "$policy"
echo 'vfiokit.id=10de:13c2,10de:0fbb vfiokit.group=whole' >"$cmdline"
run plan --json
exits 0
verdict 02:00.0 bind
verdict 02:00.1 bind
verdict 01:00.0 "skip boot-vga"

t "behind -- there are no rules"
rm "$policy"
echo 'quiet -- vfiokit.id=10de:13c2' >"$cmdline"
run plan --json
exits 0
binds_nothing

for word in vfiokit.id=10de vfiokit.id= vfiokit.id vfiokit.address=02 vfiokit.address= vfiokit.group=all vfiokit.group=; do
	t "a bad rule of the command line: $word"
	echo "vfiokit.address=02:00.1 $word" >"$cmdline"
	rm "$policy"
	run plan --json
	exits 2
	json
	binds_nothing
	is where "$(query '.errors[0].where')" proc/cmdline
	boots
done

t "an unknown word of ours is named"
echo 'vfiokit.colour=red' >"$cmdline"
run plan
says vfiokit.colour
says proc/cmdline

# junk SETUP...: two million bytes, read within a bound, and a line says that the rest was not read.
for junk in random spaces words quotes nuls text; do
	t "two million bytes of $junk"
	case $junk in
	random) head -c 2000000 /dev/urandom ;;
	spaces) yes '               ' | head -c 2000000 ;;
	words) yes 'foo=bar vfiokit.skip=01:00.0 vfiokit.id=1234:*' | tr '\n' ' ' | head -c 2000000 ;;
	quotes) yes '"' | tr -d '\n' | head -c 2000000 ;;
	nuls) head -c 2000000 /dev/zero ;;
	text) yes a | tr -d '\n' | head -c 2000000 ;;
	esac >"$cmdline"
	limit=5
	run plan --json
	json
	query '.errors[].where' | grep -qx proc/cmdline || fail "no line about it"
	run plan
	says proc/cmdline
	says_at_most 100
	run boot
	exits 0
	says proc/cmdline
	limit=20
	read -r _ bytes <<<"$(strace -f -e trace=read,pread64 -P "$cmdline" "$build/vfio-bind" --root "$root" plan 2>&1 |
		awk '/= [0-9]+$/ { sum += $NF } END { print "sum", sum + 0 }')"
	[ "$bytes" -le 1048576 ] || fail "$bytes bytes were read"

	t "vfiokit=off in front of two million bytes of $junk"
	printf "vfiokit=off " >"$cmdline"
	case $junk in
	random) head -c 2000000 /dev/urandom ;;
	nuls) head -c 2000000 /dev/zero ;;
	*) yes "$junk" | head -c 2000000 ;;
	esac >>"$cmdline"
	run plan --json
	exits 0
	json
	result off
	binds_nothing
	boots
done

t "NUL bytes do not hide vfiokit=off"
printf 'quiet\0vfiokit=off\0' >"$cmdline"
run plan --json
result off
binds_nothing

# No command line at all: vfiokit=off cannot be ruled out, so boot touches nothing.
for wrong in vanished directory fifo dangling; do
	t "proc/cmdline $wrong"
	rm -f "$cmdline"
	case $wrong in
	directory) mkdir "$cmdline" ;;
	fifo) mkfifo "$cmdline" ;;
	dangling) ln -s nowhere "$cmdline" ;;
	esac
	boots
	says proc/cmdline
	unchanged "$root/sys" run apply
	says proc/cmdline
	run plan --json
	json
done
