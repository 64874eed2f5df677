# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
# dracut without systemd: the cmdline hook

# Not in the virtual machine, which only wants guest().
# shellcheck source-path=SCRIPTDIR source=slot.sh
[ -z "${top:-}" ] || . "$top/bench/slots/slot.sh"

prepare() { bench_program; }
generate() { dracut_shell_image "$@" --no-hostonly --include /bench /bench --install "rmmod mv readlink"; }

guest() { driver 02:00.0 vfio-pci; }
