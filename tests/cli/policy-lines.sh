# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2016,SC2034,SC2154
# What a policy may say: each wrong line is named with its number and with what was expected.

# good: the policy is accepted, and takes the second card's GPU.
good()
{
	run plan --json
	exits 0
	is errors "$(query '[.errors[] | .where + ": " + .message] | join(", ")')" ""
	verdict 02:00.0 bind
}

# bad LINE [WORD...]: exit 2, exactly that line is named, the rule is not used, and the words are in the message.
bad()
{
	local line=$1 word

	shift
	unchanged "$root" run plan --json
	exits 2
	json
	is where "$(query '[.errors[].where] | unique | join(" ")')" "etc/vfiokit/bind.conf:$line"
	binds_nothing
	for word; do
		query '.errors[].message' | grep -qF -e "$word" || fail "the message lacks '$word': $(query '.errors[0].message')"
	done
	run plan
	exits 2
	says "etc/vfiokit/bind.conf:$line: "
	boots
}

rule=$'[device guest]\naddress = 02:00.0\n'

t "CRLF"
printf '%s' "$rule" | sed 's/$/\r/' >"$policy"
good

t "BOM"
printf '\xEF\xBB\xBF%s' "$rule" >"$policy"
good

t "BOM and CRLF, in the drop-in too"
printf '\xEF\xBB\xBF%s' "$rule" | sed 's/$/\r/' | tee "$policy" >"$dropins/a.conf"
good

t "comments, blank lines, blanks around ="
printf '# a\n; b\n\n   \n[device guest] ; c\naddress=02:00.0    ; d\n' >"$policy"
good

t "a BOM in the middle"
printf '%s\xEF\xBB\xBFgroup = named\n' "$rule" >"$policy"
bad 3

t "UTF-16"
printf '%s' "$rule" | iconv -t UTF-16 >"$policy"
run plan --json
exits 2
json
binds_nothing

t "NUL in a value"
printf '[device guest]\naddress = 02:00.0\0\n' >"$policy"
bad 2 NUL

t "NUL in front of a line"
printf '%s\0group = named\n' "$rule" >"$policy"
bad 3 NUL

t "NUL in a comment"
printf '%s; \0\n' "$rule" >"$policy"
bad 3 NUL

t "nothing but NULs"
head -c 3000 /dev/zero >"$policy"
bad 1

t "indented with blanks"
printf '[device guest]\naddress = 02:00.0\n  10de:13c2\n' >"$policy"
bad 3 indented

t "indented with a tab"
printf '[device guest]\n\taddress = 02:00.0\n' >"$policy"
run plan --json
exits 2
is where "$(query '.errors[0].where')" etc/vfiokit/bind.conf:2
binds_nothing

t "an indented section"
printf ' [device guest]\naddress = 02:00.0\n' >"$policy"
run plan --json
exits 2
is where "$(query '.errors[0].where')" etc/vfiokit/bind.conf:1
binds_nothing

# A list value of exactly N bytes per line, blanks in front of the last address.
line_of() { printf '%-*s02:00.0' $(($1 - 7)) 'address ='; }

for length in 198 199; do
	t "a line of $length bytes"
	printf '[device guest]\n%s\n' "$(line_of $length)" >"$policy"
	good

	t "what follows a line of $length bytes counts"
	printf '[device other]\n%s\n\n[device guest]\naddress = 02:00.0\n\nnonsense\n' "$(line_of $length | sed 's/02:/05:/')" >"$policy"
	bad 7

	t "what follows a comment of $length bytes counts"
	printf ';%*s\n%s' $((length - 1)) x "$rule" >"$policy"
	good

	t "what follows a line of $length bytes with CRLF counts"
	printf '[device other]\r\n%s\r\noptional = yes\r\n\r\n[device guest]\r\naddress = 02:00.0\r\n' "$(line_of $length | sed 's/02:/05:/')" >"$policy"
	good
done

