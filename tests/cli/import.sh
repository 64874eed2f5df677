# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2016,SC2154
# vfiokit import: what other mechanisms name, as a policy. For driverctl and Unraid on real machines: tests/machines.

# file PATH TEXT: below the root, with printf's escapes.
file()
{
	mkdir -p "$root/$(dirname "$1")"
	printf '%b' "$2" >"$root/$1"
}

# saved ADDRESS...: what a plan of the imported policy takes.
saved()
{
	cp "$work/out" "$policy"
	run plan --json
	is "what is taken" "$(query '[.devices[] | select(.verdict == "bind" or .verdict == "bound").address] | join(" ")')" "$*"
	is "errors of the policy" "$(query '.errors | length')" 0
}

t "nothing to import"
kit import
exits 1
says "There is nothing to import"
says_not "Save it"

t "only what is to be removed: no policy that would empty the one that is there"
file etc/modprobe.d/vfio.conf 'softdep nouveau pre: vfio-pci\n'
kit import
exits 1
says "There is nothing to import as a rule, so there is no policy to save."
says "# Remove by hand"
says "etc/modprobe.d/vfio.conf:1: softdep nouveau pre: vfio-pci"
says_not "Save it"

t "vfio-pci.ids= in etc/default/grub: the card without the console"
file etc/default/grub '# vfio-pci.ids=1111:2222\nGRUB_TIMEOUT=1\nGRUB_CMDLINE_LINUX_DEFAULT="quiet vfio-pci.ids=10de:13c2,10de:fbb splash"\n'
unchanged "$root" kit import
exits 0
says "0000:01:00.0"
says "the console: it stays with the host"
says "etc/default/grub:3: vfio-pci.ids=10de:13c2,10de:fbb"
says "update-grub"
says_not 1111:2222
saved 0000:02:00.0 0000:02:00.1

t "vfio-pci.ids= in etc/default/grub, without quotes"
for line in GRUB_CMDLINE_LINUX= GRUB_CMDLINE_LINUX_DEFAULT+= "export GRUB_CMDLINE_LINUX="; do
	file etc/default/grub "${line}vfio-pci.ids=10de:13c2\n"
	kit import
	exits 0
	says "etc/default/grub:1: vfio-pci.ids=10de:13c2"
	saved 0000:02:00.0
done
file etc/default/grub 'GRUB_CMDLINE_LINUX=modprobe.blacklist=nouveau\n'
kit import
says "etc/default/grub:1: modprobe.blacklist=nouveau"

t "vfio-pci.ids= of the running kernel alone"
sed -i 's/$/ vfio_pci.ids=10de:13c2 -- modprobe.blacklist=nouveau,nvidia/' "$root/proc/cmdline"
kit import
exits 0
says "proc/cmdline:1: vfio_pci.ids=10de:13c2"
says "modprobe.blacklist=nouveau,nvidia"
saved 0000:02:00.0

for place in etc/default/grub.d/50-vfio.cfg etc/kernel/cmdline etc/kernel/cmdline.d/vfio.conf etc/cmdline.d/vfio.conf \
	boot/loader/entries/arch.conf boot/efi/loader/entries/arch.conf efi/loader/entries/arch.conf boot/refind_linux.conf \
	boot/syslinux/syslinux.cfg; do
	t "vfio-pci.ids= in $place"
	file "$place" 'options root=/dev/sda1 vfio-pci.ids="10de:13c2,10de:0fbb" quiet\n'
	kit import
	exits 0
	says "$place:1: vfio-pci.ids=10de:13c2,10de:0fbb"
	saved 0000:02:00.0 0000:02:00.1
done

t "modprobe.d: ids on a continued line, softdep, install, blacklist"
file etc/modprobe.d/vfio.conf 'softdep nouveau pre: vfio-pci\noptions vfio-pci disable_vga=1 \\\n  ids=10de:13c2,10de:0fbb\ninstall vfio-pci /usr/local/bin/override.sh\nblacklist nouveau\nblacklist pcspkr\nsoftdep a pre: b\n'
kit import --json
exits 0
is sources "$(query '[.sources[] | "\(.kind) \(.where)"] | join(",")')" \
	"softdep etc/modprobe.d/vfio.conf:1,ids etc/modprobe.d/vfio.conf:2,install etc/modprobe.d/vfio.conf:4,blacklist etc/modprobe.d/vfio.conf:5"
