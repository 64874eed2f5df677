# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154
# vfio-usb and vfio-usbd on libvirt's own test driver: words, exit codes, who may ask, and what the socket takes.

uuid=6695eb01-f6a4-8304-79aa-97f2502e193f

usb() { bounded "$build/vfio-usb" "$@"; }

# daemon SCRIPT: runs it, with what stands here, beside a daemon in a namespace with a /run of its own. Its guest is "test".
daemon()
{
	local script

	script=$(
		declare -f
		declare -p build work
		cat <<-'EOT'
			mount -t tmpfs tmpfs /run
			socket=/run/vfiokit/usb.sock
			: >"$work/daemon" # what the one before has said
			"$build/vfio-usbd" --connect test:///default 2>"$work/daemon" &
			pid=$!
			for ((i = 0; i < 100; i++)); do grep -q connected "$work/daemon" && break; sleep 0.1; done
			ask() { printf '%s\n' "$1" | python3 -c '
			import socket, sys
			s = socket.socket(socket.AF_UNIX)
			s.settimeout(10)
			s.connect(sys.argv[1])
			s.sendall(sys.stdin.buffer.read())
			data = b""
			while True:
			    try: part = s.recv(65536)
			    except ConnectionResetError: break
			    if not part: break
			    data += part
			sys.stdout.buffer.write(data)' "$socket"; }
		EOT
		printf '%s\n' "$1"
		cat <<-'EOT'
			kill "$pid"
			wait "$pid"
			echo "the daemon: $?"
			ls /run/vfiokit
		EOT
	)
	bounded unshare -m bash -c "$script"
	! grep -qE 'Sanitizer|runtime error:' "$work/daemon" || fail "the daemon crashed: $(grep -m 1 -E 'Sanitizer|runtime error:' "$work/daemon")"
}

t "words that are wrong"
for words in "" "lists" "list 1-4" "attach" "attach win" "toggle win" "detach" "watch 1-4" "--jsn list" "--root"; do
	# shellcheck disable=SC2086
	usb $words
	exits 2
	says "nothing was changed"
done

t "help and version"
usb --help
exits 0
says "toggle"
usb --version
exits 0
bounded "$build/vfio-usbd" --help
exits 0
bounded "$build/vfio-usbd" --connect
exits 2
bounded "$build/vfio-usbd" now
exits 2
says "nothing was changed"

t "without the daemon"
bounded unshare -m sh -c "mount -t tmpfs tmpfs /run && '$build/vfio-usb' attach win 1-4"
exits 3
says "vfio-usbd does not run; nothing was changed"
bounded unshare -m sh -c "mount -t tmpfs tmpfs /run && '$build/vfio-usb' list"
exits 0
says "vfio-usbd does not run; what guests have is not shown"
bounded unshare -m sh -c "mount -t tmpfs tmpfs /run && '$build/vfio-usb' --json list 2>/dev/null"
exits 0
is "daemon" "$(query .daemon)" false

t "list, orders that cannot be, and an end"
daemon '
"$build/vfio-usb" --json list
"$build/vfio-usb" attach test 9-9; echo "attach: $?"
"$build/vfio-usb" detach 9-9; echo "detach: $?"
"$build/vfio-usb" toggle nobody 9-9; echo "toggle: $?"
"$build/vfio-usb" --json attach nobody 9-9; echo "json: $?"
'
exits 0
says "\"uuid\":\"$uuid\""
says "vfio-usb: there is no device '9-9', see 'vfio-usb list'; nothing was changed"
says "vfio-usb: there is no running guest 'nobody'; nothing was changed, see 'virsh list'"
says "attach: 1"
says "detach: 1"
says "toggle: 1"
says "json: 1"
says "{\"error\":\"there is no running guest 'nobody'"
says "the daemon: 0"

t "only root and its group may ask"
daemon '
stat -c "%a %u" $socket
chmod 666 $socket; chmod 755 /run/vfiokit
setpriv --reuid=65534 --regid=65534 --clear-groups "$build/vfio-usb" list; echo "nobody: $?"
chmod 600 $socket
setpriv --reuid=65534 --regid=65534 --clear-groups "$build/vfio-usb" attach test 1-4; echo "shut out: $?"
'
says "600 0"
says "only root and members of the group that [usb] of hooks.conf names may ask"
says "nobody: 1"
says "shut out: 3"
says "vfio-usb: cannot ask vfio-usbd: only root and members of its group"

t "what the socket takes"
daemon '
ask "{\"command\":\"list\"}{\"command\":\"list\"}" | head -c 100; echo
ask "no JSON"
ask "{\"command\":\"list\""
ask "{\"command\":\"detach\",\"devices\":[\"$(printf %600s)\"]}"
ask "$(head -c 20000 /dev/zero | tr "\0" x)"
ask "$(head -c 3000 /dev/urandom | tr -d "\n")" | head -c 200; echo
for ((i = 0; i < 40; i++)); do { sleep 2 | nc -U $socket 2>/dev/null; } & done
"$build/vfio-usb" --json list
'
says "the request is no JSON object"
says "a word is too long"
says "the request is too long"
says "the daemon: 0"

t "a choice is forgotten when it is broken, and a bad policy is told"
daemon '
kill "$pid"; wait "$pid"
mkdir -p /run/vfiokit /run/etc
printf "{\"choices\":[{\"port\":\"x\",\"uuid\":\"no\"},7,{\"port\":\"x\",\"uuid\":\"'$uuid'\",\"id\":-1}],\"returns\":[{\"uuid\":\"'$uuid'\",\"at\":\"now\"}]}" >/run/vfiokit/usb.json
"$build/vfio-usbd" --connect test:///default 2>"$work/daemon" &
pid=$!
for ((i = 0; i < 100; i++)); do grep -q connected "$work/daemon" && break; sleep 0.1; done
sleep 0.3
cat /run/vfiokit/usb.json; echo
'
says '{"choices":[],"returns":[]}'
says "the daemon: 0"
