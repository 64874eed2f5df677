# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
# Policies that are no text files: nothing is bound, one line says so, and a boot goes on.

make_random() { head -c 5000 /dev/urandom >"$1"; }
make_large() { yes '; a comment that says nothing at all, many times' | head -c 10000000 >"$1"; }
make_large_rule() { { good_policy; yes '; and a comment'; } | head -c 10000000 >"$1"; }
make_directory() { mkdir "$1"; }
make_dangling() { ln -s nowhere.conf "$1"; }
make_loop() { ln -s "${1##*/}" "$1"; }
make_fifo() { mkfifo "$1"; }
make_socket() { python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$1"; }
make_device() { mknod "$1" c 1 5; } # zeros without end

# one_line NAME: exactly one line of the report names the file.
one_line()
{
	is "lines that name $1" "$(cat "$work/out" "$work/err" | grep -cF -e "$1")" 1
}

# refused NAME [OPTION...]: as text, as JSON, and at boot.
refused()
{
	local file=$1

	shift
	unchanged "$root" run plan "$@"
	exits 2
	says "$file"
	says_at_most 60
	[ "$kind" = random ] || one_line "$file"
	run plan --json "$@"
	exits 2
	json
	binds_nothing
	unchanged "$root/sys" run boot "$@"
	exits 0
	says "$file"
	run apply "$@"
	exits 2
}

for kind in random large large_rule directory dangling loop fifo socket device; do
	t "$kind as bind.conf"
	rm "$policy"
	"make_$kind" "$policy"
	refused etc/vfiokit/bind.conf

	t "$kind as --policy"
	"make_$kind" "$work/$kind.conf"
	refused "$work/$kind.conf" --policy "$work/$kind.conf"
	rm -rf "$work/$kind.conf"

	t "$kind as drop-in"
	# A drop-in of noise breaks only itself; all others cannot be read, and then nothing is bound.
	[ "$kind" != random ] || rm "$policy"
	"make_$kind" "$dropins/50-extra.conf"
	refused etc/vfiokit/bind.conf.d/50-extra.conf
done

t "--policy: vfiokit list, bind and record go by it; status, suggest and import make nothing of it"
printf '[device mine]\naddress = 00:04.0\nallow = network\n' >"$work/mine.conf"
kit list --json --policy "$work/mine.conf"
is "list" "$(query '[.devices[] | select(.rule != null) | "\(.address) \(.rule)"] | join(",")')" "0000:00:04.0 mine"
kit bind 00:04.0 --policy "$work/mine.conf" --json
is "bind" "$(query '.devices[] | "\(.address) \(.rule)"')" "0000:00:04.0 mine"
kit record --policy "$work/mine.conf"
exits 0
is "the record" "$(grep '^\[device' "$root/etc/vfiokit/bind.record")" "[device 0000:00:04.0]"
for words in status suggest import arm "boot-ok 0"; do
	kit $words
	cp "$work/out" "$work/without"
	kit $words --policy "$work/none.conf"
	cmp -s "$work/out" "$work/without" || fail "$words does"
done

t "missing --policy"
refused "$work/none.conf" --policy "$work/none.conf"

t "--policy is relative to the caller, not to the root"
printf '[device other]\naddress = 02:00.0\n' >"$work/rel.conf"
cd "$work" || exit
run plan --json --policy rel.conf
cd "$cli" || exit
exits 0
verdict 02:00.0 bind
is policy "$(query '.policy | join(" ")')" rel.conf
run plan --policy rel.conf
exits 2

t "unreadable bind.conf"
chmod 000 "$policy"
run_as_nobody plan --json
exits 2
binds_nothing
run_as_nobody plan
one_line etc/vfiokit/bind.conf
run_as_nobody boot
exits 0

t "unreadable drop-in"
good_policy >"$dropins/a.conf"
chmod 000 "$dropins/a.conf"
run_as_nobody plan --json
exits 2
binds_nothing
run_as_nobody plan
one_line etc/vfiokit/bind.conf.d/a.conf

t "unreadable directory of drop-ins"
chmod 000 "$dropins"
run_as_nobody plan --json
exits 2
binds_nothing

t "the directory of drop-ins is a file"
rmdir "$dropins"
echo >"$dropins"
refused etc/vfiokit/bind.conf.d

t "the directory of drop-ins is a FIFO"
rmdir "$dropins"
mkfifo "$dropins"
refused etc/vfiokit/bind.conf.d

t "the directory of drop-ins is a dangling link"
rmdir "$dropins"
ln -s nowhere "$dropins"
refused etc/vfiokit/bind.conf.d

t "other names in the directory of drop-ins are no policy"
mkfifo "$dropins/fifo"
head -c 500 /dev/urandom >"$dropins/noise.conf~"
head -c 500 /dev/urandom >"$dropins/.hidden.conf"
run plan --json
exits 0
verdict 02:00.0 bind

t "drop-ins whose list is cut short"
printf '[device guest]\nid = 10de:13c2\nboot-vga = allow\n' >"$policy"
printf '[device guest]\naddress = 02:00.0\n' >"$dropins/50-site.conf"
bounded strace -f -qq -o /dev/null -P "$dropins" -e trace=getdents64 -e inject=getdents64:error=EIO \
	-E "ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0" "$build/vfio-bind" --root "$root" plan --json
exits 2
binds_nothing
says "etc/vfiokit/bind.conf.d"
says "cannot read the drop-ins: "

t "an empty policy"
: >"$policy"
run plan --json
exits 0
result ok

t "no policy"
rm "$policy"
run plan --json
exits 0
result ok
run boot
exits 0

t "a policy without a last newline"
printf '[device guest]\naddress = 02:00.0' >"$policy"
run plan --json
exits 0
verdict 02:00.0 bind

t "a file name of junk stays out of the terminal and of the JSON"
printf 'junk\n' >"$dropins/"$'a\e[31m\xff\n.conf'
run plan
exits 2
! grep -q $'\e' "$work/out" || fail "an escape sequence is on stdout"
run plan --json
json

t "a long path keeps the line number"
mkdir -p "$work/$(printf 'd%.0s' {1..200})/$(printf 'd%.0s' {1..200})/$(printf 'd%.0s' {1..200})"
long=$(echo "$work"/ddd*/ddd*/ddd*)/p.conf
printf '\nnonsense\n' >"$long"
run plan --json --policy "$long"
exits 2
is where "$(query '.errors[0].where')" "$long:2"
