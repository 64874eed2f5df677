# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash disable=SC2154
# every call of bind, release, apply and boot that changes something fails once: no device without a driver, no group bound by half, no lie in the report
kernels() { echo 6.12; } # what is tested is ours, not the kernel's

machine() {
	twin_gpus
	port rp3 4
	device pci-serial,bus=rp3,addr=0.0,multifunction=on
	nic rp3 0.1
}

policy() {
	printf '[device nic]\naddress = 03:00.1\ngroup = whole\non-bound = unbind\nallow = network\n'
}

seconds() { echo 1500; }

image() {
	image_dynamic "$top/build/vfiokit"
	image_dynamic "$(command -v strace)"
}

functions="03:00.0 03:00.1"

# native ADDRESS
native() {
	case $1 in
	03:00.0) echo serial ;;
	*) echo e1000e ;;
	esac
}

# before COMMAND ADDRESS: which driver it finds there. On a running system apply takes only the device that it is told of.
before() {
	case $1:$2 in
	release:* | apply:03:00.0) echo vfio-pci ;;
	*) native "$2" ;;
	esac
}

# behind COMMAND ADDRESS: which driver is to be there, when nothing fails.
behind() {
	if [ "$1" = release ]; then native "$2"; else echo vfio-pci; fi
}

# put ADDRESS DRIVER: there, by hand.
put() {
	local driver

	driver=$(link "$1" driver)
	echo >"$(dev "$1")/driver_override"
	[ "$driver" = none ] || [ "$driver" = "$2" ] || echo "0000:$1" >"$(dev "$1")/driver/unbind"
	[ "$2" != vfio-pci ] || echo vfio-pci >"$(dev "$1")/driver_override"
	[ "$(link "$1" driver)" = "$2" ] || echo "0000:$1" >"/sys/bus/pci/drivers/$2/bind"
	[ "$(link "$1" driver)" = "$2" ]
}

# back COMMAND: all as it finds it.
back() {
	local function result=0

	for function in $functions; do
		put "$function" "$(before "$1" "$function")" || result=1
	done
	rm -rf /run/vfiokit
	return $result
}

# words COMMAND: as it is called. answer COMMAND: where it says what it did.
words() {
	case $1 in
	boot) echo vfio-bind boot ;;
	apply) echo vfio-bind apply --device 03:00.1 ;;
	*) echo "vfiokit $1 $functions --json" ;;
	esac
}
answer() {
	case $1 in
	boot | apply) echo /run/vfiokit/bind.json ;;
	*) echo /tmp/answer ;;
	esac
}

# run COMMAND OPTION...: it, below strace with these.
run() {
	local command=$1

	shift
	: >/tmp/answer
	# shellcheck disable=SC2046
	chroot /outside strace -f -qq -o /tmp/trace "$@" $(words "$command") >/tmp/answer 2>/tmp/error
}

# lie COMMAND: what is wrong behind it, as words; nothing if nothing is.
lie() {
	local function now after verdict bound=''

	for function in $functions; do
		now=$(link "$function" driver)
		[ "$now" != none ] || echo "driverless:$function"
		bound="$bound $now"
		[ -s "$report" ] || continue
		after=$(field "$function" driver_after)
		[ "${after%null}" = "${now%none}" ] || echo "says-$after-has-$now"
		verdict=$(field "$function" verdict)
		case $verdict:$now in
		bind:vfio-pci | bound:vfio-pci | fail:* | refuse:* | skip:*) ;;
		release:*) [ "$now" = "$(native "$function")" ] || echo "$verdict-but-$now" ;;
		*) echo "$verdict-but-$now" ;;
		esac
	done
	case $1:$bound in
	release:* | *:" vfio-pci vfio-pci" | *:" serial e1000e" | apply:" vfio-pci e1000e") ;;
	*) echo "a-part:$(echo "${bound# }" | tr ' ' ,)" ;;
	esac
}

# inject COMMAND CALL [OPTION...]: the COMMAND is run again and again, and each time another CALL fails, until none is left
# to fail. OPTION: of strace, which calls count.
inject() {
	local command=$1 call=$2 n=0 wrong lies='' hit=1

	shift 2
	report=$(answer "$command")
	while [ $hit = 1 ] && [ $n -lt 150 ]; do
		n=$((n + 1))
		back "$command" || lies="$lies $n:cannot-go-back"
		run "$command" "$@" -e "trace=$call" -e "inject=$call:error=EIO:when=$n"
		hit=0
		! grep -q INJECTED /outside/tmp/trace || hit=1
		for wrong in $(lie "$command"); do
			lies="$lies $n:$wrong"
		done
	done
	is "$command, each $call of $((n - 1)) failing once" "${lies:-fine}" fine
	check "some $call failed" [ $n -gt 1 ]
	check "there were not more" [ $hit = 0 ]
}

# What only looks, or changes nothing but the process itself. openat has a list of files of its own.
harmless="access arch_prctl brk clock_gettime clock_nanosleep close dup dup2 dup3 epoll_create1 execve exit exit_group
	faccessat faccessat2 fadvise64 fcntl flock fstat fstatfs futex getcwd getdents64 getegid geteuid getgid getpid getppid
	getrandom getrlimit gettid getuid lseek lstat madvise mmap mprotect mremap munmap newfstatat open openat pipe pipe2
	poll ppoll pread64 prlimit64 read readlink readlinkat restart_syscall rseq rt_sigaction rt_sigprocmask rt_sigreturn
	rt_sigsuspend rt_sigtimedwait sched_getaffinity sched_yield set_robust_list set_tid_address sigaltstack signalfd4 stat
	statfs statx sysinfo timerfd_create timerfd_settime umask uname wait4 waitid"

# changing COMMAND: the other calls that it makes when nothing fails.
changing() {
	local call

	run "$1"
	sed -nE 's/^[0-9]+ +([a-z0-9_]+)\(.*/\1/p' /outside/tmp/trace | sort -u | while read -r call; do
		echo "$harmless" | grep -qw "$call" || echo "$call"
	done
}

guest() {
	local command call calls file sys=sys/bus/pci # as it is opened, below the root

	coldplug
	outside vfiokit list >/dev/null
	mkdir -p /outside/tmp
	modprobe -a vfio-pci vfio_iommu_type1 e1000e
	is "the functions share a group" "$(group 03:00.0)" "$(group 03:00.1)"
	for command in bind release apply boot; do
		[ $command != boot ] || : >/outside/etc/initrd-release
		check "all is as $command shall find it" back $command
		calls=$(changing $command | tr '\n' ' ')
		report=$(answer $command)
		is "what is wrong behind $command when nothing fails" "$(lie $command)" ""
		for file in $functions; do
			is "$command, driver of $file" "$(link "$file" driver)" "$(behind $command "$file")"
		done
		ok "$command calls $calls"
		set -- "$sys/drivers_probe"
		for file in 0000:03:00.0 0000:03:00.1; do
			set -- "$@" "$sys/devices/$file/driver_override"
		done
		for file in e1000e serial vfio-pci; do
			set -- "$@" "$sys/drivers/$file/unbind" "$sys/drivers/$file/bind"
		done
		# shellcheck disable=SC2046
		inject $command openat $(printf ' -P %s' "$@")
		for call in $calls; do
			inject $command "$call"
		done
	done
}
