# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2016,SC2154
#
# Every error message of vfiokit and vfio-bind that no other topic is about, once: the command line or the machine, the exit
# code, the message. tests/messages.py looks in the sources for one that no test has.

kernel=6.1.0-test
modules=$root/lib/modules/$kernel
binder=$cli/../../build/vfio-bind # the static one

# Leaks are not looked for under strace, nor in what is killed.
quiet=(env "ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0" "LSAN_OPTIONS=detect_leaks=0")

t "command lines that make no sense"
while IFS='|' read -r program words want text; do
	# shellcheck disable=SC2086 # words
	bounded "$build/$program" --root "$root" $words
	[ "$code" = "$want" ] || fail "'$program $words' exits $code, not $want"
	grep -qF -e "$text" "$work/err" || fail "'$program $words' does not say '$text' but '$(told)'"
	is "what '$program $words' prints beside" "$(wc -c <"$work/out")" 0
done <<'EOT'
vfiokit||2|vfiokit: no command given; nothing was changed, try 'vfiokit --help'
vfiokit|--json|2|vfiokit: no command given; nothing was changed, try 'vfiokit --help'
vfiokit|unbind 02:00.0|2|vfiokit: unknown command 'unbind'; nothing was changed, try 'vfiokit --help'
vfiokit|list --colour|2|vfiokit: unknown option '--colour'; nothing was changed, try 'vfiokit --help'
vfiokit|list -x|2|vfiokit: unknown option '-x'; nothing
vfiokit|list --udev|2|vfiokit: unknown option '--udev'; nothing
vfiokit|list --policy|2|vfiokit: a value is missing for '--policy'; nothing
vfiokit|list 02:00.0|2|vfiokit: too many words, beginning with '02:00.0'; nothing
vfiokit|list --all|2|vfiokit: this command does not take one of the options given: 'list'; nothing
vfiokit|list --graph png|2|vfiokit: --graph takes svg or dot, not 'png'; nothing
vfiokit|list --hostdev card|2|vfiokit: --hostdev takes an address such as 0000:03:00.0, not 'card'; nothing
vfiokit|list --graph svg --json|2|vfiokit: list: only one of --graph, --hostdev and --json; nothing was changed
vfiokit|list --graph dot --hostdev 02:00.0|2|vfiokit: list: only one of --graph, --hostdev and --json; nothing was changed
vfiokit|list --hostdev 09:00.0|1|vfiokit: list: 0000:09:00.0 is not the address of a device here, 'vfiokit list' shows them; nothing was changed
vfiokit|list --hostdev 00:01.0|1|vfiokit: list: 0000:00:01.0 is a bridge, which cannot be given to a guest; nothing was changed
vfiokit|check 02:00.0|2|vfiokit: check takes addresses only with --rom, not '02:00.0'; nothing
vfiokit|check --rom|2|vfiokit: check --rom takes addresses; nothing
vfiokit|check --rom 02:00|2|vfiokit: expected an address such as 0000:03:00.0, not '02:00'; nothing
vfiokit|bind|2|vfiokit: bind takes addresses; nothing
vfiokit|bind gpu|2|vfiokit: expected an address such as 0000:03:00.0, not 'gpu'; nothing
vfiokit|bind 02:00.0 --allow network,console|2|vfiokit: --allow takes storage, network and last-input, not 'console'; nothing
vfiokit|bind 02:00.0 --deadline 0|2|vfiokit: --deadline takes whole seconds from 1 to 300, not '0'; nothing
vfiokit|bind 02:00.0 --deadline 301|2|vfiokit: --deadline takes whole seconds from 1 to 300, not '301'; nothing
vfiokit|release|2|vfiokit: release takes addresses, or --all; nothing
vfiokit|release 02:00.0 --all|2|vfiokit: release takes addresses, or --all; nothing
vfiokit|suggest gpu|2|vfiokit: suggest: this is no PCI address such as 0000:03:00.0: 'gpu'; nothing was suggested, 'vfiokit list' shows the devices
vfiokit|suggest 09:00.0|1|vfiokit: suggest: no device is at '09:00.0'; nothing was suggested, 'vfiokit list' shows the devices
vfiokit|suggest 00:01.0|1|vfiokit: suggest: a bridge cannot be given to a guest: '00:01.0'; nothing was suggested
vfiokit|suggest --ask|2|vfiokit: suggest: --ask needs a terminal, and neither addresses nor --json; nothing was suggested
vfiokit|image|2|vfiokit: image: one of --list, --explain, --output FILE and --booster is needed; nothing was changed, try 'vfiokit --help'
vfiokit|image --list --explain|2|vfiokit: image: one of --list, --explain, --output FILE and --booster is needed; nothing was changed
vfiokit|image --list /boot/x|2|vfiokit: image: only --booster takes the name of an image; nothing was changed
vfiokit|image --list --policy x|2|vfiokit: image: --list is about the installed policy, and takes no --policy; nothing was changed
vfiokit|image --list --kernel ../x|2|vfiokit: image: --kernel takes a release as 'uname -r' prints it; nothing was changed
vfiokit|boot-ok soon|2|vfiokit: boot-ok takes a number of seconds up to 86400, not 'soon'; nothing was changed
vfiokit|arm|1|vfiokit: this machine was not started by EFI, so there is no automatic disarm; nothing was changed
vfio-bind||2|vfio-bind: no command given; nothing was changed, try 'vfio-bind --help'
vfio-bind|list|2|vfio-bind: unknown command 'list'; nothing was changed, try 'vfio-bind --help'
vfio-bind|plan --rom|2|vfio-bind: unknown option '--rom'; nothing
vfio-bind|plan --udev|2|vfio-bind: --udev needs --device; nothing
vfio-bind|plan --device gpu|2|vfio-bind: --device takes an address such as 0000:03:00.0, not 'gpu'; nothing
vfio-bind|plan --device|2|vfio-bind: a value is missing for '--device'; nothing
vfio-bind|status 02:00.0|2|vfio-bind: too many words, beginning with '02:00.0'; nothing
vfio-bind|status --quiet|2|vfio-bind: this command does not take one of the options given: 'status'; nothing
EOT
for program in vfiokit vfio-bind; do
	bounded "$build/$program" --root "$work/nowhere" status
	exits 2
	says "$program: cannot open the root directory '$work/nowhere': No such file or directory; nothing was changed"
	"$build/$program" --root "$root" --help >/dev/full 2>"$work/err"
	"$build/$program" --root "$root" status >/dev/full 2>"$work/err"
	code=$?
	exits 3
	says "$program: cannot write the whole answer to standard output; what it is about is done all the same"
