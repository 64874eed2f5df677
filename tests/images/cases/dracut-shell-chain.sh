# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# rdinit= in front of dracut without systemd
suites() { echo bookworm trixie sid; }
image_of() { echo dracut-shell; }
cmdline() { echo rd.driver.pre=bochs rdinit=/usr/sbin/vfio-bind; }
guest() { twin_cards; run_twice; }
