# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154
# Automatic disarm on a folder with a directory of EFI variables; tests/vm/cases/disarm.sh has the real ones.

efivars=$root/sys/firmware/efi/efivars
variable=$efivars/VfiokitProbation-7d6a3f1e-2c84-4b0e-9b57-5a1d0c6e8f42

# next_boot: of the same machine.
boots=0
next_boot()
{
	boots=$((boots + 1))
	mkdir -p "$efivars" "$root/proc/sys/kernel/random"
	echo "boot-$boots" >"$root/proc/sys/kernel/random/boot_id"
	rm -rf "$root/run/vfiokit"
}

# holds STATE ATTEMPTS, or none.
holds()
{
	local got=none

	[ ! -e "$variable" ] || got=$(od -An -j 28 -N 2 -t u1 "$variable" |
		awk '{ split("x tried returned proven down", names, " "); print names[$1], $2 }')
	is "the variable" "$got" "$*"
}

boot_n()
{
	local n

	for n in $(seq "$1"); do
		next_boot
		run boot
		exits 0
	done
}

# Two boots, and a third that stands down.
stood_down()
{
	boot_n 3
	holds down 2
}

t "two boots without success, then it stands down, until it is armed"
boot_n 1
holds tried 1
run boot
holds tried 1
boot_n 1
holds tried 2
next_boot
run boot --json
json boot
result off
verdict 02:00.0 "skip disarmed"
says "'vfiokit arm' switches it on again"
holds down 2
next_boot
unchanged "$variable" run boot --json
result off
echo '# changed' >>"$policy"
next_boot
unchanged "$variable" run boot --json
verdict 02:00.0 "skip disarmed"
kit arm
exits 0
says "vfiokit is armed"
holds none
kit arm
says "armed already"
boot_n 1
holds tried 1

# told_json COMMAND BEFORE NOW: the whole document on stdout, and nothing else.
told_json()
{
	is "JSON" "$(jq -c . "$work/out" 2>&1)" "{\"version\":1,\"command\":\"$1\",\"before\":$2,\"probation\":$3}"
}

t "arm --json and boot-ok --json"
kit arm --json
exits 1
told_json arm null null
kit boot-ok 0 --json
exits 0
told_json boot-ok null null
stood_down
kit arm --json
exits 0
told_json arm '"down"' '"none"'
kit arm --json
told_json arm '"none"' '"none"'
kit boot-ok 0 --json
told_json boot-ok '"none"' '"none"'
boot_n 1
kit boot-ok 0 --json
exits 0
told_json boot-ok '"tried"' '"proven"'
kit arm --json
told_json arm '"proven"' '"proven"'
echo '# changed' >>"$policy"
boot_n 1
timeout --preserve-status 5 "$build/vfiokit" --root "$root" boot-ok 60 --json >"$work/out" 2>/dev/null
told_json boot-ok '"tried"' '"returned"'
fits arm

t "every command stays down"
stood_down
for words in plan apply "plan --device 02:00.0" "apply --device 02:00.0"; do
	unchanged "$efivars" run $words --json
	exits 0
	result off
	verdict 02:00.0 "skip disarmed"
done
run plan --udev --device 02:00.0
is "udev's properties" "$(cat "$work/out")" ""
run status
says "'vfiokit arm' switches it on again"
kit image --explain
says "'vfiokit arm' switches it on again"

t "success, and then nothing is written"
boot_n 1
kit boot-ok 0
exits 0
says "the policy is proven"
holds proven 0
next_boot
unchanged "$variable" run boot --json
verdict 02:00.0 "fail probe"
is "probation" "$(query .probation)" proven
unchanged "$variable" kit boot-ok 0
says "not on probation"
kit status
says "is proven"
next_boot
echo '# changed' >>"$policy"
run boot
holds tried 1

t "where no boot has counted, apply early in the real root does"
boot_n 1
kit boot-ok 0
echo '# changed' >>"$policy"
for n in 1 2; do
	next_boot
	run apply --json
	verdict 02:00.0 "fail probe"
	is "probation" "$(query .probation)" tried
	holds tried $n
	unchanged "$efivars" run apply --json
	verdict 02:00.0 "fail probe"
done
next_boot
run apply --json
result off
verdict 02:00.0 "skip disarmed"
holds down 2

t "where the image has nothing to bind, apply counts, but neither a late device nor what a person tries later"
mv "$policy" "$work/policy"
boot_n 1
mv "$work/policy" "$policy"
unchanged "$efivars" run apply --device 02:00.0 --json
verdict 02:00.0 "fail probe"
is "probation" "$(query .probation)" none
unchanged "$efivars" run apply
next_boot
run boot
holds tried 1

t "a policy that was changed since boot: nobody but a person binds it"
boot_n 1
kit boot-ok 0
next_boot
run boot
printf '[device other]\naddress = 00:03.0\nallow = storage\n' >>"$policy"
for words in apply "apply --device 02:00.0" "plan --device 02:00.0"; do
	unchanged "$efivars" run $words --json
	exits 0
	result off
	verdict 02:00.0 "skip disarmed"
	says "this boot has begun with another policy"
	is "probation" "$(query .probation)" none
done
run plan --udev --device 02:00.0
is "udev's properties" "$(cat "$work/out")" ""
run plan --json
verdict 02:00.0 bind
is "probation" "$(query .probation)" none
unchanged "$efivars" run apply --policy "$policy" --json
verdict 02:00.0 "fail probe"
next_boot
run boot
holds tried 1

