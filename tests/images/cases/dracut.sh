# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# dracut with systemd: modules-load.d and rd.driver.pre= both want the GPU's driver early
suites() { echo bookworm trixie sid; }
checked() { echo bookworm sid; }
prepare() { early_modules_load; }
generate() { dracut_image "$@" --no-hostonly; }
cmdline() { echo rd.driver.pre=bochs; }
guest() { twin_cards; run_once; }
