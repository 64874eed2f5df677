/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every path that our programs know, relative to the root directory (--root). They go to openat() and
 * friends with the root's descriptor: a leading slash would escape from it.
 */
#ifndef VFIOKIT_PATHS_H
#define VFIOKIT_PATHS_H

#define PATH_POLICY_DIRECTORY "etc/vfiokit"
#define NAME_POLICY "bind.conf"
#define NAME_POLICY_DROPINS "bind.conf.d"
#define NAME_RECORD "bind.record"
#define PATH_RECORD PATH_POLICY_DIRECTORY "/" NAME_RECORD
#define PATH_BINDER "usr/sbin/vfio-bind"
#define PATH_INITRD_RELEASE "etc/initrd-release"

/*
 * What `vfiokit image --output` writes: a second initramfs in front of or behind any other. /root is the one directory
 * that the kernel's own first rootfs holds and no image replaces by a link (usr/default_cpio_list), so no entry above
 * this one is needed. The user's own /root never has this name.
 */
#define PATH_ADDON "root/.vfiokit-addon"

#define PATH_BOOSTER_CONFIG "etc/booster.yaml"
#define PATH_BOOT "boot"
#define PATH_ESP "efi"
/* In booster's images: one directory, and neither a release nor an index. */
#define PATH_FLAT_MODULES "usr/lib/modules"

#define PATH_RUN "run/vfiokit"
/* devtmpfs is one instance: what PID 1 leaves here outlives every later mount of /dev and /run. */
#define PATH_RUN_PID1 "dev/.vfiokit"
#define NAME_REPORT "bind.json"
#define NAME_JOURNAL "journal"
#define NAME_LOCK "lock"

/* udev's list of the devices that udev-rules/ has tagged: it lasts until the device is removed. */
#define PATH_LATE "run/udev/tags/vfiokit-late"
#define PATH_HOOKS_CONF PATH_POLICY_DIRECTORY "/hooks.conf"
#define PATH_CLAIMS PATH_RUN "/claims"
#define PATH_HOOKS_LOCK PATH_RUN "/hooks.lock"
#define PATH_RUN_LOCK PATH_RUN "/run.lock"
/* Locked while vfio-hookd lives, with one of these words in it. */
#define PATH_HOOKD PATH_RUN "/hookd"
#define HOOKD_CONNECTED "connected\n"
#define HOOKD_WAITING "waiting\n"
/* Empty; as old as the last call of libvirt. */
#define PATH_CALLED PATH_RUN "/called"
#define PATH_CPUS PATH_RUN "/cpus"
#define PATH_SETTINGS PATH_RUN "/settings"
#define PATH_IRQS PATH_RUN "/irqs"
#define PATH_PAGES PATH_RUN "/hugepages"
/* Locked while a process of ours may still change their number. */
#define PATH_PAGES_LOCK PATH_RUN "/hugepages.lock"
#define PATH_SHM PATH_RUN "/shm"
#define PATH_REFUSED PATH_RUN "/refused"
#define PATH_GUARDS PATH_RUN "/guards"
#define PATH_HELD PATH_RUN "/held"
/* libvirt's pid files: NAME.pid, for libvirtd and virtqemud alike. */
#define PATH_LIBVIRT_RUN "run/libvirt/qemu"

#define PATH_LIBVIRT_HOOKS "etc/libvirt/hooks/qemu.d"
#define PATH_LIBVIRT_HOOK "etc/libvirt/hooks/qemu"
/* irqbalance's: irqbalancePID.sock. */
#define PATH_IRQBALANCE "run/irqbalance"
#define PATH_SELINUX_ENFORCE "sys/fs/selinux/enforce"
#define PATH_HOOK "usr/sbin/vfio-hook"

/* Where other mechanisms are configured: read by vfiokit, never written. */
#define PATH_DRIVERCTL "etc/driverctl.d"
#define PATH_UNRAID "boot/config/vfio-pci.cfg"

