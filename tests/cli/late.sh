# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154
# Late arrivals: --device, --udev, --quiet. The machine has no /sys/class, so nothing is in use.

t "plan --device is about one card"
printf '[device a]\naddress = 02:00.0\n[device b]\naddress = 00:04.0\nallow = network\n[device c]\naddress = 09:00.0\n' >"$policy"
unchanged "$root" run plan --device 02:00.0 --json
exits 0
json
result ok
verdict 02:00.0 bind
is "number of devices" "$(query '.devices | length')" 1

t "plan --device of a held device: on-bound decides, not that the system runs"
printf '[device b]\naddress = 00:04.0\nallow = network\n' >"$policy"
run plan --device 00:04.0 --json
verdict 00:04.0 bind
printf '[device b]\naddress = 00:04.0\nallow = network\non-bound = skip\n' >"$policy"
run plan --device 0000:00:04.0 --json
verdict 00:04.0 "skip on-bound"

t "plan --device of a held device whose interface is up"
printf '[device b]\naddress = 00:04.0\n' >"$policy"
mkdir -p "$root/sys/class/net" "$root/sys/devices/pci0000:00/0000:00:04.0/net/eth0"
ln -s ../../devices/pci0000:00/0000:00:04.0/net/eth0 "$root/sys/class/net/eth0"
echo 0x1003 >"$root/sys/devices/pci0000:00/0000:00:04.0/net/eth0/flags"
run plan --device 00:04.0 --json
verdict 00:04.0 "refuse network"
says "the host uses its network ("
says "eth0"
printf 'allow = network\n' >>"$policy"
run plan --device 00:04.0 --json
verdict 00:04.0 bind

t "the group of the device is in its plan"
run plan --device 02:00.1 --json
verdict 02:00.0 bind
verdict 02:00.1 bind
verdict 01:00.0 ""

t "a device that is gone"
run plan --device 09:00.0
exits 1
says "0000:09:00.0: no device is at this address (it may have been removed again); nothing was changed"
unchanged "$root/sys" run apply --device 09:00.0 --json
exits 1
json apply
result error

t "plan --udev prints properties and nothing else"
unchanged "$root" run plan --device 02:00.0 --udev
exits 0
is "properties" "$(sort "$work/out" | tr '\n' ' ')" "VFIOKIT_DRIVER=vfio-pci VFIOKIT_RULE=guest VFIOKIT_VERDICT=bind "
[ ! -s "$work/err" ] || fail "something is on stderr"

t "plan --udev is silent about what the policy does not touch"
for address in 00:01.0 00:1f.0 09:00.0; do
	run plan --udev --device $address
	exits 0
	says_at_most 0
done

t "plan --udev is silent with vfiokit=off"
cp "$root/proc/cmdline" "$work/cmdline"
echo vfiokit=off >>"$root/proc/cmdline"
run plan --udev --device 02:00.0
exits 0
says_at_most 0
[ ! -s "$work/out" ] || fail "it prints $(cat "$work/out")"
cp "$work/cmdline" "$root/proc/cmdline"

t "plan --udev never fails"
printf '[policy]\nbogus = 1\n' >"$policy"
run plan --udev --device 02:00.0
exits 0
says_not VFIOKIT

t "apply --device leaves the other cards alone"
printf '[device a]\nid = 10de:*\nboot-vga = allow\n' >"$policy"
run apply --device 02:00.0 --json
json apply
verdict 01:00.0 ""
is "override of the other" "$(cat "$devices/0000:01:00.0/driver_override")" "(null)"

t "a device without a rule leaves no report"
run apply --device 00:04.0
exits 0
[ ! -e "$report" ] || fail "there is a report"

t "apply --quiet says a thing once"
printf '[device b]\naddress = 00:03.0\n' >"$policy"
run apply --quiet
exits 1
says "0000:00:03.0: refuse storage"
run apply --quiet
exits 1
says_not "0000:00:03.0"
says "1 refused"
is "runs" "$(query '.runs | length' "$report")" 1

t "options at the wrong command"
for words in "status --device 02:00.0" "boot --device" "plan --device" "plan --device x" "plan --udev" "apply --udev" \
	"apply --udev --device 02:00.0" "plan --quiet" "status --quiet"; do
	# shellcheck disable=SC2086
	run $words
	[ "${words%% *}" = boot ] || exits 2
	says "nothing was changed"
done

t "boot with --device does nothing"
unchanged "$root" run boot --device 02:00.0
exits 0
says "does not take one of the options given: 'boot'"
