# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# initramfs-tools: /conf/modules and udev's coldplug both want the GPU's driver early
checked() { echo bookworm trixie; }
prepare() { early_conf_modules; }
generate() { initramfs_tools_image "$@"; }
guest() { twin_cards; run_once; }