query .policy >"$work/text"
kit import
is "the two forms" "$(cat "$work/out")" "$(cat "$work/text")"
rm "$root/etc/modprobe.d/vfio.conf"
saved 0000:02:00.0 0000:02:00.1

t "a mechanism of the distribution"
file usr/lib/modprobe.d/vfio.conf 'options vfio_pci ids=10de:13c2\n'
ln -s usr/lib "$root/lib" 2>/dev/null
kit import
is "how often" "$(grep -c 'options vfio_pci' "$work/out")" 1
rm "$root/usr/lib/modprobe.d/vfio.conf"
saved 0000:02:00.0

t "subsystem and class of an id"
file etc/kernel/cmdline 'vfio-pci.ids=10de:13c2:1043:8508,10de:ffffffff:ffffffff:ffffffff:040300:ffffff\n'
kit import
exits 0
says "id = 10de:13c2:1043:8508"
says "class = 040300"
saved 0000:02:00.0 0000:02:00.1

t "storage and network by id: with the words that they need"
file etc/kernel/cmdline 'vfio-pci.ids=144d:a808,8086:10d3\n'
kit import
exits 0
says "allow = storage"
says "allow = network"
saved 0000:00:03.0 0000:00:04.0

t "driverctl: vfio-pci, and what is not for a guest"
file etc/driverctl.d/pci-0000:02:00.1 'vfio-pci\n'
file etc/driverctl.d/pci-0000:00:04.0 'uio_pci_generic\n'
file etc/driverctl.d/pci-nonsense 'vfio-pci\n'
file etc/driverctl.d/vmbus-1234 'uio_hv_generic\n'
kit import
exits 1
says "its driver 'uio_pci_generic' is none of vfio's"
says "'nonsense' is no PCI address"
says_not vmbus
saved 0000:02:00.1

t "Unraid: addresses, with and without id"
file boot/config/vfio-pci.cfg 'BIND=02:00.0|10de:13c2 0000:00:03.0\n'
kit import
exits 0
says "group = whole"
saved 0000:00:03.0 0000:02:00.0 0000:02:00.1

t "Unraid: another card is in the slot, an absent one, words of no sense"
file boot/config/vfio-pci.cfg '#BIND=00:03.0\nBIND="02:00.0|10de:0001 09:00.0 junk 00:03.0|junk"\n'
kit import
exits 1
says "no 10de:0001 is at 0000:02:00.0"
says "no device is at 0000:09:00.0"
says "'junk' is no PCI address"
says "'junk' is no vendor:device"
saved

t "ids that are none"
file etc/kernel/cmdline 'vfio-pci.ids=10de,10de:,xyzw:1234,10de:12345,1:2:3:4:5:6:7,10de:13c2:ffffffff:ffffffff:030000:00ff00,dead:beef\n'
kit import --json
exits 1
is rules "$(query .rules)" 0
is "left out" "$(query '.errors | length')" 7
says "no device here is a dead:beef"
says "has no equal in a policy"

t "the same card in three places is one rule"
file etc/kernel/cmdline 'vfio-pci.ids=10de:13c2\n'
file etc/modprobe.d/a.conf 'options vfio-pci ids=10de:13c2\n'
file etc/modprobe.d/b.conf 'options vfio-pci ids=10de:13c2,10de:0fbb\n'
kit import
exits 0
is ids "$(grep -c '^id = ' "$work/out")" 2

t "no devices to be seen: the lists as they are"
file etc/kernel/cmdline 'vfio-pci.ids=10de:13c2,dead:beef\n'
file etc/driverctl.d/pci-0000:02:00.1 'vfio-pci\n'
rm -rf "$root/sys"
kit import
exits 0
says "id = dead:beef"
says "address = 0000:02:00.1"

t "files of junk, a directory, a FIFO"
head -c 50000 /dev/urandom >"$work/junk"
mkdir -p "$root/etc/default" "$root/etc/modprobe.d/d.conf" "$root/etc/driverctl.d" "$root/etc/kernel" "$root/boot/config"
cp "$work/junk" "$root/etc/default/grub"
cp "$work/junk" "$root/etc/modprobe.d/junk.conf"
cp "$work/junk" "$root/etc/driverctl.d/pci-0000:02:00.0"
cp "$work/junk" "$root/boot/config/vfio-pci.cfg"
mkfifo "$root/etc/kernel/cmdline"
kit import --json
timeout 10 jq -e .policy "$work/out" >/dev/null || fail "no JSON"
