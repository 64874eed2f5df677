# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash disable=SC2154
# reset method, D3cold and virtual functions: set before a bind, set back by a release
machine() {
	twin_gpus
	port rp3 4
	port rp4 5
	nic rp3
	device nvme-subsys,id=subsys
	device nvme,serial=1,subsys=subsys,bus=rp4,sriov_max_vfs=2,sriov_vq_flexible=4,sriov_vi_flexible=2
}

policy() {
	cat <<-EOT
		[device nic]
		address      = 03:00.0
		allow        = network
		reset-method = bus
		d3cold       = no
		resize-bar   = 0:1G

		[device disk]
		address = 04:00.0
		vfs     = 2

		[device virtual]
		address  = 04:00.1
		allow    = storage
		optional = yes
	EOT
}

# vfiokit is a dynamic program.
image() {
	image_dynamic "$top/build/vfiokit"
}

release() { # WANT WORD...
	local want=$1

	shift
	report=/tmp/answer
	chroot /outside vfiokit release "$@" --json >$report
	is "exit code of release $*" $? "$want"
	truthful
}

# has ADDRESS ATTRIBUTE WANT
has() {
	is "$2 of $1" "$(cat "$(dev "$1")/$2")" "$3"
}

# said ADDRESS TEXT: its message has it.
said() {
	case $(field "$1" message) in
	*"$2"*) ok "of $1 it says '$2'" ;;
	*) not_ok "of $1 it says '$(field "$1" message)', not '$2'" ;;
	esac
}

guest() {
	local methods

	methods=$(cat "$(dev 03:00.0)/reset_method")
	check "there are other reset methods than bus ($methods)" [ "$methods" != bus ]
	has 03:00.0 d3cold_allowed 1
	boot
	result ok
	verdict 03:00.0 bind
	verdict 04:00.0 "skip vfs"
	said 03:00.0 "with d3cold_allowed 0, reset_method bus; warning: BAR 0 is not '1G' but missing"
	said 04:00.0 "as soon as that has it, to make 2 virtual functions"
	has 03:00.0 reset_method bus
	has 03:00.0 d3cold_allowed 0
	opens 03:00.0
	has 03:00.0 reset_method bus

	coldplug
	check "nvme drives it" wait_for 10 [ -e /sys/bus/pci/drivers/nvme/0000:04:00.0/nvme ]
	vfio-bind apply
	is "exit code of apply" $? 0
	has 04:00.0 sriov_numvfs 2
	has 04:00.0 sriov_drivers_autoprobe 0
	driver 04:00.0 nvme
	driver 04:00.1 none
	vfio-bind apply
	is "exit code of apply" $? 0
	driver 04:00.1 vfio-pci
	driver 04:00.2 none

	outside vfiokit check --json >/tmp/check
	flatten /tmp/check | grep '[.]name' >/tmp/names
	check "check says that the BAR cannot be set" grep -q prepare-missing /tmp/names
	check_not "it misses anything else" grep -q 'prepare-value\|prepare-unset\|vfs-' /tmp/names
	echo 1 >"$(dev 03:00.0)/d3cold_allowed"
	chroot /outside vfiokit check --json >/tmp/check
	flatten /tmp/check >/tmp/names
	check "check says what is not set any more" grep -q prepare-unset /tmp/names
	echo 0 >"$(dev 03:00.0)/d3cold_allowed"
	release 0 03:00.0
	verdict 03:00.0 release
	said 03:00.0 "d3cold_allowed is 1 again; reset_method is $methods again"
	has 03:00.0 reset_method "$methods"
	has 03:00.0 d3cold_allowed 1
	driver 03:00.0 e1000e
	release 1 04:00.0
	verdict 04:00.0 "refuse vfs"
	said 04:00.0 "its virtual function 0000:04:00.1 is still with vfio-pci"
	release 0 --all
	verdict 04:00.1 release
	said 04:00.1 "sriov_drivers_autoprobe keeps its own driver away"
	verdict 04:00.0 "release vfs"
	has 04:00.0 sriov_numvfs 0
	has 04:00.0 sriov_drivers_autoprobe 1
	driver 04:00.0 nvme
}
