# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# dracut with systemd, for this machine only: where no vfio module is loaded
checked() { echo trixie; }
prepare() { early_modules_load; }
generate() { dracut_image "$@" --hostonly; }
cmdline() { echo rd.driver.pre=bochs; }
guest() { twin_cards; run_once; }
