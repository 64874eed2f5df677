# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash disable=SC2154
# every call of bind, release, apply and boot that changes something fails once: no device without a driver, no lie in the report
kernels() { echo 6.12; } # what is tested is ours, not the kernel's

machine() {
	twin_gpus
	port rp3 4
	nic rp3
}

policy() {
	printf '[device nic]\naddress = 03:00.0\nallow = network\n'
}

seconds() { echo 900; }

image() {
	image_dynamic "$top/build/vfiokit"
	image_dynamic "$(command -v strace)"
}

# holds DRIVER
holds() {
	[ "$(link 03:00.0 driver)" = "$1" ]
}

# back: as it was before, by hand.
back() {
	local driver

	driver=$(link 03:00.0 driver)
	echo >"$(dev 03:00.0)/driver_override"
	[ "$driver" = none ] || [ "$driver" = "$1" ] || echo 0000:03:00.0 >"$(dev 03:00.0)/driver/unbind"
	[ "$1" = e1000e ] || echo "$1" >"$(dev 03:00.0)/driver_override"
	holds "$1" || echo 0000:03:00.0 >"/sys/bus/pci/drivers/$1/bind"
	rm -rf /run/vfiokit
	holds "$1"
}

# words COMMAND: as it is called. answer COMMAND: where it says what it did.
words() {
	case $1 in
	boot) echo vfio-bind boot ;;
	apply) echo vfio-bind apply --device 03:00.0 ;;
	*) echo vfiokit "$1" 03:00.0 --json ;;
	esac
}
answer() {
	case $1 in
	boot | apply) echo /run/vfiokit/bind.json ;;
	*) echo /tmp/answer ;;
	esac
}

# inject COMMAND CALL [OPTION...]: the COMMAND is run again and again, and each time another CALL fails, until none is left
# to fail. OPTION: of strace, which calls count.
inject() {
	local command=$1 call=$2 from=e1000e n=0 now after lies='' hit=1

	shift 2
	[ "$command" != release ] || from=vfio-pci
	report=$(answer "$command")
	while [ $hit = 1 ] && [ $n -lt 60 ]; do
		n=$((n + 1))
		back $from || lies="$lies $n:cannot-go-back"
		: >/tmp/answer
		# shellcheck disable=SC2046
		chroot /outside strace -f -qq -o /tmp/trace "$@" -e "trace=$call" -e "inject=$call:error=EIO:when=$n" \
			$(words "$command") >/tmp/answer 2>/tmp/error
		hit=0
		! grep -q INJECTED /outside/tmp/trace || hit=1
		now=$(link 03:00.0 driver)
		[ "$now" != none ] || lies="$lies $n:driverless"
		[ -s "$report" ] || continue
		after=$(field 03:00.0 driver_after)
		[ "${after%null}" = "${now%none}" ] || lies="$lies $n:says-$after-has-$now"
		case $(field 03:00.0 verdict):$now in
		bind:vfio-pci | bound:vfio-pci | release:e1000e | fail:* | refuse:* | skip:*) ;;
		*) lies="$lies $n:$(field 03:00.0 verdict)-but-$now" ;;
		esac
	done
	is "$command, each $call of $((n - 1)) failing once" "${lies:-fine}" fine
	check "some $call failed" [ $n -gt 1 ]
	check "there were not more" [ $hit = 0 ]
}

guest() {
	local command sys=sys/bus/pci # as it is opened, below the root

	coldplug
	outside vfiokit list >/dev/null
	mkdir -p /outside/tmp
	modprobe -a vfio-pci vfio_iommu_type1
	driver 03:00.0 e1000e
	for command in bind release apply boot; do
		[ $command != boot ] || : >/outside/etc/initrd-release
		inject $command write
		inject $command openat -P $sys/devices/0000:03:00.0/driver_override -P $sys/drivers_probe \
			-P $sys/drivers/e1000e/unbind -P $sys/drivers/e1000e/bind \
			-P $sys/drivers/vfio-pci/unbind -P $sys/drivers/vfio-pci/bind
		inject $command clone,fork,vfork,clone3
	done
}
