# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# dracut without systemd: rd.driver.pre= wants the GPU's driver early
suites() { echo bookworm trixie sid; }
checked() { echo trixie; }
generate() { dracut_shell_image "$@" --no-hostonly; }
cmdline() { echo rd.driver.pre=bochs; }
guest() { twin_cards; run_once; }