t "a comment of 199 bytes does not hide an identity"
printf '%s;%198s\nid = 1234:5678\n' "$rule" x >"$policy"
run plan --json
exits 1
verdict 02:00.0 "refuse identity"

t "a line of 200 bytes"
printf '[device guest]\n%s\n' "$(line_of 200)" >"$policy"
run plan --json
exits 2
is where "$(query '.errors[0].where')" etc/vfiokit/bind.conf:2
binds_nothing

t "a line of a megabyte"
printf '%sid = %900000s\n' "$rule" 10de:13c2 >"$policy"
bad 3 199

t "a long section name does not become another one"
printf '[device %s1]\naddress = 02:00.0\n[device %s2]\naddress = 02:00.1\n' "$(printf 'n%.0s' {1..60})" "$(printf 'n%.0s' {1..60})" >"$policy"
run plan --json
exits 2
binds_nothing

t "a repeated key"
printf '%sgroup = named\ngroup = whole\n' "$rule" >"$policy"
bad 4 group once

t "list keys may be repeated"
printf '[device guest]\nid = 10de:13c2\nid = 10de:0fbb\naddress = 02:00.0\naddress = 02:00.1\nclass = display\nclass = audio\n' >"$policy"
good
verdict 02:00.1 bind

t "the same section twice"
printf '%s\n[device guest]\naddress = 02:00.1\n' "$rule" >"$policy"
bad 4 twice

t "[policy] twice"
printf '[policy]\ngroup = whole\n%s[policy]\ngroup = named\n' "$rule" >"$policy"
bad 5 twice

t "a drop-in's section replaces, its [policy] merges"
printf '[policy]\ngroup = whole\n' >"$dropins/a.conf"
printf '[device guest]\naddress = 02:00.0\n' >"$dropins/b.conf"
run plan --json
exits 0
verdict 02:00.0 bind
verdict 02:00.1 bind
verdict 01:00.0 ""

t "an unknown key"
printf '%scolour = red\n' "$rule" >"$policy"
bad 3 colour expected

for key in disarm-after resize-bar reset-method d3cold vfs; do
	t "nonsense for $key, in a rule"
	printf '%s%s = !\n' "$rule" $key >"$policy"
	bad 3 $key
done

for key in id address path class serial allow optional follow; do
	t "$key in [policy]"
	printf '[policy]\n%s = yes\n%s' $key "$rule" >"$policy"
	bad 2 $key expected
done

t "an unknown section"
printf '[guest]\naddress = 02:00.0\n' >"$policy"
bad 1 guest expected

t "an unknown section is ignored"
printf '[guest]\nx = y\n%s' "$rule" >"$policy"
run plan --json
exits 2
verdict 02:00.0 bind

for header in '[device]' '[device ]' '[]' '[device guest' '[Device guest]' '[device guest] x' '[device a b]' '[device a/b]' '[device cmdline]' '[[device guest]]'; do
	t "the header $header"
	printf '%s\naddress = 02:00.0\n' "$header" >"$policy"
	bad 1 # "expected ..." or "may have ... only"
done

t "a key before the first section"
printf 'address = 02:00.0\n' >"$policy"
bad 1 section

t "a rule without a selector"
printf '[device guest]\ngroup = whole\n' >"$policy"
bad 1 expected guest

t "a section without any key"
printf '[device guest]\n' >"$policy"
bad 1 expected

t "selectors without a value select nothing"
printf '[device guest]\nid =\naddress =\nserial = ; none\n' >"$policy"
run plan --json
exits 2
is where "$(query '[.errors[].where] | unique | join(" ")')" "etc/vfiokit/bind.conf:2 etc/vfiokit/bind.conf:3"
binds_nothing

for line in nonsense '= 02:00.0' 'group' 'Group = named' 'group: named' 'gro up = named' 'group == named'; do
	t "the line '$line'"
	printf '%s%s\n' "$rule" "$line" >"$policy"
	bad 3
done

