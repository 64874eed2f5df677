# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154
# driver = auto: modules with the aliases of Linux 6.12's variant drivers, indexed by depmod. Debian builds none of them.

# module NAME ALIAS...: a file that depmod reads as that module's.
module()
{
	local name=$1 alias n=0

	shift
	for alias; do
		n=$((n + 1))
		echo "static const char a$n[] __attribute__((section(\".modinfo\"), used)) = \"alias=$alias\";"
	done | cc -x c -c -o "$modules/kernel/$name.ko" -
}

variants()
{
	modules=$root/lib/modules/6.1.0-test
	mkdir -p "$modules/kernel"
	module vfio-pci 'vfio_pci:v*d*sv*sd*bc*sc*i*'
	module mlx5-vfio-pci 'vfio_pci:v000015B3d0000101Esv*sd*bc*sc*i*'
	module virtio-vfio-pci 'vfio_pci:v00001AF4d00001041sv*sd*bc*sc*i*'
	module nvgrace-gpu-vfio-pci 'vfio_pci:v000010DEd00002342sv*sd*bc*sc*i*' 'vfio_pci:v000010DEd00002345sv*sd*bc*sc*i*'
	# Out of the tree: any device of a vendor.
	module nvidia-vgpu-vfio 'vfio_pci:v000010DEd*sv*sd*bc*sc*i*'
	depmod -b "$root" 6.1.0-test 2>/dev/null
	cat >"$work/more" <<-'EOT'
		PCI: 00:05.0 030200 10de:2342 10de:16eb - 20
		PCI: 00:05.1 030200 10de:20b5 10de:1533 - 21
		PCI: 00:05.2 020000 15b3:101e 15b3:0020 - 22
		PCI: 00:05.3 020000 15b3:101d 15b3:0020 - 23
		PCI: 00:05.4 020000 1af4:1041 1af4:1100 - 24
	EOT
	"$mktree" "$work/more" "$root"
	printf '[policy]\ndriver = auto\n[device a]\naddress = 00:05.0 00:05.1 00:05.2 00:05.3 00:05.4\nallow = network\n' >"$policy"
}

# gets ADDRESS DRIVER
gets()
{
	is "driver for $1" "$(query ".devices[] | select(.address == \"0000:$1\") | .driver_after" | tr -d '"')" "$2"
}

t "the alias with the fewest wildcards wins"
variants
run plan --json
exits 0
gets 00:05.0 nvgrace_gpu_vfio_pci
gets 00:05.1 nvidia_vgpu_vfio
gets 00:05.2 mlx5_vfio_pci
gets 00:05.3 vfio-pci
gets 00:05.4 virtio_vfio_pci

t "an image gets the variant drivers' modules"
variants
kit image --list
exits 0
for file in nvgrace-gpu-vfio-pci nvidia-vgpu-vfio mlx5-vfio-pci virtio-vfio-pci vfio-pci; do
	says "module ${file//-/_}"
done

t "what a variant driver holds is bound, by the driver's name or the module's"
variants
mkdir -p "$root"/sys/bus/pci/drivers/{mlx5_vfio_pci,nvidia-vgpu-vfio}
ln -s ../../../bus/pci/drivers/mlx5_vfio_pci "$root/sys/devices/pci0000:00/0000:00:05.2/driver"
ln -s ../../../bus/pci/drivers/nvidia-vgpu-vfio "$root/sys/devices/pci0000:00/0000:00:05.1/driver"
run plan --json
verdict 00:05.1 bound
verdict 00:05.2 bound
verdict 00:05.0 bind
printf '[device a]\naddress = 00:05.1\ndriver = nvidia_vgpu_vfio\n' >"$policy"
run plan --json
verdict 00:05.1 bound

t "without an index there is vfio-pci"
variants
rm "$modules"/modules.*
run plan --json
exits 0
gets 00:05.0 vfio-pci
