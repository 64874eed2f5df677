# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
# JSON, the report of a boot in /run, and status.

# Gives 02:00.0 and 02:00.1 to vfio-pci, as a real kernel would have done.
bound()
{
	local function

	for function in 0 1; do
		ln -sfn ../../../../bus/pci/drivers/vfio-pci "$devices/0000:02:00.$function/driver"
		sed -i '/^DRIVER=/d; 1i DRIVER=vfio-pci' "$devices/0000:02:00.$function/uevent"
	done
}

t "JSON of plan, apply, boot, status and list"
run plan --json
json plan
run apply --json
json apply
run boot --json
json boot
run status --json
json status
kit status --json
json status
kit list --json
json list

t "JSON of a plan with every kind of entry"
cat >"$policy" <<-'EOT'
	[device guest]
	id = 10de:13c2 10de:0fbb
	[device absent-address]
	address = 09:00.0
	[device absent-path]
	path = 00:01.0/09.0
	optional = yes
	[device absent-id]
	id = ffff:ffff
	[device wrong]
	address = 00:03.0
	id = 1234:5678
	[device nic]
	address = 00:04.0
	[device bridge]
	address = 00:1f.0
	[device broken]
	id = x
EOT
run plan --json
exits 2
json
verdict 00:03.0 "refuse identity"
verdict 00:04.0 "refuse network"
verdict 00:1f.0 "refuse bridge"
verdict 09:00.0 "skip absent"
is "the rule without a slot" "$(query '.devices[] | select(.rule == "absent-id") | [.address, .path, .verdict, .reason] | @json')" '[null,null,"skip","absent"]'
is "kernel" "$(query .kernel)" 6.1.0-test
is "one device" "$(query '.devices[] | select(.address == "0000:02:00.0") | [.path, .id, .subsystem, .class, .iommu_group, .boot_vga, .console, .driver_before, .driver_after] | @json')" \
	'["0000:00:02.0/00.0","10de:13c2","1043:8508","030000",4,false,false,null,"vfio-pci"]'

t "text and JSON of plan name the same devices"
run plan --json
query '.devices[].address' | sort >"$work/one"
run plan
grep -o '^0000:[0-9a-f:.]*[0-9a-f]' "$work/out" | sort | cmp -s - "$work/one" || fail "they do not"
says "vfiokit=off"

t "every message ends with what holds the device now"
run plan --json
query '.devices[].message' | grep -vqE '(no driver|[a-z0-9_-]+) holds it$' && fail "$(query '.devices[].message' | grep -vE '(no driver|[a-z0-9_-]+) holds it$' | head -n 1)"

t "the file is the same document that --json prints"
run boot --json
jq -S 'del(.runs)' "$report" | cmp -s - <(jq -S . "$work/out") || fail "they differ"
json boot

t "the first report is never replaced"
run boot
cp "$report" "$work/first"
run boot
run apply
run boot
jq -S 'del(.runs)' "$report" | cmp -s - <(jq -S . "$work/first") || fail "the first report has changed"
is runs "$(query '[.runs[].command] | join(" ")' "$report")" "boot apply boot"

t "numbers in the first report stay what they are"
run boot
jq '.x = [0.1, 1.2345678901234567, 1.7976931348623157e308, 5e-324, -12345.678, 4294967296]' "$report" >"$work/first"
cp "$work/first" "$report"
run apply
jq -S 'del(.runs)' "$report" | cmp -s - <(jq -S . "$work/first") || fail "$(query .x "$report")"

t "many runs do not fill /run, and the first stays"
run boot
jq '.kernel = "the first"' "$report" >"$work/first"
cp "$work/first" "$report"
for _ in $(seq 130); do "$build/vfio-bind" --root "$root" apply >/dev/null 2>&1; done
is "first" "$(query .kernel "$report")" "the first"
[ "$(query '.runs | length' "$report")" -le 100 ] || fail "more than 100 runs are kept"

t "a report of 17 MB is still the first"
mkdir -p "${report%/*}"
python3 -c 'import json
print(json.dumps({"version": 1, "command": "boot", "kernel": "the first", "result": "ok", "policy": [], "devices": [],
	"errors": [], "runs": [{"command": "apply", "devices": [], "x": "x" * 170000}] * 100}))' >"$report"
run apply
is "first" "$(query .kernel "$report")" "the first"

t "runs at the same time all end up in the report"
for _ in $(seq 12); do "$build/vfio-bind" --root "$root" apply >/dev/null 2>&1 & done
wait
is "reports" "$(query '1 + (.runs | length)' "$report")" 12

t "the report of PID 1 is adopted"
run boot
mkdir -p "$root/dev/.vfiokit"
jq '.kernel = "early"' "$report" >"$root/dev/.vfiokit/bind.json"
echo old >"$root/dev/.vfiokit/journal"
rm -rf "${report%/*}"
run status --json
is "status before" "$(query .kernel)" early
run apply
is first "$(query .kernel "$report")" early
is runs "$(query '[.runs[].command] | join(" ")' "$report")" apply
[ ! -e "$root/dev/.vfiokit" ] || fail "dev/.vfiokit is still there"

t "the report of PID 1 stands in front of those in /run"
run boot
run boot
mkdir -p "$root/dev/.vfiokit"
jq '.kernel = "early" | .runs = [{"command": "second early", "devices": []}]' "$report" >"$root/dev/.vfiokit/bind.json"
run boot
is first "$(query .kernel "$report")" early
is runs "$(query '[.runs[].command] | join(",")' "$report")" "second early,boot,boot,boot"

t "a report of PID 1 of junk stops nobody"
mkdir -p "$root/dev/.vfiokit"
head -c 3000 /dev/urandom >"$root/dev/.vfiokit/bind.json"
run boot
exits 0
is first "$(query .command "$report")" boot

