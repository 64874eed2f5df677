# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
# the real mkinitcpio, busybox init: the early hook

# Not in the virtual machine, which only wants guest().
# shellcheck source-path=SCRIPTDIR source=../mkinitcpio.sh
[ -z "${top:-}" ] || . "$top/bench/slots/mkinitcpio.sh"

image() { bench_image "$@" '(base udev modconf block filesystems bench)'; }

guest() { driver 02:00.0 vfio-pci; }