done

t "bind in an initramfs"
touch "$root/etc/initrd-release"
kit bind 02:00.0
exits 2
says "vfiokit: this is an initramfs, not the running system; nothing was changed, try 'vfiokit --help'"

t "no devices"
rm -r "$root/sys"
kit suggest
exits 1
says "vfiokit: suggest: cannot list the PCI devices in /sys/bus/pci/devices: No such file or directory (is /sys mounted?); nothing was suggested"
kit record
exits 1
says "vfiokit: record: the PCI devices cannot be listed; the old record stays as it is"
run plan
exits 3
says "sys/bus/pci/devices: cannot list the PCI devices: No such file or directory (is /sys mounted?); nothing was changed"

# with_modules: files that depmod takes for modules, and the program.
with_modules()
{
	local name

	mkdir -p "$modules/kernel"
	for name in vfio-pci vfio_iommu_type1; do
		echo 'static const char a[] __attribute__((section(".modinfo"), used)) = "license=GPL";' |
			cc -x c -c -o "$modules/kernel/$name.ko" -
	done
	depmod -b "$root" "$kernel" 2>/dev/null
	install -D "$binder" "$root/usr/sbin/vfio-bind"
}

# no_addon TEXT: it cannot be made, and why.
no_addon()
{
	rm -f "$work/addon"
	bounded "${quiet[@]}" "${injected[@]}" "$build/vfiokit" --root "$root" image --output "$work/addon" --kernel "$kernel"
	exits 1
	says "$1"
	says "vfiokit: image: cannot write $work/addon: "
	says "; nothing was changed"
	[ ! -e "$work/addon" ] || fail "it is there"
}

