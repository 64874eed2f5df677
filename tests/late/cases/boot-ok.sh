# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash disable=SC2154
# automatic disarm with systemd: vfiokit-boot-ok.service proves a policy by its time or by a login, or takes its attempt back
seconds() {
	echo 300
}

machine() {
	uefi_that_lasts
	twin_gpus
}

policy() {
	cat <<-EOT
		[device guest-gpu]
		id = 1234:1111
	EOT
}

# As the glue of an initramfs starts it, with the policy there. The service ends the probation after seconds instead of minutes.
image() {
	local drop_in=cell/etc/systemd/system/vfiokit-boot-ok.service.d

	image_copy_modules "$dir" "$PWD" efivarfs
	image_depmod "$dir" "$PWD"
	mkdir -p "$drop_in" cell/etc/systemd/system/getty@tty9.service.d etc
	printf '[Service]\nExecStart=\nExecStart=-/sbin/agetty --autologin root --noclear %%I linux\n' \
		>cell/etc/systemd/system/getty@tty9.service.d/autologin.conf
	printf '[Service]\nExecStart=\nExecStart=/usr/bin/vfiokit boot-ok 3\n' >"$drop_in/soon.conf"
	cp "$top/systemd/vfiokit-boot-ok.service" cell/usr/lib/systemd/system/
	(cd cell && image_copy_program "$top/build/vfiokit" && cp -a lib/. usr/lib/ && rm -r lib lib64)
	sed -i 's|^until |/cell/usr/sbin/vfio-bind --policy /cell/etc/vfiokit/bind.conf boot\n&|; s|^umount /proc /sys|mv /run/vfiokit /root/run/; &|' init
}

variable=/sys/firmware/efi/efivars/VfiokitProbation-7d6a3f1e-2c84-4b0e-9b57-5a1d0c6e8f42

state() {
	# Nothing can seek in it.
	# shellcheck disable=SC2002
	cat $variable | tail -c +29 | od -An -N 2 -t u1 |
		awk '{ split("x tried returned proven down", names, " "); print names[$1], $2 }'
}

holds_soon() {
	wait_for 30 eval "[ \"\$(state)\" = \"$1\" ]"
	is "the variable holds" "$(state)" "$1"
}

not_active() {
	! systemctl -q is-active vfiokit-boot-ok
}

# other_policy TEXT: tried by the binder, as at another boot; and the service has ten minutes for it.
other_policy() {
	echo "# $1" >>/etc/vfiokit/bind.conf
	echo 0000:02:00.0 >/sys/bus/pci/drivers/vfio-pci/unbind
	echo >"$(dev 02:00.0)/driver_override"
	vfio-bind boot
	is "$1 policy" "$(state)" "tried 1"
	sed -i 's/boot-ok 3/boot-ok 600/' /etc/systemd/system/vfiokit-boot-ok.service.d/soon.conf
	systemctl daemon-reload
	systemctl start vfiokit-boot-ok
}

# has_session TEXT: a line of what logind says of its sessions begins with it.
has_session() {
	loginctl list-sessions --no-legend | while read -r id _; do loginctl show-session "$id"; done | grep -q "^$1"
}

guest() {
	driver 02:00.0 vfio-pci
	wait_for 30 [ -e $variable ]
	is "what the initramfs has left" "$(state)" "tried 1"
	systemctl start vfiokit-boot-ok
	is "after its time" "$(state)" "tried 1"
	holds_soon "proven 0"
	wait_for 10 not_active
	is "its result" "$(systemctl show -P Result vfiokit-boot-ok)" success

	# A session that nobody logged in to, as cron opens it, and then a login on a console, through PAM.
	other_policy another
	systemctl start systemd-logind
	systemd-run -q --uid=root -p PAMName=login -E XDG_SESSION_CLASS=background sleep 1000
	wait_for 20 has_session Class=background
	check "a session for a service" has_session Class=background
	sleep 3
	is "that is no login" "$(state)" "tried 1"
	check_not "nobody has logged in" has_session Class=user
	systemctl start getty@tty9
	wait_for 20 has_session Class=user
	check "somebody has" has_session TTY=tty9
	holds_soon "proven 0"
	wait_for 10 not_active
	check "because of that" eval 'journalctl -b -u vfiokit-boot-ok | grep -q "somebody has logged in"'
	systemctl stop getty@tty9
	loginctl terminate-user root
	check "out again" wait_for 60 eval '! has_session Class=user'

	# Yet another policy, and a clean shutdown before the time is over.
	other_policy "yet another"
	sleep 3
	check "it waits" systemctl -q is-active vfiokit-boot-ok
	systemctl stop vfiokit-boot-ok
	holds_soon "returned 0"
}
