# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154
# vfio-hook check: is it the hook, vfio-hookd, both, or nobody?

link=$root/etc/libvirt/hooks/qemu.d/50-vfiokit
state=$root/run/vfiokit/hookd

# asks MODE CODE: both ways to ask say so.
asks()
{
	bounded "$build/vfio-hook" --root "$root" check --json
	exits "$2"
	is "the mode in JSON" "$(query .mode)" "$1"
	bounded "$build/vfio-hook" --root "$root" check
	exits "$2"
	says "mode: $1"
}

# installed AGE: the hook's link, and libvirtd that was started so many seconds ago.
installed()
{
	mkdir -p "$root/usr/sbin" "${link%/*}" "$root/run" "$root/proc/77/attr"
	cp "$build/vfio-hook" "$root/usr/sbin/vfio-hook"
	ln -sf /usr/sbin/vfio-hook "$link"
	echo 77 >"$root/run/libvirtd.pid"
	echo libvirtd >"$root/proc/77/comm"
	echo "libvirtd (enforce)" >"$root/proc/77/attr/current"
	printf 'cpu 1\nbtime %d\n' "$(($(date +%s) - 1000))" >"$root/proc/stat"
	echo "77 (libvirtd) S 1 1 1 0 -1 4 1 1 1 1 1 1 1 1 20 0 1 0 $(((1000 - $1) * $(getconf CLK_TCK))) 1 1" >"$root/proc/77/stat"
}

# hookd_runs WORD: its file, locked by another until the next test.
hookd_runs()
{
	mkdir -p "${state%/*}"
	echo "$1" >"$state"
	exec 7<>"$state"
	flock 7
}
hookd_ends() { exec 7>&-; }

t "nobody"
asks none 1
says "the hook is not installed: run 'ln -s /usr/sbin/vfio-hook /etc/libvirt/hooks/qemu.d/50-vfiokit'"
says "systemctl enable --now vfio-hookd"

t "the hook"
installed -5
asks hook 0
says "the hook is installed, and libvirtd calls it"
says "libvirtd is confined as 'libvirtd (enforce)'"

t "the hook, and no daemon"
installed -5
rm "$root/run/libvirtd.pid"
asks hook 0
says "no daemon of libvirt runs now"

t "the hook that the daemon does not know"
installed 500
asks none 1
says "run 'systemctl reload libvirtd'"

t "the hook that AppArmor does not let run"
installed -5
mkdir -p "$root/usr/local/sbin"
cp "$build/vfio-hook" "$root/usr/local/sbin/vfio-hook"
ln -sf /usr/local/sbin/vfio-hook "$link"
asks none 1
says "libvirtd may not run the hook where it is"

t "the hook that SELinux may let run or not"
installed -5
echo system_u:system_r:virtqemud_t:s0 >"$root/proc/77/attr/current"
asks unknown 1
says "whether SELinux lets libvirtd run it is not known until it did: start a guest and run 'vfio-hook check' again"
hookd_runs connected
asks vfio-hookd 0
says "is not known until it did"
hookd_ends
mkdir -p "$root/sys/fs/selinux"
echo 0 >"$root/sys/fs/selinux/enforce"
asks hook 0
says "the hook is installed, and libvirtd calls it"
echo 1 >"$root/sys/fs/selinux/enforce"
asks unknown 1

t "the hook that was called where SELinux enforces"
installed -5
echo system_u:system_r:virtqemud_t:s0 >"$root/proc/77/attr/current"
mkdir -p "$root/run/vfiokit"
touch -d "-1 hour" "$root/run/vfiokit/called"
asks unknown 1
touch -d "+6 seconds" "$root/run/vfiokit/called"
asks hook 0
says "the hook is installed, and libvirtd calls it"
# Of a daemon that nobody knows the start of.
rm "$root/proc/stat"
asks unknown 1

t "vfio-hookd alone"
hookd_runs connected
asks vfio-hookd 0
says "vfio-hookd runs, and listens to libvirt"
says "no start is refused"
echo waiting >"$state"
asks vfio-hookd 0
says "vfio-hookd runs, and waits for libvirt"
bounded "$build/vfio-hook" --root "$root" check --json
is "connected" "$(query .hookd.connected)" false
hookd_ends
asks none 1

t "both"
installed -5
hookd_runs connected
asks both 0
says "both are harmless"
hookd_ends

t "vfio-hookd: help, version, wrong usage"
bounded "$build/vfio-hookd" --help
exits 0
says Usage:
bounded "$build/vfio-hookd" --version
exits 0
says "vfio-hookd "
for words in --bogus word --connect "--version=1"; do
	bounded "$build/vfio-hookd" "$words"
	exits 2
	says_at_most 1
	says "nothing was changed, try 'vfio-hookd --help'"
done
bounded setpriv --reuid=65534 --regid=65534 --clear-groups "$build/vfio-hookd"
exits 1
says "only root"
