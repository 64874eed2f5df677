# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# dracut without systemd, for this machine only
generate() { dracut_shell_image "$@" --hostonly; }
cmdline() { echo rd.driver.pre=bochs; }
guest() { twin_cards; run_once; }
