# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
# automatic disarm over real reboots: two dark boots, stood down, armed, shut down, proven, changed
machine() {
	uefi_that_lasts
	twin_gpus
}

# The kernel's part in it is the same in all; here efivarfs is a compressed module.
kernels() {
	echo 6.12
}

steps() {
	echo 7
}

seconds() {
	echo 120
}

cmdline() {
	# shellcheck disable=SC2154 # step is cell_run's
	if [ "$step" = 2 ]; then echo vfiokit=off; fi
}

policy() {
	cat <<-EOT
		[device guest-gpu]
		id = 1234:1111
	EOT
}

image() {
	image_copy_modules "$1" "$PWD" efivarfs
	image_depmod "$1" "$PWD"
	image_copy_program "$top/build/vfiokit"
}

efivars=/sys/firmware/efi/efivars
variable=$efivars/VfiokitProbation-7d6a3f1e-2c84-4b0e-9b57-5a1d0c6e8f42

# state: what the variable holds: state and attempts. Nothing can seek in it.
state() {
	[ -e $variable ] || { echo none; return; }
	tail -c +29 $variable | od -An -N 2 -t u1 |
		awk '{ split("x tried returned proven down", names, " "); print names[$1], $2 }'
}

holds() {
	is "the variable holds" "$(state)" "$1"
}

vars() {
	grep -q efivarfs /proc/mounts || mount -t efivarfs efivarfs $efivars
}

# What the machine would be like at a boot, but for what it remembers.
forget() {
	echo 0000:02:00.0 >/sys/bus/pci/drivers/vfio-pci/unbind
	echo >"$(dev 02:00.0)/driver_override"
	rm -rf /run/vfiokit
}

put() {
	chattr -i $variable 2>/dev/null
	# shellcheck disable=SC2059 # escapes
	printf "\007\000\000\000$1" >$variable
}

# bound: this boot has taken the card, and left no mount behind.
bound() {
	verdict 02:00.0 bind
	driver 02:00.0 vfio-pci
	check_not "efivarfs is not left mounted" grep -q efivarfs /proc/mounts
	vars
}

step1() {
	boot
	bound
	holds "tried 1"
	is "probation" "$(value .probation)" tried
	forget
	boot
	holds "tried 1"
	vfiokit status >/tmp/status
	check "status counts" grep -q 'on probation: 1 of 2 boots' /tmp/status
}

step2() {
	boot
	result off
	verdict 02:00.0 "skip cmdline"
	vfio-bind apply
	is "exit code of apply" $? 0
	vars
	holds "tried 1"
	driver 02:00.0 none
	# Nobody was tried at this boot: nothing is marked and nothing taken back.
	vfiokit boot-ok 0 2>/tmp/ok
	is "exit code of boot-ok" $? 0
	check "it says so" grep -q 'not on probation' /tmp/ok
	holds "tried 1"
}

step3() {
	boot
	bound
	holds "tried 2"
}

step4() {
	boot
	result off
	verdict 02:00.0 "skip disarmed"
	driver 02:00.0 none
	vfio-bind apply >/tmp/apply
	is "exit code of apply without efivarfs" $? 0
	driver 02:00.0 none
	check "the log says what to type" logged "vfiokit arm"
	vars
	holds "down 2"
	cp $variable /tmp/before
	vfio-bind apply >/tmp/apply
	is "exit code of apply" $? 0
	vfio-bind apply --device 02:00.0 >/tmp/apply
	vfio-bind plan --udev --device 02:00.0 >/tmp/udev
	is "what udev is told" "$(cat /tmp/udev)" ""
	driver 02:00.0 none
	echo "# changed" >>/etc/vfiokit/bind.conf
	boot
	driver 02:00.0 none
	check "a later boot writes nothing" cmp $variable /tmp/before
	vfiokit status >/tmp/status
	check "status says what to type" grep -q "vfiokit arm" /tmp/status
	vfiokit arm
	is "exit code of arm" $? 0
	holds none
	vfiokit arm >/tmp/arm
	check "once is enough" grep -q 'already' /tmp/arm
}

step5() {
	boot
	bound
	holds "tried 1"
	vfiokit boot-ok 600 2>/tmp/ok &
	sleep 2
	kill $!
	wait $!
	is "exit code of boot-ok when it is stopped" $? 0
	holds "returned 0"
}

step6() {
	boot
	bound
	holds "tried 1"
	vfiokit boot-ok 1
	is "exit code of boot-ok" $? 0
	holds "proven 0"
}

garbage() {
	put "$1"
	forget
	boot
	driver 02:00.0 vfio-pci
	check "$2 is told" logged "holds $3 bytes that are not understood"
	holds "tried 1"
	dmesg -c >/dev/null
}

step7() {
	boot
	bound
	is "probation" "$(value .probation)" proven
	holds "proven 0"
	forget
	counted vfio-bind boot
	check "it was bound anew" [ "$writes" -gt 0 ]
	holds "proven 0"
	forget
	echo "# changed" >>/etc/vfiokit/bind.conf
	boot
	holds "tried 1"
	garbage x "garbage" 1
	garbage "vfiokit\002$(printf '%024d' 0)" "another version" 32
	garbage "$(printf '%0200d' 0)" "what is too long" 200
	# One that cannot be written stops nothing. It is the kernel's own protection that is not lifted.
	umount $efivars
	mount -t efivarfs -o ro efivarfs $efivars
	forget
	echo "# changed again" >>/etc/vfiokit/bind.conf
	boot
	driver 02:00.0 vfio-pci
	check "it is told" logged "cannot write the EFI variable"
}

guest() {
	local step

	step=$(sed 's/.*vm.step=//; s/ .*//' /proc/cmdline)
	say "boot number $step"
	"step$step"
}