t "adopting sets a damaged report in /run aside"
run boot
mkdir -p "$root/dev/.vfiokit"
mv "$report" "$root/dev/.vfiokit/bind.json"
printf '{"version":1,"devi' >"$report"
run boot
grep -qF '"devi' "$report.broken" 2>/dev/null || fail "the damaged one is gone"

while IFS='|' read -r what text; do
	t "a report of $what is set aside"
	mkdir -p "${report%/*}"
	printf '%b' "$text" >"$report"
	run apply --json
	exits 1
	json apply
	printf '%b' "$text" | cmp -s - "$report.broken" || fail "it is not in bind.json.broken"
	is command "$(query .command "$report")" apply
done <<'EOT'
junk|\001\002\377junk
nothing|
half a document|{"version":1,"devices":[{"addr
an array|[]
a number|42
a string|"boot"
EOT

for thing in directory fifo dangling; do
	t "a report that is a $thing"
	mkdir -p "${report%/*}"
	case $thing in
	directory) mkdir "$report" ;;
	fifo) mkfifo "$report" ;;
	dangling) ln -s nowhere "$report" ;;
	esac
	run status
	exits 3
	run boot
	exits 0
	is command "$(query .command "$report")" boot
done

# Documents of the right shape and wrong content: a damaged /run must not crash anybody.
while read -r text; do
	t "a strange report: ${text:0:60}"
	mkdir -p "${report%/*}"
	echo "$text" >"$report"
	run status
	run status --json
	kit status --json
	run boot
	exits 0
	run status
done <<'EOT'
{}
{"devices":5,"runs":7,"errors":"x","result":[],"kernel":{}}
{"devices":[1,"x",null,[],{}],"errors":[1,null,{}]}
{"devices":[{"address":"../../../../etc/passwd","verdict":"bind","driver_after":"vfio-pci"}]}
{"devices":[{"address":"0000:02:00.0","verdict":5,"driver_after":[]}],"runs":[1,{"devices":[2]},{"devices":{"a":{"address":"0000:02:00.0"}}}]}
{"devices":[{"address":"0000:02:00.0","verdict":"bind","driver_after":null,"driver_now":"x","still":true}],"runs":{"a":1}}
{"devices":[],"runs":[{"runs":[{"runs":[{}]}]}]}
EOT

t "a report of deep nesting"
mkdir -p "${report%/*}"
python3 -c 'print("{\"devices\":" + "[" * 100000 + "]" * 100000 + "}")' >"$report"
run status
run boot
exits 0

t "/run cannot be written: a file"
rm -rf "$root/run"
echo >"$root/run"
run boot
exits 0
says "cannot keep the report"
run apply --json
json apply

t "/run/vfiokit is a file"
mkdir -p "$root/run"
echo >"$root/run/vfiokit"
run boot
exits 0
says "cannot keep the report"

t "status without a report"
run status
exits 3
says vfiokit=off
run status --json
exits 3
json status

t "status: unchanged"
bound
run apply
exits 0
run status
exits 0
says_not CHANGED
says vfiokit=off
run status --json
exits 0
json status
is changed "$(query .changed)" false
is switch_off "$(query .switch_off | grep -c vfiokit=off)" 1

t "status: a device has lost its driver"
bound
run apply
rm "$devices/0000:02:00.0/driver"
run status
exits 1
says CHANGED
run status --json
exits 1
is changed "$(query .changed)" true
is "driver now" "$(query '.devices[] | select(.address == "0000:02:00.0") | [.driver_now, .still] | @json')" '[null,false]'
kit status
exits 1

t "status: another driver has it"
bound
run apply
ln -sfn ../../../../bus/pci/drivers/e1000e "$devices/0000:02:00.0/driver"
run status
exits 1
says "e1000e holds it now"

t "status: the device is gone"
bound
run apply
rm -rf "$devices/0000:02:00.0"
run status
exits 1
says CHANGED

t "status: what the host does with a skipped device is its business"
bound
run apply
ln -sfn ../../../../bus/pci/drivers/e1000e "$devices/0000:01:00.0/driver"
run status
exits 0

t "status: a later run has the last word on its devices"
run apply
exits 1
bound
run apply --json
exits 0
verdict 02:00.0 bound
run status --json
is verdict "$(query '[.devices[] | select(.address == "0000:02:00.0").verdict] | join(" ")')" bound
is "still" "$(query '.devices[] | select(.address == "0000:02:00.0").still')" true

t "status needs no policy"
bound
run apply
printf 'junk' >"$policy"
run status
exits 0

t "a second run writes nothing"
bound
run boot
unchanged "$root/sys" run boot
exits 0
run apply --json
exits 0
verdict 02:00.0 bound
verdict 02:00.1 bound

t "status after a run that left a journal, but no report"
rm -rf "$root/run/vfiokit"
mkdir -p "$root/run/vfiokit"
echo 'override 0000:02:00.0 19 0 ' >"$root/run/vfiokit/journal"
run status
exits 1
says "left no report"
run status --json
exits 1
is result "$(query .result)" nothing

t "status does not take a plan for a promise"
rm -rf "$root/run/vfiokit"
echo 'vfiokit=plan' >"$root/proc/cmdline"
run boot
run status
exits 0
grep -q CHANGED "$work/out" && fail "a plan is shown as a broken promise"

t "status forgets a rule that found nothing once the last run found it"
rm -rf "$root/run/vfiokit"
echo quiet >"$root/proc/cmdline"
printf '[device late]\naddress = 09:00.0\n' >"$policy"
run apply
printf '[device late]\naddress = 02:00.0\n' >"$policy"
run apply
run status --json
is absent "$(query '[.devices[] | select(.reason == "absent")] | length')" 0