t "add-ons that cannot be made"
injected=()
no_addon "vfiokit: image: cannot read /usr/sbin/vfio-bind: No such file or directory"
with_modules
bounded "$build/vfiokit" --root "$root" image --output "$work/addon" --kernel "$kernel"
exits 0
cp /bin/sh "$root/usr/sbin/vfio-bind"
no_addon "vfiokit: image: /usr/sbin/vfio-bind needs shared libraries, which no add-on holds; build it without STATIC=0"
cp "$binder" "$root/usr/sbin/vfio-bind"
injected=(env TMPDIR=/nonexistent)
no_addon "vfiokit: image: cannot make a temporary directory (TMPDIR chooses where)"
injected=(env "PATH=$work")
no_addon "vfiokit: image: depmod, which kmod brings, did not make an index: No such file or directory"
printf '#!/bin/sh\nexit 1\n' >"$work/depmod"
chmod 755 "$work/depmod"
no_addon "vfiokit: image: depmod, which kmod brings, did not make an index: see above"
injected=()
rm "$modules/kernel/vfio-pci.ko"
mkdir "$modules/kernel/vfio-pci.ko"
no_addon "vfiokit: image: cannot copy /lib/modules/$kernel/kernel/vfio-pci.ko: Is a directory"
rm -r "$root/lib"
no_addon "vfiokit: image: no modules of kernel $kernel are installed"

t "an add-on whose kernel lacks a module"
with_modules
printf '[device other]\naddress = 00:04.0\nallow = network\ndriver = foo-vfio-pci\n' >>"$policy"
bounded "$build/vfiokit" --root "$root" image --output "$work/addon" --kernel "$kernel"
exits 0
says "vfiokit: image: warning: kernel $kernel has no module foo_vfio_pci; without it the rules that need it bind nothing"

