# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2016,SC2034,SC2154
# What a rule sets on its devices before the bind: the keys, the plan, and a folder in which every bind fails.

# rule LINE...: the second GPU, with these lines.
rule()
{
	printf '[device guest]\naddress = 02:00.0\n' >"$policy"
	printf '%s\n' "$@" >>"$policy"
}

# wrong LINE WORDS: the key's line is named, with what was expected.
wrong()
{
	rule "$1"
	run plan
	exits 2
	says "etc/vfiokit/bind.conf:3: "
	says "expected $2"
	says "this rule is not used"
}

t "the plan says what is set"
rule 'reset-method = flr, bus' 'd3cold = no' 'resize-bar = 2:8M, 0:16G'
unchanged "$root" run plan
exits 0
says "goes to vfio-pci, by rule 'guest' (etc/vfiokit/bind.conf:1), after setting d3cold_allowed to 0, BAR 0 to 16G, BAR 2 to 8M, reset_method to flr bus; "

t "d3cold = yes sets nothing"
rule 'd3cold = yes'
run plan
exits 0
says "goes to vfio-pci, by rule 'guest' (etc/vfiokit/bind.conf:1); "

t "values that are wrong"
wrong 'reset-method =' "any of: device_specific acpi flr af_flr pm bus cxl_bus"
wrong 'reset-method = reset' "any of: device_specific acpi flr af_flr pm bus cxl_bus"
wrong 'd3cold = never' "yes or no"
wrong 'd3cold = no 1' "yes or no"
wrong 'resize-bar = 0:3G' "BAR:SIZE, each BAR (0 to 5) once, with a power of two from 1M to 128T"
wrong 'resize-bar = 0:1G 0:2G' "BAR:SIZE, each BAR (0 to 5) once"

wrong 'vfs = 0' "a number of virtual functions from 1 to 65535"
wrong 'vfs = all' "a number of virtual functions from 1 to 65535"

t "virtual functions: the device stays, whatever would guard it"
printf '[device nic]\naddress = 00:04.0\nvfs = 4\n' >"$policy"
unchanged "$root" run plan --json
exits 0
json
verdict 00:04.0 "skip vfs"
run plan
says "0000:00:04.0: skip vfs: stays with its own driver, to make 4 virtual functions, by rule 'nic' (etc/vfiokit/bind.conf:1); e1000e holds it"
run plan --device 00:04.0 --udev
is "properties" "$(sort "$work/out" | tr '\n' ' ')" "VFIOKIT_RULE=nic VFIOKIT_VERDICT=skip VFIOKIT_VFS=4 "

t "virtual functions are made, and taken away"
printf '[device nic]\naddress = 00:04.0\nvfs = 4\n' >"$policy"
echo 1 >"$devices/0000:00:04.0/sriov_drivers_autoprobe"
echo 0 >"$devices/0000:00:04.0/sriov_numvfs"
run apply
exits 0
says "its 4 virtual functions are there, by rule 'nic' (etc/vfiokit/bind.conf:1); e1000e holds it"
is "sriov_numvfs" "$(cat "$devices/0000:00:04.0/sriov_numvfs")" 4
is "sriov_drivers_autoprobe" "$(cat "$devices/0000:00:04.0/sriov_drivers_autoprobe")" 0
echo 4 >"$devices/0000:00:04.0/sriov_numvfs"
unchanged "$root/sys" run apply
exits 0
kit release --all
exits 0
says "its 4 virtual functions are gone; rule 'nic' (etc/vfiokit/bind.conf:1) makes them again at the next boot; e1000e holds it"

t "virtual functions and a bind are two rules"
printf '[device nic]\naddress = 00:04.0\nvfs = 4\nd3cold = no\n' >"$policy"
run plan
exits 2
says "etc/vfiokit/bind.conf:1: rule 'nic' has vfs, which binds nothing, and reset-method, d3cold or resize-bar, which are for a bind: expected two rules; this rule is not used"

t "not for every rule at once"
printf '[policy]\nd3cold = no\n' >"$policy"
run plan
exits 2
says "unknown key 'd3cold', expected driver, boot-vga, group, on-bound or disarm-after; nothing is bound"

t "what was set is set back when the bind fails"
rule 'reset-method = bus' 'd3cold = no'
printf 'flr bus\n' >"$devices/0000:02:00.0/reset_method"
printf '1\n' >"$devices/0000:02:00.0/d3cold_allowed"
run apply --json
exits 1
verdict 02:00.0 "fail probe"
is "reset_method" "$(cat "$devices/0000:02:00.0/reset_method")" "flr bus"
is "d3cold_allowed" "$(cat "$devices/0000:02:00.0/d3cold_allowed")" 1
fits plan
is "report" "$(query '.devices[0].prepared[] | "\(.attribute) \(.before) \(.now)"' | tr '\n' ';')" "d3cold_allowed 1 1;reset_method flr bus flr bus;"
grep -q '^prepare 0000:02:00.0 .* reset_method flr bus$' "$root/run/vfiokit/journal" || fail "the journal lacks what was before"
