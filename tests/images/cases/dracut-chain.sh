# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# rdinit= in front of dracut with systemd: its report is in /run, and the unit finds nothing to do
suites() { echo bookworm trixie sid; }
checked() { echo bookworm; }
image_of() { echo dracut; }
cmdline() { echo rd.driver.pre=bochs rdinit=/usr/sbin/vfio-bind; }
guest() { twin_cards; run_twice; }
