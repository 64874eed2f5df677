# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# rdinit= in front of initramfs-tools
checked() { echo trixie; }
image_of() { echo initramfs-tools; }
cmdline() { echo rdinit=/usr/sbin/vfio-bind; }
guest() { twin_cards; run_twice; }