t "nobody logs in"
boot_n 1
mkdir -p "$root/run/systemd/sessions"
printf 'UID=0\nCLASS=greeter\n' >"$root/run/systemd/sessions/c1"
printf 'UID=0\nCLASS=manager\n' >"$root/run/systemd/sessions/1"
printf 'UID=0\nCLASS=user-incomplete\n' >"$root/run/systemd/sessions/3"
printf 'UID=1000\nCLASS=user\nSERVICE=gdm-autologin\nTYPE=wayland\n' >"$root/run/systemd/sessions/4"
mkfifo "$root/run/systemd/sessions/2.ref"
timeout --preserve-status 5 "$build/vfiokit" --root "$root" boot-ok 60 2>/dev/null
is "exit code while nobody has" $? 0
holds returned 0
for class in user user-early user-light user-early-light; do
	t "somebody logs in: $class"
	boot_n 1
	mkdir -p "$root/run/systemd/sessions"
	printf 'UID=1000\nCLASS=%s\nSERVICE=login\nTYPE=tty\n' $class >"$root/run/systemd/sessions/2"
	kit boot-ok 60
	exits 0
	says "somebody has logged in"
	holds proven 0
done

t "stopped before: it counts for nothing"
boot_n 2
timeout --preserve-status 2 "$build/vfiokit" --root "$root" boot-ok 60 2>"$work/err"
says "it counts for nothing"
holds returned 1
timeout --preserve-status 2 "$build/vfiokit" --root "$root" boot-ok 60 2>/dev/null
holds returned 1
boot_n 1
holds tried 2

t "switched off: neither tried nor marked"
boot_n 1
next_boot
echo "root=/dev/vda1 vfiokit=off" >"$root/proc/cmdline"
for words in boot plan apply "apply --device 02:00.0"; do
	unchanged "$efivars" run $words --json
	exits 0
done
result off
unchanged "$efivars" kit boot-ok 0
says "not on probation"
holds tried 1
echo "root=/dev/vda1 vfiokit=plan" >"$root/proc/cmdline"
unchanged "$efivars" run boot
holds tried 1

t "disarm-after"
printf '[policy]\ndisarm-after = 0\n%s' "$(good_policy)" >"$policy"
next_boot
unchanged "$efivars" boot_n 3
run status
says "disarm-after = 0"
printf '[policy]\ndisarm-after = 1\n%s' "$(good_policy)" >"$policy"
boot_n 2
holds down 1
for value in 101 -1 two ''; do
	printf '[policy]\ndisarm-after = %s\n%s' "$value" "$(good_policy)" >"$policy"
	run plan
	exits 2
	says "expected a number of boots from 0 (never) to 100; nothing is bound"
done
printf '%s\ndisarm-after = 2\n' "$(good_policy)" >"$policy"
run plan
exits 2
says "unknown key 'disarm-after'"

t "a policy that binds nothing needs no probation"
printf '[device a]\nid = ffff:ffff\noptional = yes\n' >"$policy"
next_boot
unchanged "$efivars" boot_n 3

noise()
{
	head -c 1000 /dev/urandom >"$1"
}

for wrong in touch noise mkdir mkfifo; do
	t "the variable is $wrong"
	next_boot
	$wrong "$variable"
	run boot --json
	exits 0
	verdict 02:00.0 "fail probe"
	run status
	kit arm
	kit boot-ok 0
done

t "a variable that is something else"
for content in '' '\7\0\0\0x' '\7\0\0\0vfiokit\2aaaaaaaaaaaaaaaaaaaaaaaa'; do
	next_boot
	printf "$content" >"$variable"
	run boot --json
	says "not understood"
	holds tried 1
done
kit arm
exits 0

t "no EFI"
run boot --json
verdict 02:00.0 "fail probe"
run status
says "automatic disarm is off: this machine was not started by EFI"
kit arm
exits 1
says "was not started by EFI"
kit boot-ok 0
exits 0

t "EFI, but its variables are not mounted"
mkdir -p "$root/sys/firmware/efi"
run boot --json
verdict 02:00.0 "fail probe"
says "cannot read the EFI variables"
run status
says "the EFI variables cannot be read"
kit boot-ok 0
exits 1

t "boot-ok takes seconds"
kit boot-ok soon
exits 2
kit boot-ok 1 2
exits 2

t "what boot has decided holds where its variable cannot be written, until it is armed"
boot_n 2
cp "$variable" "$work/variable"
next_boot
bounded strace -f -qq -o /dev/null -P "$variable" -e inject=write:error=ENOSPC -E "ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0" \
	"$build/vfio-bind" --root "$root" boot --json
verdict 02:00.0 "skip disarmed"
says "cannot write the EFI variable"
cp "$work/variable" "$variable"
holds tried 2
for words in plan apply "apply --device 02:00.0"; do
	run $words --json
	result off
	verdict 02:00.0 "skip disarmed"
done
rm "$variable"
run apply --json
verdict 02:00.0 "fail probe"

t "what boot has decided holds where its variable cannot be read"
stood_down
rm -r "$efivars"
for words in plan apply "apply --device 02:00.0"; do
	run $words --json
	result off
	verdict 02:00.0 "skip disarmed"
done
