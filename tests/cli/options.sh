# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2016,SC2034,SC2154
# Commands, options and exit codes.

bind() { bounded "$build/vfio-bind" "$@"; }
vfiokit() { bounded "$build/vfiokit" "$@"; }

for program in bind vfiokit; do
	for option in -h --help; do
		t "$program $option"
		$program $option
		exits 0
		says Usage:
		says --root
		says status
		[ ! -s "$work/err" ] || fail "help is on stderr"
		$program status $option
		exits 0
		says Usage:
	done

	t "$program --version"
	$program --version
	exits 0
	grep -qE '^(vfio-bind|vfiokit) [0-9]+\.[0-9]+' "$work/out" || fail "no version: $(head -n 1 "$work/out")"

	# wrong TEXT WORD...: one line on stderr, exit 2. Never without --root, for a mistake of ours.
	wrong()
	{
		local text=$1

		shift
		$program --root "$root" "$@"
		exits 2
		says "$text"
		says_at_most 1
		[ ! -s "$work/out" ] || fail "something is on stdout"
	}

	t "$program without a command"
	wrong "no command"

	t "$program with an unknown command"
	wrong "'bogus'" bogus

	t "$program with two commands"
	wrong "'extra'" status extra

	t "$program with an unknown long option"
	wrong "'--bogus'" status --bogus
	wrong "'--bogus'" --bogus status
	wrong "'--bogus=1'" --bogus=1 status

	t "$program with an unknown short option"
	wrong "-x" status -x
	wrong "-x" -x status

	t "$program with an unknown short option among others"
	wrong "x" -vx status
	wrong "x" -xv status
	says_not "'$root'"

	t "$program with a value for a switch"
	wrong "--json" status --json=yes

	for option in --root --policy --deadline; do
		t "$program with nothing behind $option"
		wrong "$option" status $option
	done

	for value in 0 -1 301 1.5 banana '' 99999999999999999999; do
		t "$program --deadline '$value'"
		wrong "--deadline" status --deadline "$value"
	done

	t "$program --root of a missing directory"
	$program status --root "$work/none"
	exits 2
	says "$work/none"

	t "$program --root of a file"
	$program status --root "$policy"
	exits 2
	says "$policy"

	t "$program --root ''"
	$program status --root ''
	exits 2
done

t "vfio-bind does not know list"
run list
exits 2

t "vfiokit does not know boot"
kit boot
exits 2

t "options before and behind the command"
for words in "--json plan" "plan --json" "plan --json -v" "-v plan --json" "plan --verbose --json"; do
	# shellcheck disable=SC2086
	run $words
	exits 0
	json
done
bind plan --root "$root" --json
exits 0
json
bind plan --json --root="$root" --policy="$policy"
exits 0
json

t "the last of an option counts"
bind plan --root /nonexistent --json --root "$root"
exits 0
json

t "the root may be relative"
cd "$work" || exit
bind plan --root root --json
cd "$cli" || exit
exits 0
verdict 02:00.0 bind

t "the root may be a link"
ln -sfn "$root" "$work/link"
bind plan --root "$work/link" --json
exits 0
verdict 02:00.0 bind

# Exit codes of plan: 0, 1, 2, 3 by the result.
t "exit 0: ok"
run plan --json
exits 0
result ok

t "exit 1: partial"
printf '[device a]\naddress = 02:00.0\n[device b]\naddress = 09:00.0\n' >"$policy"
run plan --json
exits 1
result partial

t "exit 0: what is absent is optional"
printf '[device a]\naddress = 02:00.0\n[device b]\naddress = 09:00.0\noptional = yes\n' >"$policy"
run plan --json
exits 0
result ok

t "exit 1: error"
printf '[device b]\naddress = 09:00.0\n' >"$policy"
run plan --json
exits 1
result error

t "exit 2: policy error, the rest is planned"
printf '[device a]\naddress = 02:00.0\n[device b]\naddress = 9\n' >"$policy"
run plan --json
exits 2
verdict 02:00.0 bind

t "exit 3: no IOMMU"
rm -rf "$root"/sys/kernel/iommu_groups "$devices"/*/iommu_group
run plan --json
exits 3
result nothing
verdict 02:00.0 "refuse no-iommu"

t "exit 3: no vfio-pci"
rm -rf "$root/sys/bus/pci/drivers/vfio-pci"
mkdir -p "$root/lib/modules/6.1.0-test"
: >"$root/lib/modules/6.1.0-test/modules.dep"
depmod -b "$root" 6.1.0-test 2>/dev/null
run plan --json
exits 3
result nothing
verdict 02:00.0 "refuse no-driver"

t "boot exits 0 whatever its command line is"
for words in "boot --bogus" "boot extra" "--bogus boot" "boot --policy /nonexistent" "boot --deadline x" "boot --root"; do
	# shellcheck disable=SC2086
	run $words
	exits 0
done
bind boot --root /nonexistent
exits 0

t "only the command boot always exits 0, not a file of that name"
cd "$work" || exit
run plan --policy boot
exits 2
bind --root boot plan
exits 2
run --policy boot bogus
exits 2
cd "$cli" || exit

t "boot prints nothing on stdout, and JSON with --json"
run boot
[ ! -s "$work/out" ] || fail "something is on stdout"
run boot --json
exits 0
json boot

t "boot --json prints the whole document, however short it is"
for rules in '' '[device a]\naddress = 02:00.0\n' '[device a]\nid = *:*\ngroup = whole\n'; do
	# shellcheck disable=SC2059
	printf "$rules" >"$policy"
	run boot --json
	json boot
done

t "plan writes nothing"
unchanged "$root" run plan
unchanged "$root" run plan --json -v
strace -f -qq -e trace=%file,%network -o "$work/trace" "$build/vfio-bind" --root "$root" plan >/dev/null 2>&1
! grep -E 'O_WRONLY|O_RDWR|O_CREAT|(mkdir|unlink|rename|mount|symlink|mknod|chmod|chown)[a-z0-9]*\(' "$work/trace" >"$work/writes" ||
	fail "plan wants to write: $(head -n 1 "$work/writes")"

t "list and status write nothing"
unchanged "$root" kit list
unchanged "$root" kit list --json
unchanged "$root" kit status
run boot
unchanged "$root" run status
unchanged "$root" kit status --json

t "plan, list and status need no privileges"
run boot
find "$root" -exec chmod go-w {} + 2>/dev/null
run_as_nobody plan --json
exits 0
json
verdict 02:00.0 bind
run_as_nobody status --json
json status
bounded setpriv --reuid=65534 --regid=65534 --clear-groups "$build/vfiokit" --root "$root" list --json
exits 0
json list

t "plan on a file system that cannot be written"
bounded unshare -m sh -c 'mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && exec "$2" --root "$1" plan --json' sh "$root" "$build/vfio-bind"
exits 0
json
bounded unshare -m sh -c 'mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && exec "$2" --root "$1" boot' sh "$root" "$build/vfio-bind"
exits 0

t "a full disk below stdout is an error, not silence"
timeout 5 "$build/vfio-bind" --root "$root" plan >/dev/full 2>"$work/err" && fail "exit 0, although nothing was printed"

t "a closed stdout does not kill boot"
timeout 5 "$build/vfio-bind" --root "$root" boot >&- 2>&- <&-
is "exit code" $? 0
is "report" "$(query .command "$report")" boot

t "empty environment, ignored and blocked signals"
bounded env -i "$build/vfio-bind" --root "$root" plan --json
exits 0
json

t "a bare argv of nothing"
bounded bash -c 'exec -a "" "$0"' "$build/vfio-bind"
exits 2