#define PATH_CGROUP "sys/fs/cgroup"
#define PATH_PROC "proc"
#define PATH_MOUNTINFO "proc/self/mountinfo"
#define PATH_MOUNTINFO_INIT "proc/1/mountinfo"
#define PATH_SWAPS "proc/swaps"
#define PATH_CRYPTTAB "etc/crypttab"
#define PATH_CPU "sys/devices/system/cpu"
#define PATH_IRQ "proc/irq"
#define PATH_IRQ_DEFAULT PATH_IRQ "/default_smp_affinity"
#define PATH_IRQ_ACTIONS "sys/kernel/irq"
#define PATH_CPUFREQ PATH_CPU "/cpufreq"
#define PATH_WORKQUEUE_CPUS "sys/devices/virtual/workqueue/cpumask"
#define PATH_WORKQUEUE_REQUESTED PATH_WORKQUEUE_CPUS "_requested"
#define PATH_WORKQUEUE_ISOLATED PATH_WORKQUEUE_CPUS "_isolated"
#define PATH_NODES "sys/devices/system/node"
#define PATH_HUGEPAGES "sys/kernel/mm/hugepages"
#define PATH_MEMINFO "proc/meminfo"
#define PATH_DROP_CACHES "proc/sys/vm/drop_caches"
#define PATH_COMPACT "proc/sys/vm/compact_memory"
#define PATH_SHARED_MEMORY "dev/shm"
#define PATH_PASSWD "etc/passwd"
#define PATH_USR_PASSWD "usr/lib/passwd"
#define PATH_GROUP "etc/group"
#define PATH_USR_GROUP "usr/lib/group"
#define PATH_BLOCK_BY_NUMBER "sys/dev/block"
#define PATH_USB_DEVICES "sys/bus/usb/devices"
#define PATH_USB_PROBE "sys/bus/usb/drivers_probe"
#define PATH_MDEV_DEVICES "sys/bus/mdev/devices"
#define PATH_SCSI_DEVICES "sys/bus/scsi/devices"

#define PATH_HIDRAW "sys/class/hidraw"
#define PATH_BLUETOOTH "sys/class/bluetooth"
#define PATH_USB_STATE PATH_RUN "/usb.json"
#define PATH_USB_SOCKET PATH_RUN "/usb.sock"
#define PATH_EFI "sys/firmware/efi"
#define PATH_EFIVARS PATH_EFI "/efivars"
/* logind's: one file for each session. */
#define PATH_SESSIONS "run/systemd/sessions"
#define PATH_BOOT_ID "proc/sys/kernel/random/boot_id"

#define PATH_CMDLINE "proc/cmdline"
/* Linux with CONFIG_IKCONFIG_PROC, perhaps as a module (configs). */
#define PATH_CONFIG "proc/config.gz"
#define PATH_MOUNTS "proc/self/mounts"
#define PATH_IOMEM "proc/iomem"
#define PATH_RELEASE "proc/sys/kernel/osrelease"
/* How nodes are called in the tables of mounts and swap, and in proc/PID/fd: text to compare, no path to open. */
#define DEV_PREFIX "/dev/"
#define FDS_PREFIX "/proc/self/fd/"

#define PATH_KMSG "dev/kmsg"
#define PATH_NULL "dev/null"

#define PATH_DEVICES "sys/bus/pci/devices"
#define PATH_DRIVERS "sys/bus/pci/drivers"
#define PATH_PLATFORM_DRIVERS "sys/bus/platform/drivers"
#define PATH_PROBE "sys/bus/pci/drivers_probe"
#define PATH_GROUPS "sys/kernel/iommu_groups"
#define PATH_BLOCK "sys/class/block"
#define PATH_NET "sys/class/net"
#define PATH_VFIO_CLASS "sys/class/vfio"
#define PATH_CONSOLES "sys/class/vtconsole"
#define PATH_FRAMEBUFFERS "sys/class/graphics"
#define PATH_NVIDIA "proc/driver/nvidia/gpus"
#define PATH_INFINIBAND "sys/class/infiniband"
#define PATH_INPUT "sys/class/input"
#define PATH_NVME_SUBSYSTEM "sys/class/nvme-subsystem"
#define PATH_BTRFS "sys/fs/btrfs"
#define PATH_EXT4 "sys/fs/ext4"
#define PATH_XFS "sys/fs/xfs"
#define PATH_F2FS "sys/fs/f2fs"
#define PATH_JBD2 "proc/fs/jbd2"
#define PATH_ZFS_POOLS "proc/spl/kstat/zfs"
#define PATH_ROUTES "proc/net/route"
#define PATH_ROUTES6 "proc/net/ipv6_route"
/* udev's database: what its builtin blkid found on each block device. */
#define PATH_UDEV_DATA "run/udev/data"
#define PATH_MODULES "sys/module"
#define PATH_SCREEN_INFO "sys/kernel/boot_params/data"
#define PATH_DISABLE_DENYLIST "sys/module/vfio_pci/parameters/disable_denylist"

#endif