t "records that cannot be made"
printf '[device a]\nfoo = 1\n' >"$policy"
kit record
exits 2
says "vfiokit: record: the policy has errors; the old record stays as it is"
good_policy >"$policy"
mkdir "$root/etc/vfiokit/bind.record"
kit record --needs
exits 1
says "vfiokit: record: it cannot be read, and --needs keeps what is in it; the old record stays as it is"
touch "$root/etc/vfiokit/bind.record/x"
kit record
exits 1
says "vfiokit: etc/vfiokit/bind.record: "
says "vfiokit: record: it cannot be written; the old record stays as it is"
run plan
says "cannot read the record: Is a directory; no rule's device is taken, 'vfiokit record' makes a new one"
rm -r "$root/etc/vfiokit/bind.record"
printf '[record]\nversion = 3\n' >"$root/etc/vfiokit/bind.record"
run plan
says "etc/vfiokit/bind.record:2: bad value: 3; the record is not used, 'vfiokit record' makes a new one"
touch "$root/etc/initrd-release"
kit record
exits 1
says "vfiokit: record: this is an initramfs; the old record stays as it is"
rm "$root/etc/initrd-release" "$devices"/*
kit record
exits 1
says "vfiokit: record: no PCI device is to be seen (is /sys mounted?); the old record stays as it is"

# in_chroot COMMAND...: with the machine as its root, and the programs of this one. Sanitizers do not work without /proc.
in_chroot()
{
	mkdir -p "$root"/{usr,lib,lib64,bin,programs}
	bounded unshare -rm sh -c 'root=$1 build=$2
		for dir in usr lib lib64 bin; do mount --rbind "/$dir" "$root/$dir"; done
		mount --bind "$build" "$root/programs"
		shift 2
		exec chroot "$root" "$@"' - "$root" "${binder%/*}" "$@"
}

t "records that would be of another machine"
in_chroot /programs/vfiokit record
exits 1
says "vfiokit: record: process 1 shows no root (is this root, and is /proc mounted?); the old record stays as it is"
mkdir -p "$root/proc/1/root"
in_chroot /programs/vfiokit record
exits 1
says "vfiokit: record: this is a chroot; the old record stays as it is"
rmdir "$root/proc/1/root"
ln -s / "$root/proc/1/root"
mkdir -p "$root/run/systemd"
touch "$root/run/systemd/container"
in_chroot /programs/vfiokit record
exits 1
says "vfiokit: record: this is a container; the old record stays as it is"
rm "$root/run/systemd/container"
in_chroot /programs/vfiokit record
exits 1
says "vfiokit: record: no sysfs is mounted on /sys; the old record stays as it is"
[ ! -e "$root/etc/vfiokit/bind.record" ] || fail "there is one"

# words TEXT MESSAGE: with that on the kernel command line.
words()
{
	echo "root=/dev/vda1 $1" >"$root/proc/cmdline"
	run plan
	says "proc/cmdline: $2"
}

t "words on the kernel command line"
words vfiokit=of "vfiokit=of means off: expected on, off or plan"
words vfiokit.skip=gpu "vfiokit.skip=gpu: expected an address such as 0000:06:00.0; nothing is bound, because it may mean any device"
words vfiokit.id=gpu "vfiokit.id=gpu: expected vendor:device or vendor:device:subvendor:subdevice, each of four hex digits or *"
says "; the rule 'cmdline' is not used"
words vfiokit.id= "vfiokit.id= is empty; the rule 'cmdline' is not used"
words "vfiokit.id=10de:* vfiokit.group=half" "vfiokit.group=half: expected named or whole; the rule 'cmdline' is not used"
words vfiokit.card=1 "unknown vfiokit.card=, expected vfiokit.skip, .id, .address or .group; ignored"
words vfiokit.group=whole "vfiokit.group= selects nothing by itself, expected vfiokit.id= or vfiokit.address= with it; ignored"
words "$(head -c 70000 /dev/zero | tr '\0' x)" "the kernel command line is longer than 65536 bytes; the rest is ignored"
rm "$root/proc/cmdline"
mkdir "$root/proc/cmdline"
run plan
says "cannot read the kernel command line (Is a directory), so vfiokit=off cannot be ruled out; nothing is bound"

t "devices and policies that cannot be read"
mkdir "$devices/02:00.0" "$devices/0000:0a:00.0"
ln -s nowhere "$devices/0000:0b:00.0"
run plan
says "sys/bus/pci/devices: '02:00.0' is not a PCI address as the kernel writes it; left out"
says "0000:0a:00.0: its "
says "; nothing in its slot or IOMMU group is bound"
says "0000:0b:00.0: it was listed, but is gone; left out"
rm -r "$dropins"
touch "$dropins"
run plan
exits 2
says "etc/vfiokit/bind.conf.d: cannot read the drop-ins: Not a directory; nothing is bound"
rm "$policy"
mkdir "$policy"
run plan
exits 2
says "etc/vfiokit/bind.conf: cannot read the policy: "
rmdir "$policy"
for n in $(seq 300); do echo "key$n = 1"; done >"$policy"
run boot
says "further problems are not listed"

t "EFI variables that cannot be read, written or removed"
efivars=$root/sys/firmware/efi/efivars
variable=$efivars/VfiokitProbation-7d6a3f1e-2c84-4b0e-9b57-5a1d0c6e8f42
mkdir -p "$root/sys/firmware/efi" "$root/proc/sys/kernel/random"
echo one >"$root/proc/sys/kernel/random/boot_id"
kit arm
exits 1
says "vfiokit: cannot read the EFI variables below /sys/firmware/efi/efivars: "
says "; nothing was changed"
run boot
says "automatic disarm: cannot read the EFI variables: "
says "; it is off at this boot"
mkdir "$efivars"
run boot
[ -e "$variable" ] || fail "no variable"
bounded "${quiet[@]}" strace -f -qq -o /dev/null -e inject=unlinkat,unlink:error=EPERM "$build/vfiokit" --root "$root" arm
exits 1
says "vfiokit: cannot remove the EFI variable VfiokitProbation-7d6a3f1e-2c84-4b0e-9b57-5a1d0c6e8f42: Operation not permitted (are you root?); nothing was changed"
bounded "${quiet[@]}" strace -f -qq -o /dev/null -P "$variable" -e inject=write:error=EIO "$build/vfiokit" --root "$root" boot-ok 0
exits 1
says "vfiokit: cannot write the EFI variable VfiokitProbation-7d6a3f1e-2c84-4b0e-9b57-5a1d0c6e8f42: Input/output error; this boot stays counted as an attempt"
echo ten-bytes- >"$variable"
echo two >"$root/proc/sys/kernel/random/boot_id"
run boot
says "holds 7 bytes that are not understood; the probation begins anew"
echo three >"$root/proc/sys/kernel/random/boot_id"
rm -rf "$root/run/vfiokit"
bounded "${quiet[@]}" strace -f -qq -o /dev/null -P "$variable" -e inject=write:error=EIO "$build/vfio-bind" --root "$root" boot
says "automatic disarm: cannot write the EFI variable VfiokitProbation-7d6a3f1e-2c84-4b0e-9b57-5a1d0c6e8f42: "
says "; this boot is not counted"

t "the report of PID 1 cannot be moved"
mkdir -p "$root/dev/.vfiokit"
echo '{}' >"$root/dev/.vfiokit/bind.json"
touch "$root/run"
run boot
exits 0
says "cannot move the report of the run as PID 1 to run/vfiokit: Not a directory, ignoring"

t "no journal"
bounded "${quiet[@]}" strace -f -qq -o /dev/null -e inject=memfd_create:error=EMFILE "$build/vfio-bind" --root "$root" apply
exits 1
says "run/vfiokit: cannot make a journal, so nothing could be undone; nothing was changed"

# killed WORD...: strace with these words ends processes of apply.
killed()
{
	"${quiet[@]}" timeout 30 strace -f -qq -o /dev/null "$@" "$build/vfio-bind" --root "$root" --deadline 2 apply >"$work/out" 2>"$work/err" </dev/null
	code=$?
}

t "a process that dies or hangs is told of"
override=$devices/0000:02:00.0/driver_override
[ -e "$override" ] || : >"$override"
killed -P "$override" -e inject=read,write:signal=SIGKILL
says "vfio-bind: applying the plan ended unexpectedly; giving back what is not finished"
says "vfio-bind: undoing the plan ended unexpectedly"
killed -P "$override" -e inject=write:delay_enter=2500000
says "vfio-bind: applying the plan did not end in time; giving back what is not finished"
killed -e inject=getdents64:signal=SIGKILL
exits 1
says "vfio-bind: apply: ended unexpectedly (crashed); 'vfio-bind status' shows what holds each device"
killed -e inject=getdents64:delay_enter=2500000
exits 1
says "vfio-bind: apply: gave up after 2 s; 'vfio-bind status' shows what holds each device"
killed -e inject=clone,clone3,fork,vfork:error=EAGAIN
exits 1
says "vfio-bind: apply: cannot start a process: Resource temporarily unavailable; nothing was changed"

t "in front of an init, where there is nothing to run"
mkdir "$work/bare"
cp "$binder" "$work/bare/vfio-init"
bounded unshare -rm chroot "$work/bare" /vfio-init
exits 1
says "vfio-bind: init: cannot mount /proc: "
says "vfio-bind: init: cannot run /init: No such file or directory; trying /sbin/init"
{ timeout -s KILL 3 unshare -rmpf --kill-child chroot "$work/bare" /vfio-init >"$work/out" 2>"$work/err" </dev/null; } 2>/dev/null
says "vfio-bind: init: nothing to run; waiting for ever, because PID 1 must not end"
