# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Functions: the life of the Debian package on a system with initramfs-tools, from before it is installed until it is purged.
# run.sh calls them in a root directory, tests/system/cases/package.sh in a virtual machine with systemd and libvirt. $debs has
# first.deb and second.deb; the functions of tests/system/guest/lib.sh are there.

debs=${debs:-/guest}
kernel=$(basename /lib/modules/*)
initrd=/boot/initrd.img-$kernel
policy=/etc/vfiokit/bind.conf
link=/etc/libvirt/hooks/qemu.d/50-vfiokit

# A small image: what matters here is whether it has ours. Made once before, as it would be there.
life_begins()
{
	printf 'MODULES=list\nCOMPRESS=zstd\nCOMPRESSLEVEL=1\n' >/etc/initramfs-tools/conf.d/lifecycle
	check "there is an image" update-initramfs -c -k "$kernel"
	files_now >/tmp/before
}

# Every file of the system and, of those in /etc, its content. Not the package manager's own notes, and the image.
files_now()
{
	{
		find / -xdev \( -path /proc -o -path /sys -o -path /dev -o -path /run -o -path /tmp -o -path /guest -o -path /var/log \
			-o -path /var/cache -o -path /var/lib/dpkg -o -path /var/tmp -o -path /boot -o -path /var/lib/libvirt \) -prune \
			-o -printf '%p %y %l\n'
		find /boot /var/lib/dpkg/info /var/lib/dpkg/triggers /run /dev -name '*vfiokit*' -o -name '*vfio-*'
		find /etc -type f ! -path '/etc/libvirt/*' -exec cksum {} +
		grep -h vfio /var/lib/dpkg/status
	} | grep -v '/var/lib/systemd/\(timers\|catalog\|random-seed\|timesync\|linger\|rfkill\|backlight\)' | sort
}

# in_image FILE: its content, if the image has it. image_has NAME.
in_image()
{
	rm -rf /tmp/image
	unmkinitramfs "$initrd" /tmp/image
	cat /tmp/image/"$1" 2>/dev/null || cat /tmp/image/*/"$1"
}
image_lists() { lsinitramfs "$initrd" >/tmp/list; }
image_has() { grep -q -- "$1" /tmp/list; }
has_policy() { in_image etc/vfiokit/bind.conf | cmp - "$1"; }

# package_does WHAT COMMAND...: a change, and what must hold after each.
package_does()
{
	local text=$1

	shift
	touch -d '1 minute ago' /tmp/mark
	touch -r /tmp/mark "$initrd"
	check "$text" timeout 900 "$@"
	cp /tmp/out /tmp/said
	is "packages that are not as they should be, $text" "$(dpkg --audit)" ""
	check "the image was made again: $text" [ "$initrd" -nt /tmp/mark ]
	image_lists
}

is_ours()
{
	check "vfio-bind is in the image: $1" image_has '^usr/sbin/vfio-bind$'
	check "its script is: $1" image_has '^scripts/init-top/00-vfiokit$'
	check "vfio-pci is: $1" image_has '/vfio-pci\.ko'
	check "the policy is, as it stands: $1" has_policy $policy
}

life_install()
{
	package_does "it is installed" dpkg -i "$debs/first.deb"
	check "the build says what the next boot will do" grep -q 'the next boot (kernel .*) will' /tmp/said
	is_ours "installed"
	is "libvirt's link" "$(readlink $link)" /usr/sbin/vfio-hook
	is "the safety net" "$(systemctl is-enabled vfiokit-bind.service)" enabled
	is "vfio-usbd" "$(systemctl is-enabled vfio-usbd.service)" disabled
	is "vfio-hookd" "$(systemctl is-enabled vfio-hookd.service)" disabled
}

# Its user writes a policy, a drop-in and wants no hook; the new version brings other examples.
life_upgrade()
{
	printf '[device mine]\nid = 1234:11e8\noptional = yes\n' >$policy
	printf '[device more]\nid = 1b36:000d\noptional = yes\n' >$policy.d/more.conf
	cp $policy /tmp/mine
	rm $link
	package_does "it is upgraded" dpkg --force-confdef -i "$debs/second.deb"
	is "the version" "$(dpkg-query -W -f '${Version}' vfiokit)" 9.9
	check "the user's policy is what it was" cmp $policy /tmp/mine
	check "so is the drop-in" grep -q 1b36 $policy.d/more.conf
	check "the package's own is beside it" grep -q "of the second version" $policy.dpkg-dist
	check "an example that nobody has touched is new" grep -q "of the second version" /etc/vfiokit/udev.conf
	is_ours "upgraded"
	check_not "a hook that was removed stays away" [ -L $link ]
}

life_remove()
{
	package_does "it is removed" dpkg -r vfiokit
	check_not "vfio-bind is not in the image: removed" image_has vfio
	check "the user's policy is there still" cmp $policy /tmp/mine
	check_not "the program is gone" [ -e /usr/sbin/vfio-bind ]
}

life_again()
{
	package_does "it is installed again" dpkg --force-confdef -i "$debs/second.deb"
	is_ours "again"
	check "with the user's policy" cmp $policy /tmp/mine
	is "libvirt's link is back" "$(readlink $link)" /usr/sbin/vfio-hook
}

life_purge()
{
	# What it leaves behind while it is used.
	mkdir -p /run/vfiokit
	echo "{}" >/run/vfiokit/bind.json
	echo "# a record" >/etc/vfiokit/bind.record
	package_does "it is purged" dpkg -P vfiokit
	check_not "vfio-bind is not in the image: purged" image_has vfio
	files_now >/tmp/after
	is "files that were not there before, or have changed" "$(diff /tmp/before /tmp/after)" ""
}