# value KEY VALUE WORD: the bad value is shown, and the word is among what was expected.
while read -r key value expected; do
	[ "$value" != EMPTY ] || value=
	t "bad value: $key = $value"
	printf '%s%s = %s\n' "$rule" "$key" "$value" >"$policy"
	bad 3 "'$key'" "$value" expected "$expected"
done <<'EOT'
id 10de vendor:device
id 10de:13c vendor:device
id 10de:13c2:1043 vendor:device
id 10de:13c2:1043:8508:0 vendor:device
id 10de:13c* vendor:device
id 0x10de:0x13c2 vendor:device
id 10de:13c2;x vendor:device
id 10dg:13c2 vendor:device
id nvidia vendor:device
address 02:00 0000:06:00.0
address 02:00.8 0000:06:00.0
address 02:20.0 0000:06:00.0
address 2:0.0 0000:06:00.0
address 02:00.0x 0000:06:00.0
address 0000:02:00.* 0000:06:00.0
address 123456789:02:00.0 0000:06:00.0
path 02:00.0/ path
path /02:00.0 path
path 00:01.1//00.0 path
path 00:01.1/0000:02:00.0 path
path 00:01.1/00.8 path
path pci0000:00/00:01.1 path
class gpu display
class Display display
class 3 hex
class 03000 hex
class 0x0300 hex
class 0300000 hex
driver EMPTY vfio-pci
driver ../../e1000e vfio-pci
driver vfio-pci,pci-stub vfio-pci
driver a.b vfio-pci
boot-vga yes exclude
boot-vga EMPTY exclude
group all whole
group EMPTY whole
on-bound yes unbind
on-bound EMPTY unbind
allow all storage
allow console storage
allow EMPTY storage
optional true yes
optional 1 yes
optional EMPTY yes
follow true yes
follow EMPTY yes
EOT

t "a driver's name of 100 characters"
printf '%sdriver = %s\n' "$rule" "$(printf 'd%.0s' {1..100})" >"$policy"
bad 3 expected

for key in driver boot-vga group on-bound; do
	t "a bad value of $key in [policy] disables everything"
	printf '[policy]\n%s = @\n%s' $key "$rule" >"$policy"
	bad 2 "$key" expected nothing
done

t "a broken rule disables that rule only"
printf '[device broken]\nid = x\n[device other]\naddress = 02:00.1\n' >"$policy"
run plan --json
exits 2
verdict 02:00.1 bind
verdict 02:00.0 ""

t "10,000 bad lines"
yes nonsense | head -n 10000 >"$policy"
for command in plan apply boot; do
	run $command
	says_at_most 100
	says "further problems"
done
run plan --json
exits 2
json
binds_nothing

t "10,000 bad lines of text with an unlisted mistake in [policy]"
{ printf '[device guest]\naddress = 02:00.0\n[x]\n'; yes '[y' | head -n 10000; printf '[policy]\ngroup = x\n'; } >"$policy"
run plan --json
exits 2
binds_nothing

t "a megabyte of sections does not hang"
limit=5
seq 60000 | sed 's/.*/[device n&]/' >"$policy"
run plan
exits 2
says_at_most 100
limit=20
boots

t "a megabyte of rules does not hang"
limit=5
seq 30000 | sed 's/.*/[device n&]\nid=1:1/' | head -c 1000000 >"$policy"
run plan
exits 2
limit=20

t "a megabyte of rules does not hang, and is too much"
limit=10
seq 18000 | sed 's/.*/[device n&]\naddress = 02:00.0\noptional = yes/' >"$policy"
bad 3001 "more than 1000 rules"
seq 1000 | sed 's/.*/[device n&]\naddress = 02:00.0\noptional = yes/' >"$policy"
good
limit=20

t "a megabyte of ids does not hang"
limit=5
{ echo '[device guest]'; yes 'id=1234:5678 1234:5678:1234:5678 1234:5678:1234:5678 1234:5678:1234:5678' | head -n 12000; echo 'id=10de:13c2'; } >"$policy"
good
limit=20
